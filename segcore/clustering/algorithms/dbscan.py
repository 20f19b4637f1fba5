"""DBSCAN: independent fits, as the Intel kit does them, or one neighbour search for the whole grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

import segcore
from segcore.clustering.algorithms.costs import dbscan_cost
from segcore.clustering.algorithms.outcome import as_sentences, failed, require_memory
from segcore.clustering.algorithms.specification import AlgorithmSpec
from segcore.clustering.engines import Fitted, fit_estimator
from segcore.records.grid import Point, Value
from segcore.records.params import Param
from segcore.records.solution import NOISE, EngineName, Solution
from segcore.system.machine import available_bytes

if TYPE_CHECKING:
    from segcore.clustering.kernels.density.dbscan import Labelling

_SAMPLED_ROWS = 256
_RELATIVE_ERROR = 1e-9
_BYTES_A_NEIGHBOUR = 21


def sweep_dbscan(
    X: np.ndarray,
    points: Sequence[Point],
    engine: EngineName,
    *,
    seed: int = 0,
    memory: int | None = None,
    progress: Callable[[int], None] | None = None,
    shared: Callable[[float], None] | None = None,
) -> Iterator[Solution]:
    """Yield the DBSCAN of each point; see ``SweepFunction``. Nothing in it is random: ``seed`` only stands in the record.

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
    if engine == "shared":
        for near, precise, positions in _by_matrix(X, points):
            yield from _sweep_shared(X, near, precise, points, positions, seed, memory, progress, shared)
        return
    for position, point in enumerate(points):
        if progress:
            progress(position)
        try:
            solution = _fit(X, point, engine, seed, memory)
        except Exception as error:
            solution = failed(point, engine, seed, error)
        yield solution


def _fit(X: np.ndarray, point: Point, engine: EngineName, seed: int, memory: int | None) -> Solution:
    eps, min_samples = float(point["eps"]), int(point["min_samples"])
    near, precise = _near_origin(X, eps)
    if engine == "stock" or not precise:
        _require_memory(near, eps, memory)
    fitted = _fit_precisely(near, eps, min_samples, engine, precise)
    return _solution(
        X,
        np.asarray(fitted.estimator.labels_),
        np.asarray(fitted.estimator.core_sample_indices_, dtype=np.intp),
        point,
        fitted.ran,
        seed,
        evidence=fitted.evidence,
        seconds=fitted.seconds,
        reason=as_sentences(fitted.warnings),
    )


def _solution(
    X: np.ndarray,
    labels: np.ndarray,
    core: np.ndarray,
    point: Point,
    engine: EngineName,
    seed: int,
    *,
    evidence: str,
    seconds: float,
    reason: str | None = None,
) -> Solution:
    if not len(core):
        lonely = f"No customer has {point['min_samples']} customers within eps = {point['eps']:g}, itself counted, so all are noise."
        reason = f"{lonely} {reason or ''}".strip()
    return Solution.from_labels(
        labels,
        params=dict(point),
        engine=engine,
        evidence=evidence,
        seed=seed,
        reason=reason,
        fit_seconds=seconds,
        # Taking whole rows is nine times as fast as indexing them.
        arrays={"core_points": np.take(X, core, axis=0), "core_labels": labels[core].astype(np.int32), "core_rows": core.astype(np.int64)},
    )


def _sweep_shared(
    X: np.ndarray,
    near: np.ndarray,
    precise: bool,
    points: Sequence[Point],
    positions: Sequence[int],
    seed: int,
    memory: int | None,
    progress: Callable[[int], None] | None,
    shared: Callable[[float], None] | None,
) -> Iterator[Solution]:
    """Yield the Solutions of points that are searched in the same matrix, those of the largest ``eps`` first."""
    from segcore.clustering.kernels.density.dbscan import dbscan_grid

    positions = sorted(positions, key=lambda position: -float(points[position]["eps"]))
    while positions:
        widest = [position for position in positions if points[position]["eps"] == points[positions[0]]["eps"]]
        for position in widest:
            if progress:
                progress(position)
        asked = [(float(points[position]["eps"]), int(points[position]["min_samples"])) for position in positions]
        try:
            labellings, seconds = dbscan_grid(near, asked, memory=memory, by_norms=None if precise else False)
        except Exception as error:
            for position in widest:
                yield failed(points[position], "shared", seed, error)
            positions = positions[len(widest) :]
            continue
        if shared:
            shared(seconds)
        for position, labelling in zip(positions, labellings, strict=True):
            if progress and position not in widest:
                progress(position)
            yield _from_labelling(X, points[position], labelling, seed, memory)
        return


def _from_labelling(X: np.ndarray, point: Point, labelling: Labelling, seed: int, memory: int | None) -> Solution:
    evidence = (
        f"segcore {segcore.__version__} grid of neighbours (numba {version('numba')}), labels as scikit-learn {version('scikit-learn')}'s "
        "sklearn.cluster.DBSCAN"
    )
    try:
        if labelling.unsure:
            at_eps = f"customers at a distance of eps = {point['eps']:g} but for rounding"
            try:
                solution = _fit(X, point, "stock", seed, memory)
                return replace(solution, evidence=f"shared was asked for, but there are {at_eps}; {solution.evidence}")
            except MemoryError:
                evidence += f", but for {at_eps}"
        return _solution(X, labelling.labels, labelling.core_rows, point, "shared", seed, evidence=evidence, seconds=labelling.seconds)
    except Exception as error:
        return failed(point, "shared", seed, error)


def _fit_precisely(X: np.ndarray, eps: float, min_samples: int, engine: EngineName, precise: bool) -> Fitted:
    if precise:
        return fit_estimator(engine, "DBSCAN", X, eps=eps, min_samples=min_samples)
    # A tree compares coordinates one by one, so nothing cancels however wide the rows are spread.
    fitted = fit_estimator("stock", "DBSCAN", X, eps=eps, min_samples=min_samples, algorithm="kd_tree")
    if engine == "stock":
        return fitted
    why = f"intel was asked for, but its arithmetic cannot tell eps = {eps:g} in rows spread as wide as these"
    return Fitted(fitted.estimator, fitted.ran, f"{why}; {fitted.evidence}", fitted.seconds, fitted.warnings)


def _near_origin(X: np.ndarray, eps: float) -> tuple[np.ndarray, bool]:
    """Return ``X``, moved to the origin where its distance spoils ``eps``, and whether squared norms can then tell ``eps``.

    Above 15 features both engines compute squared distances from squared norms, which cancel where rows lie far from the origin:
    stock's labels then change under a mere shift. Rows near the origin are left as they are, to the bit. The shift is by a value of
    the column itself, so that differences of whole numbers stay exact and a distance of exactly ``eps`` stays one.
    """
    ((near, precise, _),) = _by_matrix(X, [{"eps": eps}])
    return near, precise


def _by_matrix(X: np.ndarray, points: Sequence[Point]) -> list[tuple[np.ndarray, bool, list[int]]]:
    """Return what ``_near_origin`` says of the points' ``eps``, with the positions of the points of which it says the same."""
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
    return [(moved if moves else X, precise, positions) for (moves, precise), positions in groups.items()]


def _error_of_squared_distances(X: np.ndarray) -> float:
    return float(4 * np.finfo(np.float64).eps * np.einsum("ij,ij->i", X, X).max(initial=0.0))


def _require_memory(X: np.ndarray, eps: float, memory: int | None) -> None:
    """Raise ``MemoryError`` where the neighbour lists, estimated on evenly spaced rows, would not fit."""
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
    """Return for each row the lowest label among the core points within ``eps``, else -1.

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
    """Sum the squared differences feature after feature: scikit-learn's tree adds them in this order, so ties at eps fall alike."""
    total = np.zeros(len(a))
    for column in range(a.shape[1]):
        total += (a[:, column] - b[:, column]) ** 2
    return total


DBSCAN = AlgorithmSpec(
    name="dbscan",
    title="DBSCAN",
    words="Finds crowds of customers of any shape, and leaves those in no crowd as noise.",
    params=(
        Param(
            "min_samples",
            "int",
            1,
            None,
            (10, 50, 100),
            "Neighbours",
            "customers",
            "How many customers, itself included, must lie within eps of a customer for it to be the core of a segment.",
        ),
        Param(
            "eps",
            "float",
            0,
            None,
            (0.3, 0.5, 0.7),
            "Radius eps",
            "scaled units",
            "How near two customers must be, over all scaled features together, to count as neighbours.",
            low_open=True,
        ),
    ),
    engines=("shared", "stock", "intel"),
    sweep=sweep_dbscan,
    assign=assign_dbscan,
    scoring="A new customer joins the lowest-numbered segment that has a core customer within eps, and is noise where there is none.",
    steps="Distance is Euclidean, to each row of core_points.npy; core_labels.npy has their segments. A distance of exactly eps counts as "
    "within. -1 is noise.",
    share_key=lambda point: (),
    numbered=True,
    measures=("silhouette", "n_segments", "noise_share", "compactness"),
    mapped=True,
    cost=dbscan_cost,
)
