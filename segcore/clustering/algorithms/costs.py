"""What a sweep takes before it is run, one function an algorithm: operations, of which a calibration knows the seconds, and bytes.

The formulas count what grows (rows, features, segments, iterations, neighbours); constants that stand in them were measured and are
those that make the estimate of one size hold at others.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from segcore.clustering.algorithms.specification import Cost, RowsToCost
from segcore.records.grid import Point
from segcore.records.solution import EngineName

_FLOAT = 8
_TREE_FEATURES = 15  # up to so many scikit-learn searches neighbours with a tree, beyond by computing all distances
_PAIR_BYTES = {"tree": 12, "brute": 21}  # of scikit-learn's neighbour lists while they are put together
_FIT = 2e6  # operations that a fit takes besides those on its rows: checks, threads, records
_MAX_EM, _EM_SHARE = 100, 0.4
_MINI_BATCH, _MINI_STEPS = 1024, 60
_SAMPLE_STARTS = 3


def kmeans_cost(rows: RowsToCost, points: Sequence[Point], engine: EngineName, *, memory: int | None = None) -> Cost:
    """Estimate k-means: distances of every row to every centre, as often as a k-means of a sample of the rows iterates.

    Under ``shared`` the points of one number of segments are one path, as long as that of the smallest tol.
    """
    n, d = rows.n_rows, rows.n_features
    lengths: dict[tuple[int, int], list[float]] = {}
    for index, point in enumerate(points):
        k, starts = int(point["n_clusters"]), int(point.get("n_init", 1))
        path = (k, starts) if engine == "shared" else (k, index)
        length = _FIT + starts * n * (k * (d + 8) * rows.iterations(k, float(point["tol"])) + k * (2 + math.log(k)) * (d + 8))
        lengths.setdefault(path, []).append(length if k <= n else 0.0)
    work = sum(max(path) for path in lengths.values())
    each = tuple(n * (_FLOAT * d + 40) for _ in points)
    # Centred rows, norms and bounds are shared; the rest grows with the number of centres only.
    together = 2 * n * (_FLOAT * d + 24) if engine == "shared" else 0
    return _cost(points, {f"kmeans.{engine}": work}, each if not together else (0,) * len(points), shared_bytes=together)


def minibatch_kmeans_cost(rows: RowsToCost, points: Sequence[Point], engine: EngineName, *, memory: int | None = None) -> Cost:
    """Estimate mini-batch k-means: some steps of a batch each, and one pass over all rows to label them."""
    n, d = rows.n_rows, rows.n_features
    work = 0.0
    for point in points:
        k, starts = int(point["n_clusters"]), int(point.get("n_init", _SAMPLE_STARTS))
        batch = int(point.get("batch_size", _MINI_BATCH))
        work += _FIT * 3 + k * (d + 8) * (n + batch * (_MINI_STEPS + 3 * starts * (2 + math.log(k))))
    return _cost(points, {f"minibatch_kmeans.{engine}": work}, tuple(n * (_FLOAT * d + 40) for _ in points))


def gaussian_mixture_cost(rows: RowsToCost, points: Sequence[Point], engine: EngineName, *, memory: int | None = None) -> Cost:
    """Estimate Gaussian mixtures: each iteration weighs every row with every component, by all pairs of features where it has such."""
    n, d = rows.n_rows, rows.n_features
    work, held = 0.0, []
    for point in points:
        k, kind = int(point["n_components"]), str(point.get("covariance_type", "full"))
        starts = int(point.get("n_init", 1))
        row = {"full": 2 * d * d + 8 * d, "tied": d * d + 6 * d}.get(kind, 4 * d) + 60
        iterations = _MAX_EM * _EM_SHARE if k > 1 else 2
        begin = k * (d + 8) * (rows.iterations(k, 1e-4) + 2 + math.log(k))
        work += _FIT + starts * n * (k * row * iterations + begin)
        held.append(n * _FLOAT * (3 * d + 4 * k))
    return _cost(points, {f"gaussian_mixture.{engine}": work}, tuple(held), remedy="fewer components, fewer rows, or mini-batch k-means")


def ward_cost(rows: RowsToCost, points: Sequence[Point], engine: EngineName, *, memory: int | None = None) -> Cost:
    """Estimate Ward's tree: the distances of all pairs of rows, kept twice while the tree is built; one tree under ``shared``."""
    n, d = rows.n_rows, rows.n_features
    tree, held = _FIT + n * n * (d / 4 + 10.0), 2 * (n * (n - 1) // 2) * _FLOAT + n * 200
    trees = 1 if engine == "shared" else len(points)
    remedy = "fewer rows (fewer repeats, or a filter), or an algorithm that keeps no distances, such as k-means or mini-batch k-means"
    if engine == "shared":
        return _cost(points, {"ward.shared": trees * tree}, (0,) * len(points), shared_bytes=held, remedy=remedy)
    return _cost(points, {f"ward.{engine}": trees * tree}, (held,) * len(points), remedy=remedy)


def hdbscan_cost(rows: RowsToCost, points: Sequence[Point], engine: EngineName, *, memory: int | None = None) -> Cost:
    """Estimate HDBSCAN: neighbours once for each min_samples, and a spanning tree over the rows, by their square."""
    n, d = rows.n_rows, rows.n_features
    tree = _FIT + n * n * (d + 10.0)
    trees = len({point.get("min_samples") for point in points}) if engine == "shared" else len(points)
    most = max((int(point.get("min_samples", 10)) for point in points), default=1)
    held = n * (_FLOAT * (2 * d + 40) + 16 * most)
    remedy = "fewer rows, or mini-batch k-means"
    work = {f"hdbscan.{engine}": trees * tree + len(points) * (_FIT + 400.0 * n)}
    if engine == "shared":
        return _cost(points, work, (0,) * len(points), shared_bytes=held, remedy=remedy)
    return _cost(points, work, (held,) * len(points), remedy=remedy)


def dbscan_cost(rows: RowsToCost, points: Sequence[Point], engine: EngineName, *, memory: int | None = None) -> Cost:
    """Estimate DBSCAN from the neighbours that sampled rows have within eps.

    Independent fits keep every neighbour of every row; ``shared`` searches once, at the largest eps, and keeps to ``memory``.
    """
    n, d = rows.n_rows, rows.n_features
    way = "tree" if d <= _TREE_FEATURES else "brute"
    pairs = [n * rows.neighbours(float(point["eps"])) for point in points]
    core = tuple(rows.dense_share(float(point["eps"]), int(point["min_samples"])) for point in points)
    kept = tuple(int(share * n * (_FLOAT * d + 12)) for share in core)
    widest = max((float(point["eps"]) for point in points), default=0.0)
    if engine == "shared":
        found, radii = max(pairs, default=0.0), len({point["eps"] for point in points})
        work = _FIT + n * (n * rows.near_share(widest) * (d / 4 + 1) + 40.0 * d * math.log(n + 1)) + len(points) * (found + 60.0 * n)
        held = int(n * (4 * _FLOAT * d + 200) + min(found / 4 * (8 + 2 * radii), (memory or math.inf) / 2))
        each = tuple(40 * n for _ in points)
        return Cost({"dbscan.shared": work}, each, kept, core, shared_bytes=held, remedy=_smaller(widest))
    work, held_each = 0.0, []
    for point, found in zip(points, pairs, strict=True):
        looked = n * n * (rows.near_share(float(point["eps"])) if way == "tree" else 1.0) * (d + 8)
        work += _FIT + looked + 12 * found + 40.0 * n * d
        held_each.append(int(found * _PAIR_BYTES[way] + n * (_FLOAT * d + 100)) if engine == "stock" else n * (_FLOAT * 2 * d + 100))
    kind = f"dbscan.{engine}.{way}" if engine == "stock" else f"dbscan.{engine}"
    return Cost({kind: work}, tuple(held_each), kept, core, remedy=_smaller(widest))


def _smaller(eps: float) -> str:
    return f"a smaller eps than {eps:g}, fewer rows, or mini-batch k-means"


def _cost(points: Sequence[Point], work: dict[str, float], each: Iterable[int], **more: object) -> Cost:
    """Build the cost of an algorithm whose solutions are little more than labels, with noise nowhere."""
    return Cost(work, tuple(each), (0,) * len(points), (1.0,) * len(points), **more)  # type: ignore[arg-type]
