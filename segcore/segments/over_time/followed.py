"""Customers followed into later data: who is there, in which segment, and why some moved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from segcore.errors import ParameterError
from segcore.features.assemble import kept_customers
from segcore.features.grouping import rows_until, time_span
from segcore.intake.remembered import data_key, recall_data
from segcore.records.dataset import Dataset
from segcore.records.feature_table import FeatureTable
from segcore.records.finding import Remedy
from segcore.segments.over_time.over_time_records import NOWHERE, Cause, FollowedCustomers, Periods
from segcore.segments.scoring import KeptSolution, ScoredCustomers, end_of_day, latest_time
from segcore.wording.findings import refusal

_SAME = 1e-9
_SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """Customers of both data sets, and the scores of the later customers.

    Parameters
    ----------
    customers : FollowedCustomers
    periods : Periods
    rows_differ : int or None
        See `OverTime`.
    earlier : FeatureTable
        The customers that were clustered, without copies.
    scored : ScoredCustomers
        Every customer of the later data.
    """

    customers: FollowedCustomers
    periods: Periods
    rows_differ: int | None
    earlier: FeatureTable
    scored: ScoredCustomers


def follow_customers(kept: KeptSolution, dataset: Dataset, *, as_of: str | None = None) -> Followed:
    """Score later data with a kept solution, and find out why customers changed segments.

    Parameters
    ----------
    kept : KeptSolution
    dataset : Dataset
        Of the same kind as the sweep's data.
    as_of : str or None
        ISO date, or date and time, up to which days are counted; a date means the end of that day. ``None`` is the latest time in the data.

    Raises
    ------
    DataError
        If the data are of another kind, lack a feature, share no customer with the earlier data, end before them, or continue after the
        date.
    ParameterError
        If the date cannot be read, is before the sweep's, or is given for data without times.

    Notes
    -----
    If the later data cover the earlier period too, customers are scored three times: with the rows up to the earlier end, counted to the
    earlier date (differences are due to the *rows*, such as returns and corrections); with the same rows, counted to the later date (*time*
    passed, so recency grew); with all rows (*behaviour*). The cause of a move is the first of the three scorings that puts the customer in
    the present segment. If the later data begin later, each period is counted to its own end, so time alone changes nothing; earlier rows
    cannot be compared, and all moves are due to behaviour. The same holds for customer tables, whose customers keep their segment unless a
    value changes.
    """
    kept.check_kind(dataset)
    reference = _later_reference(kept, dataset, as_of)
    scored = kept.score(dataset, reference)
    periods = _periods(kept, dataset, scored.full)
    earlier, labels = _clustered(kept)
    customers = _side_by_side(kept.earlier, earlier, labels, scored)
    if not customers.in_both.any():
        named = {"earlier": kept.spec.data.get("name", "the sweep"), "later": dataset.name}
        shared = int(np.isin(kept.earlier.customers.astype(str), scored.customers.astype(str)).sum())
        raise refusal("over_time.all_set_aside", **named, shared=shared) if shared else refusal("over_time.nobody_in_both", **named)
    stages, differ = _stages(kept, dataset, periods, customers)
    cause = np.full(len(customers.ids), "", dtype=object)
    moved = customers.moved
    cause[moved] = "behaviour"
    for name, at_stage in reversed(stages):  # the first stage that explains a move is written last
        cause[moved & (at_stage == customers.now)] = name
    return Followed(replace(customers, cause=cause), periods, differ, earlier, scored)


def _later_reference(kept: KeptSolution, dataset: Dataset, as_of: str | None) -> str | None:
    earlier = kept.preparation.reference_date
    if earlier is None:
        if as_of is not None:
            raise refusal("score.undated", kind=ParameterError)
        return None
    day = Remedy("count_up_to", {"day": earlier[:10]})
    latest = latest_time(dataset) if "time" in dataset.roles else None
    if as_of is None:
        if latest is not None and latest < dt.datetime.fromisoformat(earlier):
            raise refusal("over_time.ends_earlier", remedy=day, later=dataset.name, latest=f"{latest:%Y-%m-%d}", earlier=earlier[:10])
        return earlier if latest is None else latest.isoformat(sep=" ")
    asked = end_of_day(as_of)
    if dt.datetime.fromisoformat(asked) < dt.datetime.fromisoformat(earlier):
        raise refusal("over_time.as_of_before", kind=ParameterError, remedy=day, as_of=as_of, earlier=earlier[:10])
    if latest is not None and latest > dt.datetime.fromisoformat(asked):
        raise refusal("over_time.after_as_of", remedy="later_date", latest=f"{latest:%Y-%m-%d %H:%M}", as_of=as_of)
    return asked


def _periods(kept: KeptSolution, dataset: Dataset, later: FeatureTable) -> Periods:
    if kept.preparation.reference_date is None or "time" not in dataset.roles:
        return Periods()
    first, _ = time_span(dataset)
    begins, began = str(first)[:19], _first_date(kept)
    is_same_start = began is not None and begins[:10] <= began[:10]
    return Periods(began, kept.preparation.reference_date, begins, later.reference_date, is_same_start)


def _first_date(kept: KeptSolution) -> str | None:
    """Return when the earlier data begin: as recorded when they were read, else by the longest tenure."""
    known = recall_data(kept.store, data_key(kept.spec.table, kept.spec.data))
    if known is not None and known[0].first_date is not None:
        return known[0].first_date
    if "tenure_days" not in kept.earlier.names:
        return None
    longest = float(kept.earlier.column("tenure_days").max())
    last = dt.datetime.fromisoformat(str(kept.preparation.reference_date))
    return (last - dt.timedelta(seconds=longest * _SECONDS_PER_DAY)).isoformat(sep=" ")


def _clustered(kept: KeptSolution) -> tuple[FeatureTable, np.ndarray]:
    """Return the customers that were clustered, without copies, and their segments."""
    full = kept.earlier.take(kept_customers(kept.earlier, kept.spec.plan))
    return full, np.asarray(kept.solution.labels, dtype=np.int32)[:: kept.spec.plan.repeats]


def _side_by_side(everyone: FeatureTable, earlier: FeatureTable, labels: np.ndarray, scored: ScoredCustomers) -> FollowedCustomers:
    """Return the customers of both data sets, without causes yet."""
    ids = np.unique(np.concatenate([everyone.customers.astype(str), scored.customers.astype(str)]))
    counted = ~scored.set_aside
    then, revenue_then = _placed(ids, earlier.customers, labels, earlier.revenue)
    revenue = scored.full.revenue
    now, revenue_now = _placed(ids, scored.customers[counted], scored.labels[counted], None if revenue is None else revenue[counted])
    known_then, known_now = (np.isin(ids, side.astype(str)) for side in (everyone.customers, scored.customers))
    status = np.full(len(ids), "aside", dtype=object)
    status[(then != NOWHERE) & (now != NOWHERE)] = "both"
    status[(now != NOWHERE) & ~known_then] = "new"
    status[(then != NOWHERE) & ~known_now] = "gone"
    return FollowedCustomers(ids.astype(object), status, then, now, np.full(len(ids), "", dtype=object), revenue_then, revenue_now)


def _placed(ids: np.ndarray, customers: np.ndarray, labels: np.ndarray, revenue: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return segments and revenue in the order of ``ids``; -2 and NaN for customers who are not among ``customers``."""
    places = np.searchsorted(ids, customers.astype(str))
    found, money = np.full(len(ids), NOWHERE, dtype=np.int32), np.full(len(ids), np.nan)
    found[places] = labels
    if revenue is not None:
        money[places] = revenue
    return found, money


def _stages(
    kept: KeptSolution, dataset: Dataset, periods: Periods, customers: FollowedCustomers
) -> tuple[list[tuple[Cause, np.ndarray]], int | None]:
    """Return the segments with only the earlier rows, counted to the earlier and the later date; and how many customers' rows differ."""
    if not periods.is_same_start:
        return [], None
    old = rows_until(dataset, dt.datetime.fromisoformat(str(periods.earlier_last)))
    ids = customers.ids.astype(str)
    before = kept.score(old, periods.earlier_last)
    known, i, j = np.intersect1d(kept.earlier.customers.astype(str), before.customers.astype(str), return_indices=True)
    close = np.isclose(_values(kept, kept.earlier)[i], _values(kept, before.full)[j], rtol=_SAME, atol=_SAME)
    rows, _ = _placed(ids, before.customers, before.labels, None)
    del before  # as large as all features of all customers
    after = kept.score(old, periods.later_last)
    time, _ = _placed(ids, after.customers, after.labels, None)
    has_same_rows = np.isin(ids, known[close.all(axis=1)])
    has_lost_rows = customers.in_both & (rows == NOWHERE)
    rows[has_same_rows] = NOWHERE  # the same rows give the same segment, so they explain no move
    rows[has_lost_rows] = customers.now[has_lost_rows]
    return [("rows", rows), ("time", time)], int(np.sum(customers.in_both & ~has_same_rows))


def _values(kept: KeptSolution, table: FeatureTable) -> np.ndarray:
    """Return the features that were clustered on, shape (n_customers, n_features)."""
    return np.asarray(table.select(kept.preparation.features).values)


def later_data(dataset: Dataset) -> Mapping[str, Any]:
    """Return the record of the later data."""
    plain = {"name": dataset.name, "kind": dataset.kind, "fingerprint": dataset.fingerprint}
    return {**plain, "roles": dict(dataset.roles), "filters": list(dataset.filters)}
