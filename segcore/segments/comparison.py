"""Comparison of two solutions of the same customers: what became of each segment, and who moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from segcore.clustering.compare import adjusted_rand_index, matched_segments
from segcore.errors import DataError
from segcore.features.assemble import assemble
from segcore.records.grid import point_key
from segcore.records.solution import NOISE
from segcore.segments.names import known_names
from segcore.store.store import Store
from segcore.sweeps.overview import sweep_name
from segcore.sweeps.points import point_rows, point_table
from segcore.wording.numbers import counted, listed, percent_text, segment_title

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["stayed", "split", "merged", "vanished", "appeared"]
_MOSTLY = 0.5
_PART = 0.1


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of segments.

    Parameters
    ----------
    kind : {"stayed", "split", "merged", "vanished", "appeared"}
    before, after : tuple of int
        Segments of the first and of the second solution; one of the two is empty if segments vanished or appeared.
    customers : int
        Customers who are in both; for vanished and appeared segments, their size.
    jaccard : float or None
        Jaccard index of all of ``before`` and all of ``after``: the customers in both as a share of those in either.
    """

    kind: Kind
    before: tuple[int, ...]
    after: tuple[int, ...]
    customers: int
    jaccard: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "kind": self.kind,
            "before": list(self.before),
            "after": list(self.after),
            "customers": self.customers,
            "jaccard": self.jaccard,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Fate:
        """Build the record from the output of ``to_json``."""
        return cls(data["kind"], tuple(data["before"]), tuple(data["after"]), data["customers"], data["jaccard"])


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two labellings of the same customers.

    Parameters
    ----------
    before, after : ndarray of shape (n_customers,), int
        Segments in the first and in the second solution; -1 is noise.
    labels_before, labels_after : tuple of int
        Labels that occur, ascending, so noise comes first.
    counts : ndarray of shape (len(labels_before), len(labels_after)), int64
        Customers in each pair.
    fates : tuple of Fate
        One for each segment, except noise: those that stayed, were split, were merged, vanished, appeared.
    partners : mapping of int to int
        For segments of the first solution, the segment of the second with most of the same customers; each is used once.
    agreement : float
        Adjusted Rand index; noise counts as one more segment.
    """

    before: np.ndarray
    after: np.ndarray
    labels_before: tuple[int, ...]
    labels_after: tuple[int, ...]
    counts: np.ndarray
    fates: tuple[Fate, ...]
    partners: Mapping[int, int]
    agreement: float

    @property
    def moved(self) -> np.ndarray:
        """Customers who are not in the partner of their segment, shape (n_customers,), bool."""
        unmatched = min(self.labels_after, default=0) - 1
        expected = np.array([self.partners.get(label, unmatched) for label in self.labels_before])
        return np.asarray(expected[np.searchsorted(self.labels_before, self.before)] != self.after)


def compare_labels(before: np.ndarray, after: np.ndarray) -> Comparison:
    """Compare two labellings.

    Parameters
    ----------
    before, after : ndarray of shape (n_customers,), int
        -1 is noise.

    Notes
    -----
    A segment was *split* if at least two segments of the second solution consist mostly of its customers, each holds at least a tenth of
    its customers, and together they hold most of them; *merged* is the same the other way round. Of the other segments, two with a Jaccard
    index above one half are one that *stayed*. The rest *vanished* or *appeared*. Partners are the assignment, noise to noise, under which
    most customers stay.
    """
    rows, i = np.unique(before, return_inverse=True)
    columns, j = np.unique(after, return_inverse=True)
    counts = np.bincount(i * len(columns) + j, minlength=len(rows) * len(columns)).reshape(len(rows), len(columns)).astype(np.int64)
    labels = (tuple(int(label) for label in rows), tuple(int(label) for label in columns))
    fates = _fates(counts, *labels, matched_segments(before, after))
    return Comparison(before, after, *labels, counts, fates, _partners(counts, *labels), adjusted_rand_index(before, after))


def _fates(
    counts: np.ndarray, before: tuple[int, ...], after: tuple[int, ...], matched: Sequence[tuple[int, int, float]]
) -> tuple[Fate, ...]:
    sizes, later = counts.sum(axis=1), counts.sum(axis=0)
    left = [at for at, label in enumerate(before) if label != NOISE]
    right = [at for at, label in enumerate(after) if label != NOISE]
    split: list[Fate] = []
    merged: list[Fate] = []
    for row in list(left):
        parts = _parts(counts[row], sizes[row], later, right)
        if parts:
            split.append(Fate("split", (before[row],), tuple(after[at] for at in parts), *_overlap(counts, [row], parts)))
            left.remove(row)
            right = [at for at in right if at not in parts]
    for column in list(right):
        parts = _parts(counts[:, column], later[column], sizes, left)
        if parts:
            merged.append(Fate("merged", tuple(before[at] for at in parts), (after[column],), *_overlap(counts, parts, [column])))
            right.remove(column)
            left = [at for at in left if at not in parts]
    stayed = []
    for label, to, jaccard in matched:
        row, column = before.index(label), after.index(to)
        if row in left and column in right:
            stayed.append(Fate("stayed", (label,), (to,), int(counts[row, column]), jaccard))
            left.remove(row)
            right.remove(column)
    vanished = [Fate("vanished", (before[row],), (), int(sizes[row])) for row in left]
    appeared = [Fate("appeared", (), (after[column],), int(later[column])) for column in right]
    return (*stayed, *split, *merged, *vanished, *appeared)


def _parts(shared: np.ndarray, size: int, sizes: np.ndarray, among: list[int]) -> list[int]:
    """Return the segments that a segment was split into; empty if it was not split."""
    parts = [at for at in among if shared[at] > _MOSTLY * sizes[at] and shared[at] >= _PART * size]
    return parts if len(parts) > 1 and shared[parts].sum() > _MOSTLY * size else []


def _overlap(counts: np.ndarray, rows: list[int], columns: list[int]) -> tuple[int, float]:
    """Return the customers that some segments of both solutions share, and their Jaccard index."""
    both = int(counts[np.ix_(rows, columns)].sum())
    either = int(counts[rows].sum() + counts[:, columns].sum()) - both
    return both, both / either


def _partners(counts: np.ndarray, before: tuple[int, ...], after: tuple[int, ...]) -> dict[int, int]:
    from scipy.optimize import linear_sum_assignment

    rows = [at for at, label in enumerate(before) if label != NOISE]
    columns = [at for at, label in enumerate(after) if label != NOISE]
    some = counts[np.ix_(rows, columns)]
    found = {before[rows[at]]: after[columns[to]] for at, to in zip(*linear_sum_assignment(-some), strict=True) if some[at, to]}
    return {**found, NOISE: NOISE}


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One of the compared solutions.

    Parameters
    ----------
    sweep, sweep_name : str
    point : str
        Name of the solution: see `point_key`.
    label : str
        The solution in words.
    names : mapping of int to str
        Name of each segment, and of noise.
    measures : mapping of str to value
        Its row of `point_table`.
    """

    sweep: str
    sweep_name: str
    point: str
    label: str
    names: Mapping[int, str]
    measures: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class SolutionComparison:
    """Two solutions of the same customers.

    Parameters
    ----------
    before, after : Side
    comparison : Comparison
        Of the customers in both.
    customers : ndarray of shape (n_customers,), object
        Their ids, ascending.
    only_before, only_after : int
        Customers that the other solution does not have, such as those set aside by an outlier rule.
    """

    before: Side
    after: Side
    comparison: Comparison
    customers: np.ndarray
    only_before: int
    only_after: int

    def flow(self) -> list[dict[str, Any]]:
        """Return one record for each pair of segments that share customers: labels, names, customers, and their share of both segments."""
        found = self.comparison
        sizes, later = found.counts.sum(axis=1), found.counts.sum(axis=0)
        return [
            {
                "before": label,
                "before_name": self.before.names[label],
                "after": to,
                "after_name": self.after.names[to],
                "customers": int(found.counts[i, j]),
                "share_of_before": float(found.counts[i, j] / sizes[i]),
                "share_of_after": float(found.counts[i, j] / later[j]),
            }
            for i, label in enumerate(found.labels_before)
            for j, to in enumerate(found.labels_after)
            if found.counts[i, j]
        ]

    def moved_rows(self) -> pa.Table:
        """Return the customers who moved: customer_id, before, before_name, after, after_name."""
        import pyarrow as pa

        rows = np.flatnonzero(self.comparison.moved)
        columns: dict[str, Any] = {"customer_id": pa.array(self.customers[rows].tolist(), pa.string())}
        for name, side, labels in (("before", self.before, self.comparison.before), ("after", self.after, self.comparison.after)):
            columns[name] = pa.array(labels[rows], pa.int32())
            columns[f"{name}_name"] = pa.array([side.names[label] for label in labels[rows].tolist()], pa.string())
        return pa.table(columns)

    def to_json(self) -> dict[str, Any]:
        """Return plain values, as ``compare --json`` prints them."""
        return {
            **{
                name: {"sweep": side.sweep, "name": side.sweep_name, "point": side.point, "measures": dict(side.measures)}
                for name, side in (("before", self.before), ("after", self.after))
            },
            "customers": len(self.customers),
            "only_before": self.only_before,
            "only_after": self.only_after,
            "adjusted_rand_index": self.comparison.agreement,
            "moved": int(self.comparison.moved.sum()),
            "fates": [{**fate.to_json(), "text": self.fate_text(fate)} for fate in self.comparison.fates],
            "flow": self.flow(),
        }

    def fate_text(self, fate: Fate) -> str:
        """Return what became of a segment, as a sentence."""
        before, after = (self._named(side, labels) for side, labels in ((self.before, fate.before), (self.after, fate.after)))
        found = self.comparison
        if fate.kind == "vanished":
            to = found.counts[found.labels_before.index(fate.before[0])]
            most, share = self._named(self.after, (found.labels_after[int(to.argmax())],)), percent_text(to.max() / to.sum())
            return f"{before} vanished: of its {counted(fate.customers, 'customer')}, {share} are in {most}, the most in one segment."
        if fate.kind == "appeared":
            source = found.counts[:, found.labels_after.index(fate.after[0])]
            most, share = self._named(self.before, (found.labels_before[int(source.argmax())],)), percent_text(source.max() / source.sum())
            return f"{after} appeared: of its {counted(fate.customers, 'customer')}, {share} come from {most}, the most from one segment."
        shared = f"{counted(fate.customers, 'customer')} in both, {percent_text(fate.jaccard)} of those in either"
        if fate.kind == "stayed" and before == after:
            return f"{before} stayed: {shared}."
        words = {"stayed": "is", "split": "was split into", "merged": "were merged into"}[fate.kind]
        return f"{before} {words} {after}: {shared}."

    def summary(self) -> str:
        """Return the answer in two sentences."""
        kinds = [fate.kind for fate in self.comparison.fates]
        parts = [
            f"{counted(kinds.count(kind), one, many)}"
            for kind, one, many in (
                ("stayed", "segment stayed", "segments stayed"),
                ("split", "was split", "were split"),
                ("merged", "merger", "mergers"),
                ("vanished", "vanished", "vanished"),
                ("appeared", "appeared", "appeared"),
            )
            if kind in kinds
        ]
        moved = int(self.comparison.moved.sum())
        share = percent_text(moved / len(self.customers))
        agreement = f"{self.comparison.agreement:.2f}"
        return (
            f"{listed(parts).capitalize() if parts else 'There are no segments to compare'}; {counted(moved, 'customer')} of "
            f"{len(self.customers):,} ({share}) moved. Adjusted Rand index {agreement}, where 1 means the same segments "
            "and 0 no more agreement than by chance."
        )

    @staticmethod
    def _named(side: Side, labels: Sequence[int]) -> str:
        return listed([f"“{side.names[label]}”" for label in labels])


def compare_solutions(store: Store, before: tuple[str, int], after: tuple[str, int]) -> SolutionComparison:
    """Compare two solutions by the customers that both have.

    Parameters
    ----------
    store : Store
    before, after : pair of str and int
        Id of a sweep, and the position of the solution.

    Raises
    ------
    DataError
        If the solutions have no customer in common.
    StoreError
        If a solution is not finished, or has no segments.
    """
    ids, labels = _labelled(store, *before)
    others, later = _labelled(store, *after)
    both, i, j = np.intersect1d(ids, others, assume_unique=True, return_indices=True)
    if not len(both):
        raise DataError("The two solutions have no customer in common: compare solutions of the same data.")
    return SolutionComparison(
        _side(store, *before),
        _side(store, *after),
        compare_labels(labels[i], later[j]),
        both,
        len(ids) - len(both),
        len(others) - len(both),
    )


def _labelled(store: Store, sweep_id: str, position: int) -> tuple[np.ndarray, np.ndarray]:
    """Return ids and segments of the customers that were clustered, without their copies."""
    spec, solution = store.spec(sweep_id), store.solution(sweep_id, position)
    if solution.labels is None:
        raise DataError(f"{point_key(solution.params)} has no segments to compare: {solution.reason}")
    table = assemble(store.feature_table(spec.table, profile=False), spec.plan).table
    first = np.asarray(table.copies) == 0
    return np.asarray(table.customers)[first].astype(str), np.asarray(solution.labels)[first]


def _side(store: Store, sweep_id: str, position: int) -> Side:
    sweep = store.sweep(sweep_id)
    row = point_rows(sweep)[position]
    point = point_key(sweep.spec.points[position])
    given = known_names(store, sweep, position).names
    labels = np.unique(np.asarray(store.solution(sweep_id, position).labels)).tolist()
    names = {int(label): segment_title(int(label), given) for label in labels}
    return Side(sweep_id, sweep_name(store, sweep_id), point, row.label, names, point_table(sweep)[position])
