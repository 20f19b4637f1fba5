"""Data as an analyst's script holds it: what was found in it, its customers and their features."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import fields, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segcore.data.databases.stored_extract import is_unread
from segcore.features.output import data_dictionary
from segcore.features.taste.asked import TASTE_OPTIONS, asked_taste
from segcore.features.vectors.asked import asked_vectors
from segcore.intake.added_features import request_with, take_in_added
from segcore.intake.child import from_database_apart, take_in_apart
from segcore.intake.report import data_report
from segcore.jobs.tasks.finding_targets import promotions_by_job, targets_by_job
from segcore.jobs.tasks.making_vectors import vectors_by_job
from segcore.library.display import Findings, listed_html, paragraph
from segcore.library.plan import Plan, build_plan
from segcore.library.request import build_request, check_options, readable, readable_options
from segcore.library.targeting import Targets, build_question
from segcore.records.feature_table import FeatureTable
from segcore.records.intake import DataRequest, Intake
from segcore.records.target_question import WINDOW_DAYS
from segcore.records.taste import Taste
from segcore.records.vectors import Vectors
from segcore.store.store import Store
from segcore.wording.numbers import counted

if TYPE_CHECKING:
    import pandas as pd

_PLAN_OPTIONS = ("scaler", "outliers", "ideas", "repeats", "seed")
_DICTIONARY = {
    "Feature": "name",
    "Title": "title",
    "Kind": "kind",
    "Unit": "unit",
    "Description": "description",
    "Made from": "made_from",
    "Not a feature because": "not_a_feature_because",
}


def load(
    data: Any,
    *,
    kind: str | None = None,
    roles: Mapping[str, str] | None = None,
    where: str | Iterable[str] = (),
    date_from: str | dt.date | None = None,
    date_to: str | dt.date | None = None,
    home: str | os.PathLike[str] | None = None,
    **options: Any,
) -> Data:
    """Load a sample, a file, a frame or the rows of a database, and build every feature of every customer.

    Whatever is not given is detected, as on the Data screen. Data that was loaded before comes from the store.

    Parameters
    ----------
    data : str, path, or frame of pandas, Polars or Arrow
        Name of a sample, such as "complete-journey", or path of a file. A frame is written to a temporary Parquet file and read like any
        other; ``name`` is then its name, and named index levels are columns too. Or the address of a database without a password,
        ``postgresql://user@host/name``, ``duckdb:///file`` or ``sqlite:///file``, with ``table`` or ``query``; it is read once, into a
        file of the store.
    kind : {"transactions", "ratings", "customers"} or None
    roles : mapping of role to column, or None
        Such as ``{"customer": "CustomerID"}``; ``{"item": ""}`` means that no column has the role.
    where : str or sequence of str
        Conditions on rows, such as ``"Country = 'France'"``, or on customers, such as ``"customer.total_spend > 850"``; all must hold.
    date_from, date_to : str, date or None
        First and last day, both included, such as "2011-01-01".
    home : path or None
        Folder of the store; ``None`` is ``SEGCORE_HOME``, as for the app.
    **options
        The options of the command line: delimiter, encoding, sheet, header_row; date_order, set_aside, required, cancelled, duplicates;
        exclude, category, number, profile, keep, zero, min_share, max_categories; name, frames, guess.
        And second tables, files or frames: ``customers``, with one row per customer, whose columns are shown for each segment;
        ``items``, with one row per item, whose columns are joined to the rows, so that one can be the category. ``customers_key`` and
        ``items_key`` are their columns with the ids. ``frames`` chooses the library that builds the features: "polars" and "duckdb" do
        not hold all order lines in memory, nor does "spark", which also computes the components of plans; it uses the Spark that this
        process runs, else a cluster's (``MASTER``), else one on this machine.
        ``missions``: number of basket missions to find, by the categories of orders; each customer's most frequent one becomes a profile
        column.
        For databases: ``table``, the name of a table or view; or ``query``, a SELECT; ``timeout`` of one statement in seconds;
        ``time_zone``, for times that are stored with a time zone; ``most_rows``, above which nothing is read.

    Returns
    -------
    Data

    Raises
    ------
    ParameterError
        If an option is unknown or its value is outside its domain.
    SourceError, DataError
        If the data cannot be read or used; in one sentence, with what to do.

    Examples
    --------
    >>> data = segcore.load(orders)
    >>> data
    Data('orders.csv': transactions, 30 customers, 58 features, 1 finding)
    >>> import pandas as pd
    >>> people = pd.DataFrame({"customer_id": data.customers, "club": ["yes", "no", "no"] * 10})
    >>> print(segcore.load(orders, customers=people).findings[-1])
    customers describes 30 of 30 customers, found by customer_id.
    """
    check_options(options)
    store = Store(None if home is None else Path(home))
    meaning = {"kind": kind, "roles": roles, "where": where, "dates": (date_from, date_to)}
    requested = partial(_requested, store, data, meaning, options)
    with requested() as request:
        if is_unread(request):  # once: everything else that reads these rows reads the same ones
            found = from_database_apart(store, request)
            return Data(store, take_in_apart(store, found), frames=found.frames, requested=lambda: contextlib.nullcontext(found))
        return Data(store, take_in_apart(store, request), frames=request.frames, requested=requested)


@contextlib.contextmanager
def _requested(store: Store, data: Any, meaning: Mapping[str, Any], options: Mapping[str, Any]) -> Iterator[DataRequest]:
    """Yield the request for data, whose frames are in files meanwhile."""
    with readable(data, store) as (path, is_temporary), readable_options(options, store) as known:
        request = build_request(path, **meaning, options=known)
        yield replace(request, name="frame") if is_temporary and request.name is None else request


class Data:
    """Data that was loaded: see `segcore.load`.

    Examples
    --------
    >>> data = segcore.load(orders)
    >>> data.name, data.kind, data.roles["customer"], len(data.customers)
    ('orders.csv', 'transactions', 'customer_id', 30)
    """

    def __init__(
        self, store: Store, intake: Intake, *, frames: str = "pandas", requested: Callable[[], AbstractContextManager[DataRequest]]
    ) -> None:
        self.store = store
        self.intake = intake
        self.frames = frames
        self._requested = requested

    @property
    def name(self) -> str:
        """Name of the sample or file."""
        return str(self.intake.data["name"])

    @property
    def kind(self) -> str:
        """What a row is: "transactions", "ratings" or "customers"."""
        return self.intake.kind

    @property
    def roles(self) -> dict[str, str]:
        """The column of each role.

        Examples
        --------
        >>> segcore.load(orders).roles["time"]
        'date'
        """
        return dict(self.intake.roles)

    @property
    def findings(self) -> Findings:
        """What was noticed about the data; each finding has ``code``, ``severity``, ``values`` and ``sentence``.

        Examples
        --------
        >>> print(segcore.load(orders).findings)
        1 row set aside: without customer_id.
        """
        return Findings.of(self.intake.notes)

    @property
    def customers(self) -> pd.Index:
        """Ids of the customers, as text, ascending.

        Examples
        --------
        >>> segcore.load(orders).customers[:2].tolist()
        ['000', '001']
        """
        import pandas as pd

        return pd.Index(self.table.customers, name="customer_id")

    @property
    def features(self) -> pd.DataFrame:
        """Every feature of every customer, shape (n_customers, n_features), indexed by customer.

        Examples
        --------
        >>> float(segcore.load(orders).features.loc["000", "invoices"])
        6.0
        """
        import numpy as np
        import pandas as pd

        return pd.DataFrame(np.array(self.table.values), index=self.customers, columns=list(self.table.names))

    @property
    def dictionary(self) -> pd.DataFrame:
        """Definition of each feature, and the reason for each column that is not one.

        Examples
        --------
        >>> segcore.load(orders).dictionary.set_index("name").loc["Recency", "unit"]
        'days'
        """
        return data_dictionary(self.table).to_pandas().rename(columns=_DICTIONARY)

    def report(self) -> dict[str, Any]:
        """Return how the data was read, and what became of every row and column, as plain values.

        Examples
        --------
        >>> segcore.load(orders).report()["rows"]["set_aside"]
        {'without customer_id': 1}
        """
        return data_report(self.intake)

    def plan(
        self,
        features: str | Sequence[str] | None = None,
        *,
        log: str | Sequence[str] | None = None,
        power: str | Sequence[str] | None = None,
        weights: Mapping[str, str | float] | None = None,
        setting: str = "default",
        **options: Any,
    ) -> Plan:
        """Choose the features to cluster on, and how they are prepared. The defaults are the app's.

        Parameters
        ----------
        features : str, sequence of str, or None
            A set ("value", "behaviour", "rfm", "kit", "small", "all"), or names; a column's name means all of its categories.
            "components=10" for ten components of what customers bought or rated, "components=auto" for as many as explain more than
            chance would, "raw" for the items themselves. "cust2vec=64" for vectors of 64 dimensions, which a job makes from what customers
            bought basket by basket.
        log, power : str, sequence of str, or None
            Features to log-transform or power-transform before scaling; ``[]`` for none. Without either, skewed features are
            log-transformed if that makes them clearly less skewed.
        weights : mapping of feature or column to number or word, or None
            A word ("high", "medium", "low") also lets a feature of little spread catch up with the others; a number is used as it is.
        setting : {"default", "kit", "minmax"}
            Starting point for the other choices: segcore's defaults, the Intel kit's setting for transactions, or min-max scaling of all
            columns of a customer table, as auto-segmentation does.
        **options
            ``scaler``: "standard", "minmax", "robust" or "none". ``outliers``: "kit", which sets unusual customers aside by the Intel
            kit's rule, or "none". ``ideas``: whether features that say the same count "once" together, or "each" in full. ``repeats``:
            copies of each customer, jittered if more than 1. ``seed``: seed of the jitter and the clustering.
            For components: ``matrix``, the values that they are made from ("zero", "centred", "log", "binary" or "tfidf"; ratings are
            centred, counts logged); ``components``, their kind ("pca", "svd" or "nmf"); ``of``: "item" or "category"; ``least_items`` and
            ``least_customers``: customers with fewer items are set apart, items with fewer customers left out.
            For vectors: ``cust2vec``, their options as on the command line or as a mapping: ``{"method": "dm", "window": 5}``.

        Raises
        ------
        ParameterError
            If a name is unknown or a value is outside its domain.
        DataError
            If a feature cannot be made from this data; with the reason.

        Examples
        --------
        >>> segcore.load(orders).plan(["Recency", "invoices"], log=["invoices"], weights={"Recency": 2})
        Plan(2 features of 30 customers: Recency × 2, log invoices; scaler standard)
        >>> segcore.load(orders).plan("components=1", matrix="zero", components="pca")
        Plan(1 feature of 30 customers: component_1; scaler standard)
        """
        check_options(options, (*_PLAN_OPTIONS, *TASTE_OPTIONS, "cust2vec"))
        wanted = {name: options.pop(name) for name in TASTE_OPTIONS if name in options}
        taste = asked_taste(features, wanted, seed=options.get("seed") or 0)
        vectors = asked_vectors(features, options.pop("cust2vec", None), seed=options.get("seed") or 0)
        added = taste or vectors
        intake = self.intake if added is None else self._with(added)
        record = build_plan(
            self.table if added is None else self.store.feature_table(intake.table),
            intake,
            features,
            transforms=None if log is None and power is None else {"log": _names(log), "power": _names(power)},
            weights=weights or {},
            setting=setting,
            fields=options,
        )
        return Plan(self.store, intake, record)

    def _with(self, added: Taste | Vectors) -> Intake:
        request = request_with(self.store, self.intake, added, frames=self.frames)
        return (take_in_added if request.vectors is None else vectors_by_job)(self.store, self.intake, request)

    def targets(
        self,
        promote: str | None = None,
        *,
        outcome: str | None = None,
        budget: int | None = None,
        window: int = WINDOW_DAYS,
        again: bool = False,
        method: str = "model",
        **options: Any,
    ) -> Targets | pd.DataFrame:
        """Rank whom to contact about a promotion, and say how many will buy, as the Targets screen does.

        The ranking is learned from earlier customers and judged on a later period; a repeated question is answered from the store.

        Parameters
        ----------
        promote : str or None
            For transactions: a value of a column of the order lines, such as "department=MEAT", or "campaign=18" for the response to a
            campaign. A column alone, such as "department", judges every value of it.
        outcome : str or None
            For a table with one row per customer: the column with the outcome, blank where it is not known yet.
        budget : int or None
            Customers who can be contacted; or give ``money`` and ``cost``.
        window : int
            Days in which a purchase or response counts.
        again : bool
            Include customers who bought it before.
        method : {"model", "components", "rules", "recency"}
            Ranks the list.
        **options
            ``money``, ``cost`` of one contact and ``value`` of one buyer, in one currency; ``holdout``: "auto" or a number of customers;
            ``yes``: the wanted value of the outcome; ``treatment``: a column that says who was contacted, drawn at random; ``contacts``: a
            file with one row per customer and campaign; ``keep``: features to keep although they look like a leak; ``seed``.

        Returns
        -------
        Targets, or DataFrame
            A frame with one row per value if only a column is given.

        Raises
        ------
        ParameterError, DataError
            If the data cannot answer the question; in one sentence.

        Examples
        --------
        >>> found = segcore.load(orders).targets("item=itema", budget=5, again=True, window=30)
        >>> found.document["budget"], found.document["later_period"]["to"][:4]
        (5, '2024')
        """
        columns = [*self.intake.columns, *(use.column for use in self.intake.uses)]
        more = {"outcome": outcome, "budget": budget, "again": again, "method": method}
        question = build_question(promote, columns, window=window, options=options, **more)
        with self._requested() as request:
            if question.compares:
                import pandas as pd

                return pd.DataFrame(promotions_by_job(self.store, self.intake, request, question))
            return Targets(self.store, targets_by_job(self.store, self.intake, request, question))

    def sweeps(self) -> pd.DataFrame:
        """Return every sweep of these data with its best solution and the evidence on it, the newest first.

        Examples
        --------
        >>> data = segcore.load(orders)
        >>> sweep = data.plan("small").sweep(n_clusters=range(2, 4), evidence="none")
        >>> "k-means, 2 or 3 segments · The kit's small 3" in set(data.sweeps()["name"])
        True
        """
        import pandas as pd

        from segcore.sweeps.overview import SweepLine, sweep_lines

        rows = [line.to_json() for line in sweep_lines(self.store, self.intake)]
        return pd.DataFrame(rows, columns=[entry.name for entry in fields(SweepLine)])

    @cached_property
    def table(self) -> FeatureTable:
        """The stored table of all features: arrays instead of frames, for large data."""
        return self.store.feature_table(self.intake.table)

    def __len__(self) -> int:
        """Return the number of customers."""
        return self.intake.n_customers

    def __repr__(self) -> str:
        """Return one line: name, kind and size."""
        return f"Data({self.name!r}: {self.kind}, {self._size()})"

    def _size(self) -> str:
        return ", ".join(
            (
                counted(self.intake.n_customers, "customer"),
                counted(len(self.table.names), "feature"),
                counted(len(self.intake.notes), "finding"),
            )
        )

    def _repr_html_(self) -> str:
        return paragraph(f"{self.kind}: {self._size()}", title=self.name) + listed_html([str(found) for found in self.findings])


def _names(given: str | Sequence[str] | None) -> Sequence[str]:
    return (given,) if isinstance(given, str) else given or ()
