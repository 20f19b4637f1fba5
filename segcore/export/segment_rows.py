"""Rows of an export: customers with their segments and features."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypedDict, Unpack

import numpy as np
import pyarrow as pa

from segcore.clustering.algorithms.registry import algorithm
from segcore.errors import ParameterError, StoreError
from segcore.features.assemble import Assembled, assemble
from segcore.features.output import file_columns, plain_array
from segcore.features.preparation import apply_preparation
from segcore.records.feature_table import FeatureTable
from segcore.records.grid import point_key
from segcore.records.preparation import Preparation
from segcore.records.solution import NOISE, Solution
from segcore.records.sweep import SweepSpec
from segcore.segments.names import known_names
from segcore.store.store import Store
from segcore.wording.findings import refusal
from segcore.wording.numbers import segment_title

_CHUNK_ROWS = 1 << 15


class RowChoice(TypedDict, total=False):
    """Which rows and columns to export: the options of `export_rows`."""

    segments: Sequence[int] | None
    customers: Collection[str] | None
    copies: bool
    profile: bool
    include_set_aside: bool
    filled: bool
    own_id: bool
    clustered_values: bool
    probabilities: bool


@dataclass(frozen=True, slots=True, eq=False)
class ExportRows:
    """Customers to export, in the order of their ids; columns are built chunk by chunk while writing.

    Parameters
    ----------
    sweep_id, spec, solution
        The exported solution.
    names : mapping of segment to str
        Name of each exported segment.
    table : FeatureTable
        One row per exported row, values unscaled; without its profile columns.
    profile : mapping of name to pyarrow array of shape (n_rows,)
        Profile columns, which were not clustered on, if asked for.
    segments : ndarray of shape (n_rows,), int32
    set_aside : ndarray of shape (n_rows,), bool, or None
        Whether the outlier rule set the customer aside; ``None`` if such customers are not exported.
    copies : bool
        Whether jittered copies are exported too, with the number of each copy.
    id_name : str
        Name of the column with the ids.
    preparation : Preparation or None
        Used to compute the clustered values or the probabilities.
    clustered_values, probabilities : bool
        Whether to write these columns.
    """

    sweep_id: str
    spec: SweepSpec
    solution: Solution
    names: dict[int, str]
    table: FeatureTable
    profile: dict[str, pa.Array]
    segments: np.ndarray
    set_aside: np.ndarray | None
    copies: bool
    id_name: str = "customer_id"
    preparation: Preparation | None = None
    clustered_values: bool = False
    probabilities: bool = False

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.table)

    @property
    def columns(self) -> dict[str, str]:
        """Names of the columns that come from the data, none of them equal to another column's name."""
        clustered = self.table.names if self.clustered_values else ()
        kinds = (("id", (self.id_name,)), ("feature", self.table.names), ("clustered", clustered), ("profile", tuple(self.profile)))
        return file_columns(kinds, probabilities=self.probabilities)

    @property
    def schema(self) -> pa.Schema:
        """Names and types of the columns."""
        return next(self._chunks(1)).schema

    def chunks(self) -> Iterator[pa.Table]:
        """Yield the rows in chunks of some ten thousand, so that memory does not grow with the number of rows."""
        return self._chunks(_CHUNK_ROWS)

    def _chunks(self, size: int) -> Iterator[pa.Table]:
        labels = sorted(self.names)
        titles = pa.array([self.names[label] for label in labels], pa.string())
        called = self.columns
        for start in range(0, max(len(self), 1), size):
            rows = slice(start, min(start + size, len(self)))
            segments = self.segments[rows]
            columns: dict[str, pa.Array] = {called[f"id:{self.id_name}"]: pa.array(self.table.customers[rows], pa.string())}
            if self.copies:
                columns["copy"] = pa.array(np.asarray(self.table.copies[rows], dtype=np.int32))
            columns["segment"] = pa.array(segments, pa.int32())
            columns["segment_name"] = titles.take(pa.array(np.searchsorted(labels, segments), pa.int64()))
            if self.set_aside is not None:
                columns["set_aside"] = pa.array(self.set_aside[rows])
            values = np.asarray(self.table.values[rows])
            X = None if self.preparation is None else apply_preparation(self.preparation, values)
            if X is not None and self.probabilities:
                columns |= self._probabilities(X)
            for position, name in enumerate(self.table.names):
                blank = self.table.filled[name][rows] if name in self.table.filled else None
                columns[called[f"feature:{name}"]] = pa.array(np.ascontiguousarray(values[:, position]), mask=blank)
                if X is not None and self.clustered_values:
                    columns[called[f"clustered:{name}"]] = pa.array(np.ascontiguousarray(X[:, position]))
            for name, column in self.profile.items():
                columns[called[f"profile:{name}"]] = column[rows]
            yield pa.table(columns)

    def _probabilities(self, X: np.ndarray) -> dict[str, pa.Array]:
        probabilities = algorithm(self.spec.algorithm).scoring.probabilities
        if probabilities is None:
            return {}
        found = probabilities(X, self.solution.arrays, self.solution.params)
        return {f"probability_{label}": pa.array(np.ascontiguousarray(found[:, label])) for label in range(found.shape[1])}


def export_rows(store: Store, sweep_id: str, position: int, **choice: Unpack[RowChoice]) -> ExportRows:
    """Select the rows of an export.

    Parameters
    ----------
    store : Store
    sweep_id, position : str, int
        The solution.
    segments : sequence of int or None
        Segments to export, -1 for noise; ``None`` means all of them, including noise.
    customers : collection of str or None
        Ids of the customers to export; ``None`` means all customers of these segments.
    copies : bool
        Whether the jittered copies are exported too; otherwise, each customer is one row.
    profile : bool
        Whether to write the profile columns, which were not clustered on.
    include_set_aside : bool
        Whether customers that the outlier rule set aside are exported too, in the segment that scoring assigns.
    filled : bool
        Whether to write the values that missing values of the source were replaced with, such as the median; otherwise they are blank.
    own_id : bool
        Whether the column with the ids has its name in the source, not ``customer_id``.
    clustered_values : bool
        Whether to write, next to each feature, its clustered value: transformed, scaled and weighted.
    probabilities : bool
        Whether to write the probability of each segment, which Gaussian mixtures have.

    Raises
    ------
    ParameterError
        If a segment does not belong to the solution, or its algorithm has no probabilities.
    StoreError
        If the solution has no labels.
    """
    spec, solution = store.spec(sweep_id), store.labelled_solution(sweep_id, position)
    chosen = _chosen(solution, choice.get("segments"))
    clustered_values, probabilities = choice.get("clustered_values", False), choice.get("probabilities", False)
    if probabilities and algorithm(spec.algorithm).scoring.probabilities is None:
        raise refusal("export.no_probabilities", kind=ParameterError, algorithm=algorithm(spec.algorithm).title)
    full = store.feature_table(spec.table)
    assembled = assemble(full, spec.plan)
    table, labels, order = assembled.table, np.asarray(solution.labels), _positions(assembled, spec.plan.repeats)
    if len(labels) != len(table):
        raise refusal("export.wrong_labels", kind=StoreError, point=point_key(solution.params), rows=len(table))
    wanted_ids = choice.get("customers")
    rows = np.flatnonzero(np.isin(labels, chosen) & ((table.copies == 0) | choice.get("copies", False)) & _among(table, wanted_ids))
    if len(rows) < len(table):  # taking all of them would only copy
        table, labels, order = table.take(rows), labels[rows], order[rows]
    aside = None
    if choice.get("include_set_aside"):
        outside = np.flatnonzero(~np.asarray(assembled.kept))
        others = full.take(outside).select(spec.plan.features)
        scored = _scored(store, sweep_id, solution, others.values)
        wanted = np.isin(scored, chosen) & _among(others, wanted_ids)
        place = np.argsort(np.concatenate([order, outside[wanted]]), kind="stable")
        table = _with_others(table, others.take(wanted), place)
        aside = np.repeat([False, True], [len(labels), int(wanted.sum())])[place]
        labels = np.concatenate([labels, scored[wanted]])[place]
    names = segment_titles(store, sweep_id, position, chosen, rows=lambda: assembled.table)
    carried = {name: plain_array(column) for name, column in table.profile.items()} if choice.get("profile") else {}
    table = replace(table, profile={}, filled={} if choice.get("filled") else table.filled)
    return ExportRows(
        sweep_id,
        spec,
        solution,
        names,
        table,
        carried,
        labels,
        aside,
        choice.get("copies", False),
        id_name=own_id_name(spec) if choice.get("own_id") else "customer_id",
        preparation=_preparation(store, sweep_id) if clustered_values or probabilities else None,
        clustered_values=clustered_values,
        probabilities=probabilities,
    )


def _among(table: FeatureTable, customers: Collection[str] | None) -> np.ndarray:
    """Return which rows belong to some customers, all rows for ``None``; shape (n_rows,), bool."""
    if customers is None:
        return np.ones(len(table), dtype=bool)
    ids = frozenset(customers)
    return np.fromiter((customer in ids for customer in table.customers), dtype=bool, count=len(table))


def own_id_name(spec: SweepSpec) -> str:
    """Return the name of the source's column with the ids; "customer_id" if they are row numbers."""
    return str(spec.data.get("roles", {}).get("customer") or "customer_id")


def scored_rows(store: Store, sweep_id: str, position: int, customers: np.ndarray, labels: np.ndarray, set_aside: np.ndarray) -> ExportRows:
    """Return the rows of scored customers, with their segments but without features.

    Parameters
    ----------
    store, sweep_id, position
        The solution they were scored with.
    customers, labels, set_aside : ndarray of shape (n_customers,)
        Ids as text, segments, and whether the outlier rule would have set the customer aside.
    """
    spec, solution, preparation = store.spec(sweep_id), store.solution(sweep_id, position), store.sweep(sweep_id).preparation
    there = sorted({*solution.segments, *np.unique(labels).tolist(), *([NOISE] if solution.n_noise else [])})
    table = FeatureTable(
        values=np.zeros((len(customers), 0)),
        names=(),
        customers=np.asarray(customers, dtype=object),
        copies=np.zeros(len(customers), dtype=np.int32),
        dictionary=(),
        reference_date=preparation.reference_date if preparation else None,
    )
    names = segment_titles(store, sweep_id, position, there)
    aside = np.asarray(set_aside, dtype=bool)
    return ExportRows(sweep_id, spec, solution, names, table, {}, np.asarray(labels, dtype=np.int32), aside, copies=False)


def segment_titles(
    store: Store, sweep_id: str, position: int, segments: Sequence[int], *, rows: Callable[[], FeatureTable] | None = None
) -> dict[int, str]:
    """Return the names of segments: the analyst's names, else "Segment 0" and "Noise"."""
    given = known_names(store, store.sweep(sweep_id), position, rows=rows).names
    return {label: segment_title(label, given) for label in segments}


def _chosen(solution: Solution, segments: Sequence[int] | None) -> list[int]:
    there = [*([NOISE] if solution.n_noise else []), *solution.segments]
    if segments is None:
        return there
    unknown = [label for label in segments if label not in there]
    if unknown or not segments:
        point = point_key(solution.params)
        raise refusal("export.unknown_segments", kind=ParameterError, point=point, unknown=unknown, known=there)
    return sorted(set(segments))


def _positions(assembled: Assembled, repeats: int) -> np.ndarray:
    """Return the row of the full table for each clustered row."""
    return np.repeat(np.flatnonzero(assembled.kept), repeats)


def _preparation(store: Store, sweep_id: str) -> Preparation:
    preparation = store.sweep(sweep_id).preparation
    if preparation is None:
        raise refusal("export.no_preparation", kind=StoreError, sweep=sweep_id[:12])
    return preparation


def _scored(store: Store, sweep_id: str, solution: Solution, values: np.ndarray) -> np.ndarray:
    """Return the segments that scoring assigns to customers who were set aside."""
    preparation = _preparation(store, sweep_id)
    if not len(values):
        return np.zeros(0, dtype=np.int32)
    X = apply_preparation(preparation, values)
    return np.asarray(algorithm(store.spec(sweep_id).algorithm).scoring.assign(X, solution.arrays, solution.params), dtype=np.int32)


def _with_others(table: FeatureTable, others: FeatureTable, place: np.ndarray) -> FeatureTable:
    """Concatenate two tables and return the rows at the positions ``place``."""
    return replace(
        table,
        values=np.concatenate([table.values, others.values])[place],
        customers=np.concatenate([table.customers, others.customers])[place],
        copies=np.concatenate([table.copies, others.copies])[place],
        revenue=None,
        profile={name: np.concatenate([column, others.profile[name]])[place] for name, column in table.profile.items()},
        filled={name: np.concatenate([blank, others.filled[name]])[place] for name, blank in table.filled.items()},
    )
