"""Customers as they were known at a moment, and what they did in the window after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from segcore.errors import DataError
from segcore.features.builders import build_features
from segcore.features.grouping import DAY, as_iso, days
from segcore.features.transactions.calendar_names import MONTHS, PERIODS, WEEKDAYS
from segcore.records.data_rules import ColumnRules
from segcore.records.dataset import Dataset, is_cancelled
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.wording.findings import refusal
from segcore.wording.quotes import value_text

MICROSECOND = np.timedelta64(1, "us")
_MOST_CATEGORIES = 30
_AGAIN = ("log_spend", "rfm_recency", "rfm_frequency", "rfm_monetary", "rfm_score")
# Lines by month, of periods that begin in different months; and what says again what another feature says.
_LEFT_OUT = frozenset(name for names in (WEEKDAYS, MONTHS, PERIODS, [f"share_{month}" for month in MONTHS], _AGAIN) for name in names)
OWN = ("promoted_orders", "promoted_days_ago", "promoted_spend_share")


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Customers at a moment.

    Parameters
    ----------
    customers : ndarray of shape (n_customers,), object
        Ids, as text.
    X : ndarray of shape (n_customers, n_features), float64
        What was known of them at the moment.
    entries : tuple of FeatureEntry
        Titles and units of the features.
    recency : ndarray of shape (n_customers,), float64, or None
        Days since the last order; ``None`` where it is not known.
    before : ndarray of shape (n_customers,), float64
        Orders with what is promoted before the moment, or earlier responses.
    outcome : ndarray of shape (n_customers,), bool, or None
        Whether they bought or responded in the window after the moment; ``None`` where that is not known.
    until : str or None
        The moment, ISO; ``None`` without times.
    spent : ndarray of shape (n_customers,), float64, or None
        On what is promoted, in the window; ``None`` where that is not known.
    """

    customers: np.ndarray
    X: np.ndarray
    entries: tuple[FeatureEntry, ...]
    recency: np.ndarray | None
    before: np.ndarray
    outcome: np.ndarray | None
    until: str | None = None
    spent: np.ndarray | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features."""
        return tuple(entry.name for entry in self.entries)

    @property
    def owners(self) -> np.ndarray | None:
        """Customer of each row where one has several, as in stacked snapshots: what is held out must hold all of them; else ``None``."""
        return None if len(np.unique(self.customers.astype(str))) == len(self.customers) else self.customers

    def take(self, kept: np.ndarray) -> Snapshot:
        """Return some customers: positions, or a mask of shape (n_customers,)."""
        return replace(
            self,
            customers=self.customers[kept],
            X=self.X[kept],
            recency=None if self.recency is None else self.recency[kept],
            before=self.before[kept],
            outcome=None if self.outcome is None else self.outcome[kept],
            spent=None if self.spent is None else self.spent[kept],
        )

    def with_feature(self, entry: FeatureEntry, values: np.ndarray) -> Snapshot:
        """Return the same customers with one more feature, ``values`` of shape (n_customers,)."""
        return replace(self, X=np.column_stack([self.X, values]), entries=(*self.entries, entry))

    def without(self, names: Sequence[str]) -> Snapshot:
        """Return the same customers without some features."""
        kept = [at for at, name in enumerate(self.names) if name not in names]
        return replace(self, X=self.X[:, kept], entries=tuple(self.entries[at] for at in kept))


def among(customers: np.ndarray, chosen: AbstractSet[str]) -> np.ndarray:
    """Return which customers are among the chosen, shape (n_customers,), bool."""
    return np.fromiter((customer in chosen for customer in customers.tolist()), dtype=bool, count=len(customers))


def stack(snapshots: Sequence[Snapshot]) -> Snapshot:
    """Return the customers of several moments below each other; all have the same features and outcomes."""
    if len(snapshots) == 1:
        return snapshots[0]
    outcomes = [found.outcome for found in snapshots if found.outcome is not None]
    recencies = [found.recency for found in snapshots if found.recency is not None]
    spent = [found.spent for found in snapshots if found.spent is not None]
    return replace(
        snapshots[0],
        customers=np.concatenate([found.customers for found in snapshots]),
        X=np.concatenate([found.X for found in snapshots]),
        recency=np.concatenate(recencies) if recencies else None,
        before=np.concatenate([found.before for found in snapshots]),
        outcome=np.concatenate(outcomes),
        spent=np.concatenate(spent) if spent else None,
    )


@dataclass(frozen=True, slots=True, eq=False)
class OrderHistory:
    """Order lines with the times and customers by which they are cut.

    Parameters
    ----------
    dataset : Dataset of kind "transactions"
        With a pandas frame.
    ids : ndarray of shape (n_customers,), object
        Ids of all customers.
    customers, orders : ndarray of shape (n_lines,), int64
        Position of each line's customer in ``ids``, and number of its order; those of two customers may have the same number.
    times : ndarray of shape (n_lines,), datetime64[us]
    spend : ndarray of shape (n_lines,), float64
        At least 0.
    cancelled : ndarray of shape (n_lines,), bool
    promoted : ndarray of shape (n_lines,), bool
        Lines with what is promoted that were not cancelled.
    subject : str
        What is promoted, for titles.
    allowed : frozenset of str
        Customers to look at.
    built : dict
        Tables of features by moment, which do not depend on what is promoted.
    """

    dataset: Dataset
    ids: np.ndarray
    customers: np.ndarray
    orders: np.ndarray
    times: np.ndarray
    spend: np.ndarray
    cancelled: np.ndarray
    promoted: np.ndarray
    subject: str
    allowed: frozenset[str]
    built: dict[tuple[str, str], FeatureTable] = field(default_factory=dict)

    @classmethod
    def of(cls, dataset: Dataset, allowed: frozenset[str]) -> OrderHistory:
        """Return the history of a data set, in which nothing is promoted yet."""
        import narwhals as nw
        import pandas as pd

        frame, roles = nw.from_native(dataset.frame, eager_only=True), dataset.roles
        times = frame[roles["time"]].to_numpy().astype("datetime64[us]")
        customers, ids = pd.factorize(frame[roles["customer"]].to_pandas())
        orders = pd.factorize(frame[roles["order"]].to_pandas() if "order" in roles else times)[0]
        amount = frame[roles["amount"]] if "amount" in roles else frame[roles["quantity"]] * frame[roles["price"]]
        return cls(
            dataset=dataset,
            ids=np.asarray(ids.astype(str), dtype=object),
            customers=customers,
            orders=orders,
            times=times,
            spend=np.maximum(amount.to_numpy().astype(np.float64), 0.0),
            cancelled=frame.select(cancelled=is_cancelled(roles))["cancelled"].to_numpy().astype(bool),
            promoted=np.zeros(len(times), dtype=bool),
            subject="",
            allowed=allowed,
        )

    def promoting(self, promoted: np.ndarray, subject: str) -> OrderHistory:
        """Return the same history with something else promoted, which shares the tables of features."""
        return replace(self, promoted=promoted & ~self.cancelled, subject=subject)

    @property
    def first(self) -> np.datetime64:
        """Time of the first line."""
        return np.datetime64(self.times.min(), "us")

    @property
    def last(self) -> np.datetime64:
        """Time of the last line."""
        return np.datetime64(self.times.max(), "us")

    @property
    def span_days(self) -> float:
        """Days from the first line to the last."""
        return float((self.last - self.first) / DAY)

    def at(
        self, moment: np.datetime64, *, look_back: np.timedelta64, window: np.timedelta64 | None, fitted: Mapping[str, Any] | None
    ) -> tuple[Snapshot, Mapping[str, Any]]:
        """Return the customers at a moment, and what was fitted to make their features.

        Parameters
        ----------
        moment : datetime64
            Features are made of lines up to it, and of no later ones.
        look_back : timedelta64
            And of lines from so long before on, so that those of different moments compare.
        window : timedelta64 or None
            The outcome is a promoted line in so long after; ``None`` where no outcome is known.
        fitted : mapping or None
            Of an earlier call, to make the same features.

        Raises
        ------
        DataError
            If there are no lines.
        """
        inside = (self.times > moment - look_back) & (self.times <= moment)
        table = self._table(inside, moment, look_back, fitted)
        kept = [at for at, name in enumerate(table.names) if name not in _LEFT_OUT]
        entries = {entry.name: entry for entry in table.dictionary}
        own, own_entries, before = self._promoted(table.customers, inside, moment)
        later = self.promoted & (self.times > moment) & (self.times <= moment + (window or np.timedelta64(0, "us")))
        found = Snapshot(
            customers=table.customers,
            X=np.column_stack([table.values[:, kept], own]),
            entries=(*(entries[table.names[at]] for at in kept), *own_entries),
            recency=np.asarray(table.column("Recency")),
            before=before,
            outcome=None if window is None else self._summed(table.customers, later) > 0,
            until=as_iso(moment),
            spent=None if window is None else self._summed(table.customers, later, self.spend),
        )
        return found, table.fitted

    def buyers(self, moment: np.datetime64, window: np.timedelta64, *, again: bool) -> int:
        """Return how many customers known at a moment bought in the window after it, without ``again`` only those who never had."""

        def having(lines: np.ndarray) -> np.ndarray:
            return np.bincount(self.customers[lines], minlength=len(self.ids)) > 0

        earlier = self.times <= moment
        found = having(self.promoted & ~earlier & (self.times <= moment + window)) & having(earlier)
        return int((found if again else found & ~having(earlier & self.promoted)).sum())

    def _table(
        self, inside: np.ndarray, moment: np.datetime64, look_back: np.timedelta64, fitted: Mapping[str, Any] | None
    ) -> FeatureTable:
        key = (as_iso(moment), str(look_back))
        if key not in self.built:
            if not inside.any():
                raise refusal("targets.no_lines", kind=DataError, until=as_iso(moment))
            dataset = replace(self.dataset, frame=self.dataset.frame[inside])
            rules = ColumnRules(max_categories=_MOST_CATEGORIES)
            table = build_features(dataset, reference_date=as_iso(moment), fitted=fitted, columns=rules)
            self.built[key] = table.take(among(table.customers, self.allowed))
        return self.built[key]

    def _places(self, customers: np.ndarray) -> np.ndarray:
        """Return the position of each of ``ids`` among some customers, -1 for others."""
        import pandas as pd

        return np.asarray(pd.Index(customers).get_indexer(pd.Index(self.ids)))

    def _summed(self, customers: np.ndarray, lines: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        """Return the number of some lines of each customer, or the sum of their weights, shape (n_customers,), float64."""
        chosen = None if weights is None else weights[lines]
        found = np.bincount(self.customers[lines], weights=chosen, minlength=len(self.ids)).astype(np.float64)
        places = self._places(customers)
        summed = np.zeros(len(customers))
        summed[places[places >= 0]] = found[places >= 0]
        return summed

    def _promoted(
        self, customers: np.ndarray, inside: np.ndarray, moment: np.datetime64
    ) -> tuple[np.ndarray, tuple[FeatureEntry, ...], np.ndarray]:
        """Return features of what is promoted, and the number of orders with it up to the moment, however long ago."""
        import pandas as pd

        mine = np.flatnonzero((self.times <= moment) & self.promoted)
        lines = pd.DataFrame({"at": self._places(customers)[self.customers[mine]], "order": self.orders[mine], "line": mine})
        lines = lines[lines["at"] >= 0]
        orders = lines.drop_duplicates(["at", "order"])
        recent = lines[inside[lines["line"]]]
        ago = np.full(len(customers), days(self.times[inside].min(), moment))
        last = pd.Series(self.times[recent["line"]]).groupby(recent["at"].to_numpy()).max()
        ago[last.index] = days(last.to_numpy(dtype="datetime64[us]"), moment)
        n_recent = np.bincount(orders.loc[inside[orders["line"]], "at"], minlength=len(customers)).astype(np.float64)
        it = value_text(self.subject)
        looked = "in the days looked back"
        entries = (
            FeatureEntry("promoted_orders", f"Orders with {it}", "orders", f"Orders with {it} {looked}."),
            FeatureEntry("promoted_days_ago", f"Days since {it} was last bought", "days", "At most the days looked back."),
            FeatureEntry("promoted_spend_share", f"Share of spend on {it}", "share of spend", f"Share of spend {looked}."),
        )
        before = np.bincount(orders["at"], minlength=len(customers)).astype(np.float64)
        return np.column_stack([n_recent, ago, self._spend_share(customers, inside)]), entries, before

    def _spend_share(self, customers: np.ndarray, inside: np.ndarray) -> np.ndarray:
        whole = self._summed(customers, inside, self.spend)
        part = self._summed(customers, inside & self.promoted, self.spend)
        return np.divide(part, whole, out=np.zeros(len(customers)), where=whole > 0)
