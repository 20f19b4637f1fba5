"""Scoring: assign new customers to the segments of a stored solution, with its fitted features, preparation and model."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from segcore.clustering.algorithms.registry import algorithm
from segcore.errors import ParameterError, StoreError
from segcore.features.assemble import assemble, outlier_bounds
from segcore.features.builders import build_features
from segcore.features.customers.unseen_values import unseen_notes
from segcore.features.grouping import time_span
from segcore.features.preparation import apply_preparation
from segcore.features.taste.fitted import FittedTaste
from segcore.features.taste.new_customers import add_fitted_taste
from segcore.features.vectors.add import add_fitted_vectors
from segcore.features.vectors.stored_model import FittedVectors
from segcore.records.dataset import Dataset
from segcore.records.feature_table import FeatureTable
from segcore.records.finding import Finding, Remedy
from segcore.records.grid import point_key
from segcore.records.preparation import Preparation
from segcore.records.solution import Solution
from segcore.records.sweep import SweepSpec
from segcore.store.store import Store
from segcore.wording.findings import refusal

_FEWEST_IN_RANGE, _MOST_OUTSIDE = 10, 0.5


@dataclass(frozen=True, slots=True, eq=False)
class ScoredCustomers:
    """Customers and the segments they were assigned to.

    Parameters
    ----------
    table : FeatureTable
        The solution's features of every customer of the data, unscaled.
    labels : ndarray of shape (n_customers,), int32
        -1 is noise.
    set_aside : ndarray of shape (n_customers,), bool
        Whether the solution would have set the customer aside, by its outlier rule or for too few items; such customers are scored too.
    notes : tuple of Finding
        Findings about values that no customer had when the sweep was made, and how they count.
    full : FeatureTable
        Every feature of the same customers, in the same order.
    """

    table: FeatureTable
    labels: np.ndarray
    set_aside: np.ndarray
    notes: tuple[Finding, ...]
    full: FeatureTable

    @property
    def customers(self) -> np.ndarray:
        """Ids of the customers, text, shape (n_customers,)."""
        return self.table.customers


@dataclass(frozen=True, slots=True, eq=False)
class KeptSolution:
    """A stored solution, read once to score several sets of rows.

    Parameters
    ----------
    store : Store
    spec : SweepSpec
        Of its sweep.
    solution : Solution
        With labels.
    preparation : Preparation
    earlier : FeatureTable
        Every feature of every customer of the sweep.
    """

    store: Store
    spec: SweepSpec
    solution: Solution
    preparation: Preparation
    earlier: FeatureTable

    @classmethod
    def read(cls, store: Store, sweep_id: str, position: int) -> KeptSolution:
        """Read a solution.

        Raises
        ------
        StoreError
            If the solution has no labels.
        """
        spec, solution = store.spec(sweep_id), store.solution(sweep_id, position)
        preparation = store.sweep(sweep_id).preparation
        if solution.labels is None or preparation is None:
            raise refusal("score.no_segments", kind=StoreError, point=point_key(solution.params), reason=solution.reason)
        return cls(store, spec, solution, preparation, store.feature_table(spec.table))

    def check_kind(self, dataset: Dataset) -> None:
        """Raise `DataError` if the data are of another kind than the sweep's."""
        _check_kind(self.spec, dataset)

    def score(self, dataset: Dataset, reference_date: str | None) -> ScoredCustomers:
        """Assign each customer of a data set to a segment, with features counted up to a date; see the function `score`."""
        fitted = _fitted(self.earlier, self.spec, self.preparation)
        full, few, notes = _built(self.store, dataset, reference_date, fitted)
        table = _selected(full, self.preparation.features)
        X = apply_preparation(self.preparation, table.values)
        if not np.isfinite(X).all():
            raise refusal("score.not_finite")
        labels = algorithm(self.spec.algorithm).scoring.assign(X, self.solution.arrays, self.solution.params)
        if dataset.kind == "customers" and fitted is not None:
            notes = (*unseen_notes(dataset, fitted), *_range_notes(self.earlier, table))
        return ScoredCustomers(
            table=table,
            labels=_as_trained(self.earlier, self.spec, self.solution, table, np.asarray(labels, dtype=np.int32)),
            set_aside=_set_aside(self.earlier, self.spec, full) | few,
            notes=notes,
            full=full,
        )


def score(store: Store, sweep_id: str, position: int, dataset: Dataset, *, as_of: str | None = None) -> ScoredCustomers:
    """Assign each customer of a data set to a segment.

    Parameters
    ----------
    store : Store
    sweep_id, position : str, int
        The solution to score with.
    dataset : Dataset
        Rows of the same kind as the sweep's data. Every customer in them is scored.
    as_of : str or None
        ISO date, or date and time, up to which recency and similar features count; a date means the end of that day. ``None`` means the
        sweep's date.

    Raises
    ------
    StoreError
        If the solution has no labels.
    DataError
        If the data are of another kind, lack a feature, or continue after the date.

    Notes
    -----
    A customer whose features have not changed since the sweep gets the same label again, and so does any other customer with exactly these
    features. So customers at the same distance from two centres are assigned as in the fit.
    """
    kept = KeptSolution.read(store, sweep_id, position)
    kept.check_kind(dataset)
    return kept.score(dataset, _reference_date(dataset, kept.preparation.reference_date, as_of))


def features_like(store: Store, sweep_id: str, dataset: Dataset, *, as_of: str | None = None) -> tuple[FeatureTable, tuple[Finding, ...]]:
    """Build every feature of a sweep's table for other customers or a later month; nothing is fitted to them.

    Parameters
    ----------
    store : Store
    sweep_id : str
    dataset : Dataset
        Rows of the same kind as the sweep's data, with every column from which its features were made.
    as_of : str or None
        As in `score`.

    Returns
    -------
    table : FeatureTable
        The features of the sweep's table, in its order: the same categories, cut-points and fill values.
    notes : tuple of Finding
        As in `ScoredCustomers`.

    Raises
    ------
    DataError
        If the data are of another kind, lack a column, or continue after the date.
    """
    spec = store.spec(sweep_id)
    _check_kind(spec, dataset)
    earlier = store.feature_table(spec.table)
    fitted = earlier.fitted or _medians(earlier, spec)
    full, _, notes = _built(store, dataset, _reference_date(dataset, earlier.reference_date, as_of), fitted)
    table = _selected(full, earlier.names)
    if dataset.kind == "customers" and fitted is not None:
        notes = (*unseen_notes(dataset, fitted), *_range_notes(earlier, table))
    return table, notes


def _check_kind(spec: SweepSpec, dataset: Dataset) -> None:
    trained_on = spec.data.get("kind", dataset.kind)
    if dataset.kind != trained_on:
        raise refusal("score.other_kind", remedy=Remedy("kind", {"kind": trained_on}), trained_on=trained_on, read_as=dataset.kind)


def _built(
    store: Store, dataset: Dataset, reference_date: str | None, fitted: Mapping[str, Any] | None
) -> tuple[FeatureTable, np.ndarray, tuple[Finding, ...]]:
    """Build features from the fitted values; also return who has too few items, shape (n_customers,), and findings."""
    full = build_features(dataset, reference_date=reference_date, fitted=fitted)
    return _with_learned(store, full, fitted or {}, dataset.kind)


def _selected(full: FeatureTable, features: Sequence[str]) -> FeatureTable:
    lacking = [name for name in features if name not in full.names]
    if lacking:
        raise refusal("score.lacking_features", features=lacking)
    return full.select(features)


def _with_learned(
    store: Store, table: FeatureTable, fitted: Mapping[str, Any], kind: str
) -> tuple[FeatureTable, np.ndarray, tuple[Finding, ...]]:
    """Add the fitted components or vectors; also return who has too few items, shape (n_customers,), and findings."""
    tastes, vectors = (fitted.get(key) for key in ("taste", "vectors"))
    if tastes is not None:
        added, few, notes = add_fitted_taste(table, FittedTaste.read(store, tastes), kind=kind)
    elif vectors is not None:
        added, few, notes = add_fitted_vectors(table, FittedVectors.read(store, vectors), kind=kind)
    else:
        return table, np.zeros(len(table), dtype=bool), ()
    return added, few, tuple(notes)


def _range_notes(trained: FeatureTable, scored: FeatureTable) -> tuple[Finding, ...]:
    """Warn of features with most values outside the sweep's range, for example because of another unit or decimal mark."""
    if len(scored) < _FEWEST_IN_RANGE:
        return ()
    notes = []
    for name in scored.names:
        values, known = scored.column(name), trained.column(name)
        low, high = float(known.min()), float(known.max())
        outside = float(np.mean((values < low) | (values > high)))
        if outside > _MOST_OUTSIDE:
            notes.append(Finding("score.out_of_range", "warning", {"feature": name, "share": outside, "low": low, "high": high}))
    return tuple(notes)


def _fitted(earlier: FeatureTable, spec: SweepSpec, preparation: Preparation) -> Mapping[str, Any] | None:
    """Return the fitted values for the sweep's features; for old sweeps that did not store them, derive them from their table."""
    return preparation.fitted or _medians(earlier.select(preparation.features), spec)


def _medians(table: FeatureTable, spec: SweepSpec) -> Mapping[str, Any] | None:
    """Return recipes of numbers for a customer table of an old sweep; ``None`` for other kinds of data."""
    if spec.data.get("kind") != "customers":
        return None
    # Filling missing values with the median did not change the median.
    medians = zip(table.names, np.median(table.values, axis=0), strict=True)
    return {"columns": [{"column": name, "use": "number", "names": [name], "missing": float(median)} for name, median in medians]}


def _reference_date(dataset: Dataset, usual: str | None, as_of: str | None) -> str | None:
    """Return the date to count to, after checking that the data do not continue after it."""
    if usual is None:
        if as_of is not None:
            raise refusal("score.undated", kind=ParameterError)
        return None
    asked = usual if as_of is None else end_of_day(as_of)
    latest = latest_time(dataset)
    if latest is not None and latest > dt.datetime.fromisoformat(asked):
        if as_of is None:
            remedy = Remedy("as_of", {"day": f"{latest:%Y-%m-%d}"})
            raise refusal("score.after_reference_date", remedy=remedy, latest=f"{latest:%Y-%m-%d %H:%M}", reference=asked)
        raise refusal("score.after_as_of", remedy="later_date", latest=f"{latest:%Y-%m-%d %H:%M}", as_of=as_of)
    return asked


def end_of_day(as_of: str) -> str:
    """Return an ISO date and time; for a date alone, the end of that day.

    Raises
    ------
    ParameterError
        If the text is not a date.
    """
    try:
        asked = dt.datetime.fromisoformat(as_of.strip())
    except ValueError:
        raise refusal("score.bad_as_of", kind=ParameterError, value=as_of) from None
    if len(as_of.strip()) <= len("2012-01-31"):
        asked = asked.replace(hour=23, minute=59, second=59)
    return asked.replace(tzinfo=None).isoformat(sep=" ")


def latest_time(dataset: Dataset) -> dt.datetime | None:
    """Return the latest time in a data set that has times; ``None`` without any row."""
    _, latest = time_span(dataset)
    return None if latest is None else dt.datetime.fromisoformat(str(latest)[:26]).replace(tzinfo=None)


def _as_trained(earlier: FeatureTable, spec: SweepSpec, solution: Solution, table: FeatureTable, labels: np.ndarray) -> np.ndarray:
    """Return ``labels`` with the labels of the fit for rows that took part in it."""
    trained = assemble(earlier, spec.plan)
    fitted = np.asarray(solution.labels)
    # Adding 0 makes -0 and 0 the same bytes.
    known = np.ascontiguousarray(trained.table.values + 0.0)
    by_row = {row.tobytes(): int(label) for row, label in zip(known[::-1], fitted[::-1], strict=True)}
    by_customer = {
        (customer, row.tobytes()): int(label) for customer, row, label in zip(trained.table.customers, known, fitted, strict=True)
    }
    settled = labels.copy()
    for at, (customer, row) in enumerate(zip(table.customers, np.ascontiguousarray(table.values + 0.0), strict=True)):
        content = row.tobytes()
        settled[at] = by_customer.get((customer, content), by_row.get(content, settled[at]))
    return settled


def _set_aside(earlier: FeatureTable, spec: SweepSpec, scored: FeatureTable) -> np.ndarray:
    """Return which customers are outside the bounds of the sweep's outlier rule."""
    aside = np.zeros(len(scored), dtype=bool)
    if spec.plan.outliers == "none":
        return aside
    for name, (low, high) in outlier_bounds(earlier).items():
        if name in scored.names:
            column = scored.column(name)
            aside |= (column < low) | (column > high)
    return aside
