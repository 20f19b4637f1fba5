"""HDBSCAN: independent fits, or a grid whose points share neighbours and, for each min_samples, one spanning tree."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

import segcore
from segcore.clustering.algorithms.agreement import agreement, agreement_rows
from segcore.clustering.engines import Estimator, FitWarning, Proof, fit_estimator, version_of
from segcore.clustering.specification.algorithm import AlgorithmSpec
from segcore.clustering.specification.cost import FIT_WORK, FLOAT_BYTES, CalibrationTask, Cost, CostModel, RowsToCost
from segcore.clustering.specification.outcome import as_sentences, more_than_rows
from segcore.clustering.specification.presentation import Judging, Presentation, Scoring
from segcore.clustering.specification.task import SweepTask
from segcore.records.grid import Point, Value
from segcore.records.params import Param
from segcore.records.solution import NOISE, EngineName, Solution
from segcore.system.cores import in_threads

if TYPE_CHECKING:
    from segcore.clustering.kernels.density.condensed_tree import Linkage
    from segcore.clustering.kernels.density.reachability import Blocks, SpanningTree

_ENGINES: tuple[EngineName, ...] = ("shared", "stock")
ESTIMATOR = Estimator("HDBSCAN", "cluster", {"copy": True})
_FEWEST_ROWS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Density:
    """Work shared by the points of one ``min_samples``.

    Parameters
    ----------
    core : ndarray of shape (n_rows,), float64
        Distance from each row to its ``min_samples``-th nearest, itself the first.
    tree : SpanningTree
        Of the mutual reachabilities.
    linkage : Linkage
        The tree's edges as merges.
    """

    core: np.ndarray
    tree: SpanningTree
    linkage: Linkage


@dataclass(frozen=True, slots=True, eq=False)
class _Labelled:
    """Segments of a point, before scoring is tested on the training rows."""

    point: Point
    labels: np.ndarray
    proof: Proof
    warnings: tuple[FitWarning, ...] = ()


def fit_hdbscan(task: SweepTask) -> Iterator[Solution]:
    """Yield the HDBSCAN of each point; see `SweepTask`. ``memory`` is not needed: it takes a few times ``X``.

    Notes
    -----
    ``stock`` is ``sklearn.cluster.HDBSCAN(min_cluster_size, min_samples)``: Euclidean, the branches with the largest excess of mass
    selected, never the root, segments numbered breadth first from it. ``shared`` gives the same labels: neighbours are searched once
    for all ``min_samples``, the spanning tree of each serves every ``min_cluster_size``, and trees grow in parallel, one core each.
    Both cost the square of the rows at most. Distances come from differences, which a shift does not touch, so rows are not centred.

    Nothing in it is random but the rows on which scoring is tried: ``seed`` draws them where there are more than 2,000.
    """
    if task.engine == "stock":
        yield from _fit_stock(task)
        return
    wanted = []
    for position, point in enumerate(task.points):
        task.progress(position)
        reason = _reason_to_skip(task, point)
        if reason is None:
            wanted.append(point)
        else:
            yield task.skipped(point, reason)
    try:
        solutions = _fit_shared(task, wanted) if wanted else []
    except Exception as error:
        solutions = [task.failed(point, error) for point in wanted]
    yield from solutions


def _reason_to_skip(task: SweepTask, point: Point) -> str | None:
    n_rows = len(task.X)
    if n_rows < _FEWEST_ROWS:
        return f"HDBSCAN needs at least {_FEWEST_ROWS} customers, but there {'is' if n_rows == 1 else 'are'} {n_rows}."
    for name in ("min_cluster_size", "min_samples"):
        if int(point[name]) > n_rows:
            return more_than_rows(point, name, n_rows)
    return None


def _fit_stock(task: SweepTask) -> Iterator[Solution]:
    """Fit each point alone; the other inputs of scoring are computed as by the other engine, and not timed."""
    blocks: Blocks | None = None
    densities: dict[int, Density] = {}

    def fit(point: Point) -> Solution:
        nonlocal blocks, densities
        blocks = blocks or _blocks(task.X)
        found = _fit(task.X, point)
        if int(point["min_samples"]) not in densities:
            densities = _densities(task.X, blocks, [int(point["min_samples"])])
        (solution,) = _solutions(task, blocks, densities, [found])
        return solution

    yield from task.one_by_one(fit, lambda point: _reason_to_skip(task, point))


def _fit(X: np.ndarray, point: Point) -> _Labelled:
    size, samples = int(point["min_cluster_size"]), int(point["min_samples"])
    fitted = fit_estimator("stock", ESTIMATOR, X, min_cluster_size=size, min_samples=samples, copy=True)
    return _Labelled(point, np.asarray(fitted.estimator.labels_, dtype=np.int32), fitted.proof, fitted.warnings)


def _fit_shared(task: SweepTask, points: Sequence[Point]) -> list[Solution]:
    from segcore.clustering.kernels.density.condensed_tree import stable_segments

    evidence = (
        f"segcore {segcore.__version__}, neighbours searched once and a spanning tree for each min_samples, as in scikit-learn "
        f"{version_of('scikit-learn')}'s HDBSCAN"
    )
    began = time.perf_counter()
    blocks = _blocks(task.X)
    densities = _densities(task.X, blocks, sorted({int(point["min_samples"]) for point in points}))
    task.shared(time.perf_counter() - began)
    found = []
    for point in points:
        began = time.perf_counter()
        labels = stable_segments(densities[int(point["min_samples"])].linkage, int(point["min_cluster_size"]))
        found.append(_Labelled(point, labels, Proof("shared", evidence, time.perf_counter() - began)))
    return _solutions(task, blocks, densities, found)


def _blocks(X: np.ndarray) -> Blocks:
    from segcore.clustering.kernels.density.reachability import block_rows

    with np.errstate(over="ignore"):
        if not np.isfinite(np.sum(np.square(X.max(axis=0) - X.min(axis=0)))):
            raise ValueError("the rows are so far apart that their distances overflow: scale the features")
    return block_rows(X)


def _densities(X: np.ndarray, blocks: Blocks, samples: Sequence[int]) -> dict[int, Density]:
    """Return the points' shared work, by ``min_samples``; the trees grow in parallel."""
    from segcore.clustering.kernels.density.condensed_tree import single_linkage
    from segcore.clustering.kernels.density.reachability import core_distances, spanning_tree

    cores = core_distances(X, blocks, list(samples))

    def grow(core: np.ndarray) -> Density:
        tree = spanning_tree(X, blocks, core)
        return Density(core, tree, single_linkage(tree))

    return dict(zip(samples, in_threads(partial(grow, core) for core in cores), strict=True))


def _solutions(task: SweepTask, blocks: Blocks, densities: Mapping[int, Density], found: Sequence[_Labelled]) -> list[Solution]:
    """Return the points' records; scoring is tested on the training rows for all points in one pass of the distances."""
    from segcore.clustering.kernels.density.reachability import nearest_reachable

    X = task.X
    shared_by = [densities[int(each.point["min_samples"])] for each in found]
    levels = [segment_levels(density.tree, each.labels) for density, each in zip(shared_by, found, strict=True)]
    cores, labels = np.array([density.core for density in shared_by]), np.array([each.labels for each in found])
    rows = agreement_rows(len(X), task.seed)
    again = nearest_reachable(X[rows], cores[:, rows], blocks, cores, labels, _levels_of_rows(labels, levels))
    return [
        task.solution(
            each.point,
            each.labels,
            each.proof,
            reason=_remarks(each),
            arrays={"rows": X, "row_labels": each.labels, "core_distances": density.core, "levels": level},
            agreement=agreement(mine == each.labels[rows], len(X)),
        )
        for each, density, level, mine in zip(found, shared_by, levels, again, strict=True)
    ]


def _remarks(found: _Labelled) -> str | None:
    said = [warning.text for warning in found.warnings]
    if (found.labels == NOISE).all():
        size = found.point["min_cluster_size"]
        said.insert(0, f"No two groups of {size} or more customers are separate from each other, so all are noise")
    return as_sentences(said)


def segment_levels(tree: SpanningTree, labels: np.ndarray) -> np.ndarray:
    """Return the mutual reachability from each segment to the nearest row outside it, where it separates from the rest.

    Parameters
    ----------
    tree : SpanningTree
        Of all rows; the least edge that leaves a segment is among its edges.
    labels : ndarray of shape (n_rows,), int32

    Returns
    -------
    ndarray of shape (n_segments,), float64
    """
    levels = np.full(int(labels.max(initial=NOISE)) + 1, np.inf)
    one, other = labels[tree.source], labels[tree.target]
    leaving = one != other
    for ends in (one, other):
        inside = leaving & (ends != NOISE)
        np.minimum.at(levels, ends[inside], tree.distance[inside])
    return levels


def _levels_of_rows(labels: np.ndarray, levels: Sequence[np.ndarray]) -> np.ndarray:
    # The last place is for noise, which has no rows.
    return np.array([np.append(level, 0.0)[each] for each, level in zip(labels, levels, strict=True)])


def assign_hdbscan(X: np.ndarray, arrays: Mapping[str, np.ndarray], params: Mapping[str, Value]) -> np.ndarray:
    """Return each row's segment at the density where that segment separates from the rest, else -1.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
    arrays : mapping
        ``rows`` of shape (n_rows, n_features), their ``row_labels`` and ``core_distances`` of shape (n_rows,), and ``levels`` of shape
        (n_segments,): see ``segment_levels``.
    params : mapping
        The point: ``min_samples``.

    Notes
    -----
    A row's own core distance is that to the ``min_samples``-th nearest training row. HDBSCAN's segment at its level is what mutual
    reachabilities below the level connect, so a training row is reached below the level exactly if it belongs to the segment; only
    where a core distance equals a level may it come out otherwise (2 of 4,256 Online Retail customers at worst). That is why the
    nearest by mutual reachability decides, as in approximate prediction, and no radius of our own.

    References
    ----------
    Campello, Moulavi, Zimek and Sander (2015), ACM TKDD 10. McInnes, Healy and Astels (2017), JOSS 2 (approximate prediction).
    """
    from segcore.clustering.kernels.density.reachability import block_rows, core_distances, nearest_reachable

    rows, labels = np.asarray(arrays["rows"], dtype=np.float64), np.asarray(arrays["row_labels"], dtype=np.int32)[None]
    blocks, X = block_rows(rows), np.ascontiguousarray(X, dtype=np.float64)
    core = core_distances(X, blocks, [int(params["min_samples"])])
    row_core, levels = np.asarray(arrays["core_distances"], dtype=np.float64)[None], np.asarray(arrays["levels"])
    return nearest_reachable(X, core, blocks, row_core, labels, _levels_of_rows(labels, [levels]))[0]


def _cost(rows: RowsToCost, points: Sequence[Point], engine: EngineName, *, memory: int | None = None) -> Cost:
    """Estimate HDBSCAN's cost: neighbours and a spanning tree per min_samples, by the square of the rows."""
    n, d = rows.n_rows, rows.n_features
    tree = FIT_WORK + n * n * (d + 10.0)
    trees = len({point.get("min_samples") for point in points}) if engine == "shared" else len(points)
    most = max((int(point.get("min_samples", 10)) for point in points), default=1)
    held = n * (FLOAT_BYTES * (2 * d + 40) + 16 * most)
    remedy = "fewer rows, or mini-batch k-means"
    work = {f"hdbscan.{engine}": trees * tree + len(points) * (FIT_WORK + 400.0 * n)}
    if engine == "shared":
        return Cost.without_noise(work, (0,) * len(points), shared_bytes=held, remedy=remedy)
    return Cost.without_noise(work, (held,) * len(points), remedy=remedy)


HDBSCAN = AlgorithmSpec(
    name="hdbscan",
    title="HDBSCAN",
    words="Finds dense groups of customers of any shape, each at its own density. Customers in no group are noise.",
    params=(
        Param(
            "min_cluster_size",
            "int",
            2,
            None,
            (10, 25, 50),
            "Smallest segment",
            "customers",
            "Smallest number of customers in a segment; smaller groups are noise, or part of a larger segment.",
        ),
        Param(
            "min_samples",
            "int",
            1,
            None,
            (5, 10, 25),
            "Neighbours",
            "customers",
            "Number of nearest customers, including the customer itself, that define density; a larger number gives more noise.",
            counts="neighbour",
        ),
    ),
    engines=_ENGINES,
    fit=fit_hdbscan,
    scoring=Scoring(
        assign_hdbscan,
        words="A new customer joins the segment of the customer it reaches most easily through dense areas, if that segment reaches so far "
        "before it merges with the rest; otherwise it is noise.",
        steps="Distance is Euclidean, to each row of rows.npy; row_labels.npy has their segments, core_distances.npy their core distances. "
        "A new customer's core distance is that to the min_samples-th nearest row. It reaches a row at the largest of their distance and "
        "their two core distances. Of the rows that are not noise and that it reaches at less than value i of levels.npy, i being their "
        "segment, the one reached at the least gives the segment; of equal ones the nearest. Without any it is noise, -1.",
    ),
    share_key=lambda point: (),
    numbered=True,
    scales_with_rows=("min_cluster_size", "min_samples"),
    judging=Judging("silhouette", preference=lambda point: (-float(point["min_samples"]),)),
    presentation=Presentation(
        measures=("silhouette", "n_segments", "noise_share", "compactness"),
        mapped_over="min_samples",
        noise="are in no group that is large and dense enough",
        finds_more="fewer customers as the smallest segment",
    ),
    cost=CostModel(
        _cost,
        tuple(CalibrationTask(f"hdbscan.{engine}", engine, 2_000, 12, ("min_cluster_size=20", "min_samples=10")) for engine in _ENGINES),
    ),
)
