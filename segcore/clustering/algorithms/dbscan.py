"""DBSCAN: independent fits, like the Intel kit, or one neighbour search for the whole grid."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

import segcore
from segcore.clustering.engines import Estimator, Fitted, Proof, fit_estimator, version_of
from segcore.clustering.specification.algorithm import AlgorithmSpec
from segcore.clustering.specification.cost import FIT_WORK, FLOAT_BYTES, CalibrationTask, Cost, CostModel, RowsToCost
from segcore.clustering.specification.kit import KitCommand
from segcore.clustering.specification.outcome import as_sentences, require_memory
from segcore.clustering.specification.presentation import Judging, Presentation, RadiusHint, Scoring
from segcore.clustering.specification.task import SweepTask
from segcore.records.grid import Point, Value
from segcore.records.params import Param
from segcore.records.solution import NOISE, EngineName, Solution
from segcore.system.cores import take_rows
from segcore.system.machine import available_bytes

if TYPE_CHECKING:
    from segcore.clustering.kernels.density.dbscan import Labelling

ESTIMATOR = Estimator("DBSCAN", "cluster", {"eps": 0.5})
_TREE_FEATURES = 15  # up to so many scikit-learn searches neighbours with a tree, beyond by computing all distances
_PAIR_BYTES = {"tree": 12, "brute": 21}  # of scikit-learn's neighbour lists while they are put together
_SAMPLED_ROWS = 256
_RELATIVE_ERROR = 1e-9
_BYTES_A_NEIGHBOUR = 21


def fit_dbscan(task: SweepTask) -> Iterator[Solution]:
    """Yield the DBSCAN of each point; see `SweepTask`. Nothing in it is random: ``seed`` is only recorded.

    Notes
    -----
    ``stock`` gives the labels of ``sklearn.cluster.DBSCAN(eps=eps, min_samples=min_samples)``: clusters numbered by their lowest
    core row, a border row with the lowest label among the core rows within ``eps``. Its neighbour lists take 12 (tree) to 21 (brute
    force) bytes a pair while they are put together; a point for which they would not fit into ``memory`` fails beforehand instead of
    taking the machine down.

    ``shared`` gives stock's labels from one search for the neighbours at the largest ``eps``, in bounded memory; see
    ``segcore.clustering.kernels.density.dbscan``. Where rounding inside scikit-learn decides
    whether two customers lie within ``eps``, stock fits the point.
    The points at the largest ``eps`` are the ones to give up if the search fails; the others are then searched without them.
    """
    if task.engine == "shared":
        for matrix in _matrices(task.X, task.points):
            yield from _fit_matrix(task, matrix)
    else:
        yield from task.one_by_one(lambda point: _fit(task, point, task.engine))


def _fit(task: SweepTask, point: Point, engine: EngineName) -> Solution:
    eps, min_samples = float(point["eps"]), int(point["min_samples"])
    (matrix,) = _matrices(task.X, [point])
    if engine == "stock" or not matrix.is_precise:
        _require_memory(matrix.rows, eps, task.memory)
    fitted = _fit_precisely(matrix, eps, min_samples, engine)
    labels, core = np.asarray(fitted.estimator.labels_), np.asarray(fitted.estimator.core_sample_indices_, dtype=np.intp)
    return _solution(task, point, labels, core, fitted.proof, as_sentences(warning.text for warning in fitted.warnings))


def _solution(task: SweepTask, point: Point, labels: np.ndarray, core: np.ndarray, proof: Proof, reason: str | None = None) -> Solution:
    if not len(core):
        lonely = f"No customer has {point['min_samples']} customers within eps = {point['eps']:g}, including itself, so all are noise."
        reason = f"{lonely} {reason or ''}".strip()
    core_points = take_rows(task.X, core)
    arrays = {"core_points": core_points, "core_labels": labels[core].astype(np.int32), "core_rows": core.astype(np.int64)}
    return task.solution(point, labels, proof, reason=reason, arrays=arrays)


def _fit_matrix(task: SweepTask, matrix: _Matrix) -> Iterator[Solution]:
    """Yield the Solutions of points searched in the same matrix, largest ``eps`` first."""
    from segcore.clustering.kernels.density.dbscan import dbscan_grid

    points = task.points
    positions = sorted(matrix.positions, key=lambda position: -float(points[position]["eps"]))
    while positions:
        widest = [position for position in positions if points[position]["eps"] == points[positions[0]]["eps"]]
        for position in widest:
            task.progress(position)
        asked = [(float(points[position]["eps"]), int(points[position]["min_samples"])) for position in positions]
        try:
            labellings, seconds = dbscan_grid(matrix.rows, asked, memory=task.memory, by_norms=None if matrix.is_precise else False)
        except Exception as error:
            for position in widest:
                yield task.failed(points[position], error)
            positions = positions[len(widest) :]
            continue
        task.shared(seconds)
        for position, labelling in zip(positions, labellings, strict=True):
            if position not in widest:
                task.progress(position)
            yield _from_labelling(task, points[position], labelling)
        return


def _from_labelling(task: SweepTask, point: Point, labelling: Labelling) -> Solution:
    evidence = (
        f"segcore {segcore.__version__} grid of neighbours (numba {version_of('numba')}), "
        f"labels as scikit-learn {version_of('scikit-learn')}'s sklearn.cluster.DBSCAN"
    )
    try:
        if labelling.unsure:
            at_eps = f"customers at a distance of eps = {point['eps']:g} but for rounding"
            try:
                solution = _fit(task, point, "stock")
                return replace(solution, evidence=f"shared was requested, but there are {at_eps}; {solution.evidence}")
            except MemoryError:
                evidence += f", but for {at_eps}"
        return _solution(task, point, labelling.labels, labelling.core_rows, Proof("shared", evidence, labelling.seconds))
    except Exception as error:
        return task.failed(point, error)


def _fit_precisely(matrix: _Matrix, eps: float, min_samples: int, engine: EngineName) -> Fitted:
    if matrix.is_precise:
        return fit_estimator(engine, ESTIMATOR, matrix.rows, eps=eps, min_samples=min_samples)
    # A tree compares coordinates one by one, so nothing cancels however wide the rows are spread.
    fitted = fit_estimator("stock", ESTIMATOR, matrix.rows, eps=eps, min_samples=min_samples, algorithm="kd_tree")
    if engine == "stock":
        return fitted
    why = f"intel was requested, but its arithmetic is too imprecise for eps = {eps:g} in rows as widely spread as these"
    return replace(fitted, evidence=f"{why}; {fitted.evidence}")


@dataclass(frozen=True, slots=True, eq=False)
class _Matrix:
    """Rows in which the neighbours of some points are searched.

    Parameters
    ----------
    rows : ndarray of shape (n_customers, n_features), float64
        ``X``, moved to the origin where its distance from there spoils ``eps``.
    is_precise : bool
        Whether squared norms of these rows are precise enough for ``eps``.
    positions : list of int
        Of the points.
    """

    rows: np.ndarray
    is_precise: bool
    positions: list[int]


def _matrices(X: np.ndarray, points: Sequence[Point]) -> list[_Matrix]:
    """Return the matrices in which points are searched, one per point.

    Above 15 features both engines compute squared distances from squared norms, which cancel if rows are far from the origin:
    stock's labels then change under a mere shift. Rows near the origin are left as they are, to the bit. The shift is by a value of
    the column itself, so that differences of whole numbers stay exact and a distance of exactly ``eps`` stays one.
    """
    spoilt = _error_of_squared_distances(X)
    groups: dict[tuple[bool, bool], list[int]] = {}
    moved, left = X, spoilt
    if any(spoilt > _RELATIVE_ERROR * float(point["eps"]) ** 2 for point in points):
        nearest = np.argmin(np.abs(X - X.mean(axis=0)), axis=0)
        moved = X - X[nearest, np.arange(X.shape[1])]
        left = _error_of_squared_distances(moved)
    for position, point in enumerate(points):
        allowed = _RELATIVE_ERROR * float(point["eps"]) ** 2
        moves = spoilt > allowed
        groups.setdefault((moves, not moves or left <= allowed), []).append(position)
    return [_Matrix(moved if moves else X, precise, positions) for (moves, precise), positions in groups.items()]


def _error_of_squared_distances(X: np.ndarray) -> float:
    return float(4 * np.finfo(np.float64).eps * np.einsum("ij,ij->i", X, X).max(initial=0.0))


def _require_memory(X: np.ndarray, eps: float, memory: int | None) -> None:
    """Raise ``MemoryError`` if the neighbour lists, estimated from evenly spaced rows, would not fit."""
    if memory is None:
        memory = available_bytes()
    if len(X) ** 2 * _BYTES_A_NEIGHBOUR < memory:
        return
    from scipy.spatial.distance import cdist

    rows = np.unique(np.linspace(0, len(X) - 1, min(_SAMPLED_ROWS, len(X))).astype(np.intp))
    within = sum(int(np.count_nonzero(cdist(X[[row]], X) <= eps)) for row in rows)
    needed = within / len(rows) * len(X) * _BYTES_A_NEIGHBOUR
    require_memory(needed, memory, what=f"the neighbours within eps = {eps:g} need", instead="choose a smaller eps")


def assign_dbscan(X: np.ndarray, arrays: Mapping[str, np.ndarray], params: Mapping[str, Value]) -> np.ndarray:
    """Return each row's lowest label among the core points within ``eps``, else -1.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
    arrays : mapping
        ``core_points`` of shape (n_core, n_features) and their ``core_labels`` of shape (n_core,).
    params : mapping
        The point: ``eps``, in the units of ``X``.

    Notes
    -----
    Asks the segments in the order of their labels for the nearest core point of the rows that have no label yet, so memory does not
    grow with the number of neighbours.
    """
    from scipy.spatial import cKDTree

    eps = float(params["eps"])
    core_points, core_labels = np.asarray(arrays["core_points"]), np.asarray(arrays["core_labels"])
    labels = np.full(len(X), NOISE, dtype=np.int32)
    left = np.arange(len(X))
    for label in np.unique(core_labels):
        if not len(left):
            break
        members = core_points[core_labels == label]
        # The bound is open and rounds differently, so candidates are taken a hair beyond eps and compared again.
        _, nearest = cKDTree(members).query(X[left], distance_upper_bound=eps * (1 + 1e-9))
        found = nearest < len(members)
        rows, cores = left[found], nearest[found]
        inside = _squared_distances(X[rows], members[cores]) <= eps * eps
        labels[rows[inside]] = label
        left = left[labels[left] == NOISE]
    return labels


def _squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Sum the squared differences feature by feature, as scikit-learn's tree does, so that ties at eps are decided equally."""
    total = np.zeros(len(a))
    for column in range(a.shape[1]):
        total += (a[:, column] - b[:, column]) ** 2
    return total


def _kit_estimator(solution: Solution, X: np.ndarray) -> object:
    import sklearn.cluster

    params = solution.params
    estimator = sklearn.cluster.DBSCAN(eps=params["eps"], min_samples=int(params["min_samples"]))
    estimator.core_sample_indices_ = np.array(solution.arrays["core_rows"])
    estimator.components_ = np.array(solution.arrays["core_points"])
    estimator.labels_ = np.array(solution.labels, dtype=np.int64)
    estimator.n_features_in_ = X.shape[1]
    return estimator


def _cost(rows: RowsToCost, points: Sequence[Point], engine: EngineName, *, memory: int | None = None) -> Cost:
    """Estimate DBSCAN's cost from the neighbours of sampled rows within eps.

    Independent fits keep every neighbour of every row; ``shared`` searches once, at the largest eps, and keeps to ``memory``.
    """
    n, d = rows.n_rows, rows.n_features
    way = "tree" if d <= _TREE_FEATURES else "brute"
    pairs = [n * rows.neighbours(float(point["eps"])) for point in points]
    core = tuple(rows.dense_share(float(point["eps"]), int(point["min_samples"])) for point in points)
    kept = tuple(int(share * n * (FLOAT_BYTES * d + 12)) for share in core)
    widest = max((float(point["eps"]) for point in points), default=0.0)
    if engine == "shared":
        found, radii = max(pairs, default=0.0), len({point["eps"] for point in points})
        work = FIT_WORK + n * (n * rows.near_share(widest) * (d / 4 + 1) + 40.0 * d * math.log(n + 1)) + len(points) * (found + 60.0 * n)
        held = int(n * (4 * FLOAT_BYTES * d + 200) + min(found / 4 * (8 + 2 * radii), (memory or math.inf) / 2))
        each = tuple(40 * n for _ in points)
        return Cost({"dbscan.shared": work}, each, kept, core, shared_bytes=held, remedy=_smaller(widest))
    work, held_each = 0.0, []
    for point, found in zip(points, pairs, strict=True):
        looked = n * n * (rows.near_share(float(point["eps"])) if way == "tree" else 1.0) * (d + 8)
        work += FIT_WORK + looked + 12 * found + 40.0 * n * d
        held_each.append(
            int(found * _PAIR_BYTES[way] + n * (FLOAT_BYTES * d + 100)) if engine == "stock" else n * (FLOAT_BYTES * 2 * d + 100)
        )
    kind = f"dbscan.{engine}.{way}" if engine == "stock" else f"dbscan.{engine}"
    return Cost({kind: work}, tuple(held_each), kept, core, remedy=_smaller(widest))


def _smaller(eps: float) -> str:
    return f"a smaller eps than {eps:g}, fewer rows, or mini-batch k-means"


_CALIBRATION_GRID = ("eps=0.8", "min_samples=10")
DBSCAN = AlgorithmSpec(
    name="dbscan",
    title="DBSCAN",
    words="Finds dense groups of customers of any shape. Customers in no group are noise.",
    params=(
        Param(
            "min_samples",
            "int",
            1,
            None,
            (10, 50, 100),
            "Neighbours",
            "customers",
            "Number of customers within eps, including the customer itself, that make a customer the core of a segment.",
            counts="neighbour",
        ),
        Param(
            "eps",
            "float",
            0,
            None,
            (0.3, 0.5, 0.7),
            "Radius eps",
            "scaled units",
            "Largest distance between neighbours, over all scaled features together.",
            low_open=True,
            label="eps",
        ),
    ),
    engines=("shared", "stock", "intel"),
    fit=fit_dbscan,
    scoring=Scoring(
        assign_dbscan,
        words="A new customer joins the lowest-numbered segment that has a core customer within eps; without one it is noise.",
        steps="Distance is Euclidean, to each row of core_points.npy; core_labels.npy has their segments. A distance of exactly eps counts "
        "as within. -1 is noise.",
    ),
    share_key=lambda point: (),
    numbered=True,
    scales_with_rows=("min_samples",),
    judging=Judging("silhouette", preference=lambda point: (float(point.get("eps", 0)), -float(point.get("min_samples", 0)))),
    presentation=Presentation(
        measures=("silhouette", "n_segments", "noise_share", "compactness"),
        mapped_over="eps",
        noise="have too few neighbours within eps, and no core customer among them",
        finds_more="another radius",
    ),
    cost=CostModel(
        _cost,
        (
            CalibrationTask("dbscan.stock.tree", "stock", 3_000, 8, _CALIBRATION_GRID),
            CalibrationTask("dbscan.stock.brute", "stock", 4_000, 20, _CALIBRATION_GRID),
            CalibrationTask("dbscan.intel", "intel", 4_000, 20, _CALIBRATION_GRID),
            CalibrationTask("dbscan.shared", "shared", 8_000, 16, _CALIBRATION_GRID),
        ),
    ),
    radius=RadiusHint("eps", neighbours=10, factors=(0.7, 0.85, 1.0, 1.2)),
    kit=KitCommand(
        "DBSCAN",
        point_text="min_samples = {min_samples:d}, eps = {eps:f}",
        file_name="{min_samples}_{eps}",
        estimator=_kit_estimator,
    ),
)
