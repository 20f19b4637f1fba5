"""Hierarchical clustering by Ward's criterion: independent fits, or one tree cut for every number of segments."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappush, heappushpop
from typing import Any

import numpy as np

import segcore
from segcore.clustering.algorithms.agreement import agreement
from segcore.clustering.algorithms.n_clusters import N_CLUSTERS
from segcore.clustering.engines import Estimator, Proof, fit_estimator, version_of
from segcore.clustering.specification.algorithm import AlgorithmSpec
from segcore.clustering.specification.cost import FIT_WORK, FLOAT_BYTES, CalibrationTask, Cost, CostModel, RowsToCost
from segcore.clustering.specification.outcome import more_than_rows, require_memory
from segcore.clustering.specification.presentation import Judging, Presentation, Scoring
from segcore.clustering.specification.task import SweepTask
from segcore.records.estimate import Estimate
from segcore.records.grid import Point, Value
from segcore.records.solution import EngineName, Solution

_ENGINES: tuple[EngineName, ...] = ("shared", "stock")
ESTIMATOR = Estimator("AgglomerativeClustering", "cluster", {"n_clusters": 2})
_FEWEST_ROWS = 2
_MERGES_KEPT = 49
# scipy computes the distance of every pair of rows once and then works on a copy of it.
_BYTES_A_PAIR = 16


@dataclass(frozen=True, slots=True, eq=False)
class WardTree:
    """All merges, from single rows to one segment.

    Parameters
    ----------
    children : ndarray of shape (n_rows - 1, 2), int
        What each merge joins: rows below ``n_rows``, and ``n_rows + i`` for what merge ``i`` made.
    heights : ndarray of shape (n_rows - 1,), float64
        Ascending: ``sqrt(2)`` times the root of what the merge adds to the inertia, in scaled units; for two rows, their distance.
    start, size : ndarray of shape (2 * n_rows - 1,), int
        First position and number of a node's rows, in an order of the rows that keeps every node's rows together.
    """

    children: np.ndarray
    heights: np.ndarray
    start: np.ndarray
    size: np.ndarray

    @classmethod
    def from_merges(cls, children: np.ndarray, heights: np.ndarray) -> WardTree:
        """Build the record from ``children`` and ``heights``."""
        n_rows, pairs = len(children) + 1, children.tolist()
        start, size = [0] * (2 * n_rows - 1), [1] * (2 * n_rows - 1)
        for merge, (left, right) in enumerate(pairs):
            size[n_rows + merge] = size[left] + size[right]
        for merge in range(len(pairs) - 1, -1, -1):
            left, right = pairs[merge]
            start[left] = start[n_rows + merge]
            start[right] = start[left] + size[left]
        return cls(children, heights, np.array(start), np.array(size))

    @property
    def n_rows(self) -> int:
        """Number of rows at the bottom of the tree."""
        return len(self.children) + 1

    def below(self, nodes: np.ndarray) -> np.ndarray:
        """Return each row's position in ``nodes`` of the node above it; together the nodes hold every row once."""
        line = np.empty(self.n_rows, dtype=np.int32)
        places = np.argsort(self.start[nodes])
        line[:] = np.repeat(places, self.size[nodes][places])
        return line[self.start[: self.n_rows]]


def fit_ward(task: SweepTask) -> Iterator[Solution]:
    """Yield the hierarchical clustering of each point; see `SweepTask`. Nothing in it is random.

    Notes
    -----
    ``stock`` is ``sklearn.cluster.AgglomerativeClustering(n_clusters, linkage="ward")``. ``shared`` builds the same tree once, by
    ``sklearn.cluster.ward_tree``, and cuts it for every number of segments; labels and their numbers are stock's. Distances come from
    differences, which a shift does not touch, so rows are not centred.

    All pairs' distances are held twice, ``8 * n_rows ** 2`` bytes; where ``memory`` is less, points fail beforehand.
    """
    if task.engine == "shared":
        yield from _fit_one_tree(task)
    else:
        yield from task.one_by_one(lambda point: _fit(task, point), lambda point: _reason_to_skip(task, point))


def _fit_one_tree(task: SweepTask) -> Iterator[Solution]:
    """Yield the cuts of one tree, which is built when the first point needs it; all points then count as started."""
    from sklearn.cluster import ward_tree

    reasons = [_reason_to_skip(task, point) for point in task.points]
    tree: WardTree | Exception | None = None
    for position, (point, reason) in enumerate(zip(task.points, reasons, strict=True)):
        if reason is not None:
            task.progress(position)
            yield task.skipped(point, reason)
            continue
        if tree is None:
            for waiting, other in enumerate(reasons):
                if other is None:
                    task.progress(waiting)
            began = time.perf_counter()
            tree = _tree_or_error(task, ward_tree)
            task.shared(time.perf_counter() - began)
        try:
            if isinstance(tree, Exception):
                raise tree
            solution = _cut(task, point, tree)
        except Exception as error:
            solution = task.failed(point, error)
        yield solution


def _reason_to_skip(task: SweepTask, point: Point) -> str | None:
    n_rows = len(task.X)
    if n_rows < _FEWEST_ROWS:
        return f"Hierarchical clustering needs at least {_FEWEST_ROWS} customers, but there {'is' if n_rows == 1 else 'are'} {n_rows}."
    return more_than_rows(point, "n_clusters", n_rows) if int(point["n_clusters"]) > n_rows else None


def _tree_or_error(task: SweepTask, ward_tree: Callable[..., Any]) -> WardTree | Exception:
    try:
        _require_memory(task)
        with warnings.catch_warnings():
            # A few rows can look like a matrix of distances, which scipy warns of.
            warnings.simplefilter("ignore")
            children, _, _, _, heights = ward_tree(task.X, return_distance=True)
    except Exception as error:
        return error
    return WardTree.from_merges(children, heights)


def _fit(task: SweepTask, point: Point) -> Solution:
    _require_memory(task)
    options = {"n_clusters": int(point["n_clusters"]), "linkage": "ward", "compute_distances": True}
    fitted = fit_estimator("stock", ESTIMATOR, task.X, **options)
    tree = WardTree.from_merges(np.asarray(fitted.estimator.children_), np.asarray(fitted.estimator.distances_))
    return _solution(task, point, tree, np.asarray(fitted.estimator.labels_), fitted.proof)


def _cut(task: SweepTask, point: Point, tree: WardTree) -> Solution:
    began = time.perf_counter()
    labels = cut_tree(tree, int(point["n_clusters"]))
    seconds = time.perf_counter() - began
    evidence = (
        f"segcore {segcore.__version__}, one tree by scikit-learn {version_of('scikit-learn')}, sklearn.cluster.ward_tree, for all points"
    )
    return _solution(task, point, tree, labels, Proof("shared", evidence, seconds))


def _solution(task: SweepTask, point: Point, tree: WardTree, labels: np.ndarray, proof: Proof) -> Solution:
    labels, n_clusters = labels.astype(np.int32), int(point["n_clusters"])
    n_distinct = int(np.count_nonzero(tree.heights)) + 1
    parted = n_distinct < n_clusters
    return task.solution(
        point,
        labels,
        proof,
        reason=f"Only {n_distinct:,} customers are distinct, so some with equal values are in different segments." if parted else None,
        arrays={"rows": task.X, "row_labels": labels, **top_of_tree(tree, labels, n_clusters)},
        # Equal rows are merged first, so the nearest row is one of the own segment, unless there are more segments than distinct rows.
        agreement=_agreement_of_equals(task.X, labels) if parted else None,
    )


def _agreement_of_equals(X: np.ndarray, labels: np.ndarray) -> Estimate:
    _, first, distinct = np.unique(X, axis=0, return_index=True, return_inverse=True)
    return agreement(labels[first][distinct] == labels, len(X))


def cut_tree(tree: WardTree, n_clusters: int) -> np.ndarray:
    """Return the segments after undoing the last ``n_clusters - 1`` merges, numbered as in scikit-learn.

    Parameters
    ----------
    tree : WardTree
    n_clusters : int
        From 1 to ``tree.n_rows``.

    Returns
    -------
    ndarray of shape (n_rows,), int32
        scikit-learn splits the newest node on a heap of negative numbers, and a segment's label is its node's place on it.
    """
    return tree.below(_heads(tree.children, tree.n_rows, n_clusters))


def _heads(children: np.ndarray, n_rows: int, n_clusters: int) -> np.ndarray:
    heap = [-(2 * n_rows - 2)]
    for _ in range(n_clusters - 1):
        left, right = children[-heap[0] - n_rows]
        heappush(heap, -int(left))
        heappushpop(heap, -int(right))
    return -np.array(heap)


def top_of_tree(tree: WardTree, labels: np.ndarray, n_clusters: int) -> dict[str, np.ndarray]:
    """Return the last merges as arrays for a dendrogram: 49, or as many as there are segments.

    Parameters
    ----------
    tree : WardTree
    labels : ndarray of shape (n_rows,), int32
        The point's segments.
    n_clusters : int

    Returns
    -------
    dict of ndarray
        ``tree_children`` of shape (n_merges, 2), int64: branches below ``n_merges + 1``, and ``n_merges + 1 + i`` for what merge ``i``
        made. ``tree_heights`` of shape (n_merges,), float64. ``branch_sizes`` and ``branch_labels`` of shape (n_merges + 1,): how many
        rows each branch holds, and in which segment they are.
    """
    n_merges = min(len(tree.children), max(_MERGES_KEPT, n_clusters))
    lowest = len(tree.children) - n_merges
    children = tree.children[lowest:]
    # What the merges kept join and none of them made are the branches, in the order of their numbers.
    cut = tree.n_rows + lowest
    branches = np.sort(children[children < cut])
    branch_of = tree.below(branches)
    return {
        "tree_children": np.where(children < cut, np.searchsorted(branches, children), children - cut + len(branches)).astype(np.int64),
        "tree_heights": np.ascontiguousarray(tree.heights[lowest:], dtype=np.float64),
        "branch_sizes": tree.size[branches].astype(np.int64),
        "branch_labels": labels[np.unique(branch_of, return_index=True)[1]].astype(np.int32),
    }


def _require_memory(task: SweepTask) -> None:
    n_rows = len(task.X)
    require_memory(
        n_rows * (n_rows - 1) // 2 * _BYTES_A_PAIR,
        task.memory,
        what=f"the distances between all pairs of {n_rows:,} customers need",
        instead="cluster fewer rows, or use k-means or mini-batch k-means",
    )


def assign_ward(X: np.ndarray, arrays: Mapping[str, np.ndarray], params: Mapping[str, Value]) -> np.ndarray:
    """Return the label of each row's nearest training row, the first of equally near ones.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
    arrays : mapping
        ``rows`` of shape (n_rows, n_features) and their ``row_labels`` of shape (n_rows,).

    Notes
    -----
    On the Online Retail customers a fifth of the rows, hidden, got their own label back from the nearest of the others in 88 to 95 %
    of the cases (3 to 30 segments), from the nearest segment centre in 76 to 86 %: Ward's segments are not round.
    """
    from segcore.clustering.kernels.density.reachability import block_rows, nearest_reachable

    rows, labels = np.asarray(arrays["rows"], dtype=np.float64), np.asarray(arrays["row_labels"], dtype=np.int32)
    everywhere = np.full((1, len(rows)), np.inf)
    found = nearest_reachable(X, np.zeros((1, len(X))), block_rows(rows), np.zeros((1, len(rows))), labels[None], everywhere)
    return found[0]


def _cost(rows: RowsToCost, points: Sequence[Point], engine: EngineName, *, memory: int | None = None) -> Cost:
    """Estimate the cost of Ward's tree: all pairs' distances, kept twice during the build; one tree under ``shared``."""
    n, d = rows.n_rows, rows.n_features
    tree, held = FIT_WORK + n * n * (d / 4 + 10.0), 2 * (n * (n - 1) // 2) * FLOAT_BYTES + n * 200
    trees = 1 if engine == "shared" else len(points)
    remedy = "fewer rows (fewer copies, or a filter), or an algorithm without a distance matrix, such as k-means or mini-batch k-means"
    if engine == "shared":
        return Cost.without_noise({"ward.shared": trees * tree}, (0,) * len(points), shared_bytes=held, remedy=remedy)
    return Cost.without_noise({f"ward.{engine}": trees * tree}, (held,) * len(points), remedy=remedy)


WARD = AlgorithmSpec(
    name="ward",
    title="Hierarchical (Ward)",
    words="Merges the most similar groups of customers, two at a time, into one tree; you choose how many segments to cut it into.",
    params=(N_CLUSTERS,),
    engines=_ENGINES,
    fit=fit_ward,
    scoring=Scoring(
        assign_ward,
        words="A new customer joins the segment of the nearest customer among those that were clustered.",
        steps="Distance is Euclidean, to each row of rows.npy; row_labels.npy has their segments. Of equally near ones the first counts. "
        "tree_children.npy, tree_heights.npy, branch_sizes.npy and branch_labels.npy only draw the top of the tree.",
    ),
    share_key=lambda point: (),
    numbered=True,
    judging=Judging("inertia", "n_clusters"),
    presentation=Presentation(tree_distance="Ward distance"),
    cost=CostModel(_cost, tuple(CalibrationTask(f"ward.{engine}", engine, 1_500, 16, ("n_clusters=4",)) for engine in _ENGINES)),
)
