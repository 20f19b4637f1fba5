"""k-means: independent fits, like the Intel kit, or one path per number of segments for all tolerances."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import segcore
from segcore.clustering.algorithms.n_clusters import N_CLUSTERS
from segcore.clustering.engines import Estimator, FitWarning, Proof, fit_estimator, version_of
from segcore.clustering.specification.algorithm import AlgorithmSpec
from segcore.clustering.specification.cost import FIT_WORK, FLOAT_BYTES, CalibrationTask, Cost, CostModel, RowsToCost
from segcore.clustering.specification.discriminants import LinearDiscriminants
from segcore.clustering.specification.kit import KitCommand
from segcore.clustering.specification.outcome import as_sentences, more_than_rows
from segcore.clustering.specification.presentation import Judging, Scoring
from segcore.clustering.specification.task import SweepTask
from segcore.records.grid import Point, Value
from segcore.records.params import Param
from segcore.records.solution import ENGINES, EngineName, Solution

_BLOCK = 1 << 22
_MAX_ITER = 300


def _not_for_intel(params: Mapping[str, Any]) -> str | None:
    # Its kernel has crashed the process at one cluster.
    return "it does not do n_clusters = 1" if params.get("n_clusters") == 1 else None


ESTIMATOR = Estimator("KMeans", "cluster", {"n_clusters": 2, "n_init": 1, "random_state": 0}, _not_for_intel)


def fit_kmeans(task: SweepTask) -> Iterator[Solution]:
    """Yield the k-means of each point; see `SweepTask`. ``memory`` is not needed: a fit takes a few times ``X``.

    Notes
    -----
    ``stock`` is ``sklearn.cluster.KMeans(n_clusters, tol=tol, random_state=seed)`` with ``n_init`` as the point says, else
    scikit-learn's default, so the labels are scikit-learn's own. ``intel`` draws its starts differently: same seed, other partitions.

    ``shared`` gives stock's labels, centres and iterations. What it saves: the tolerances of one number of segments are stops on one
    path, starts that draw alike are drawn once, and an iteration looks only at rows that may change their segment; see
    ``segcore.clustering.kernels.kmeans.grid``, also for what is promised where centres are equally near.
    """
    if task.engine == "shared":
        yield from _fit_paths(task)
    else:
        yield from task.one_by_one(lambda point: _fit(task, point), lambda point: reason_to_skip(task, point))


def reason_to_skip(task: SweepTask, point: Point) -> str | None:
    """Return the reason to skip a point with more segments than rows."""
    return more_than_rows(point, "n_clusters", len(task.X)) if int(point["n_clusters"]) > len(task.X) else None


def _fit_paths(task: SweepTask) -> Iterator[Solution]:
    from segcore.clustering.kernels.kmeans.grid import Path, PathResult, kmeans_grid

    points = task.points
    groups: dict[tuple[int, int], list[int]] = {}
    for position, point in enumerate(points):
        reason = reason_to_skip(task, point)
        if reason is None:
            groups.setdefault((int(point["n_clusters"]), int(point.get("n_init", 1))), []).append(position)
        else:
            task.progress(position)
            yield task.skipped(point, reason)
    positions = {
        Path(n_clusters, tuple(float(points[position]["tol"]) for position in group), n_init): group
        for (n_clusters, n_init), group in groups.items()
    }

    def begin(path: Path) -> None:
        for position in positions[path]:
            task.progress(position)

    def solution(result: PathResult, index: int, point: Point) -> Solution:
        if result.error:
            return task.failed(point, result.error)
        stop = result.stops[index]
        arrays = {"centres": stop.centres, "origin": result.origin, "iterations": np.array([stop.iterations])}
        return _solution(task, point, stop.labels, Proof("shared", _shared_evidence(), stop.seconds), arrays)

    told = False
    for result in kmeans_grid(task.X, list(positions), seed=task.seed, threads=task.threads, begin=begin):
        if not told:
            task.shared(result.shared_seconds)
            told = True
        for index, position in enumerate(positions[result.path]):
            yield solution(result, index, points[position])


def _shared_evidence() -> str:
    return (
        f"segcore {segcore.__version__} k-means paths (numba {version_of('numba')}), labels as scikit-learn {version_of('scikit-learn')}'s "
        "sklearn.cluster.KMeans"
    )


def _fit(task: SweepTask, point: Point) -> Solution:
    X, engine = task.X, task.engine
    origin = X.mean(axis=0)
    # scikit-learn centres the rows too; doing it twice would change the last bits, and with them sometimes a label.
    near = X - origin if engine == "intel" else X
    fitted = fit_estimator(
        engine,
        ESTIMATOR,
        near,
        n_clusters=int(point["n_clusters"]),
        tol=float(point["tol"]),
        n_init=int(point["n_init"]) if "n_init" in point else "auto",
        random_state=task.seed,
    )
    centres = np.asarray(fitted.estimator.cluster_centers_, dtype=np.float64)
    if engine == "intel":
        centres = centres + origin
    arrays = {"centres": centres, "origin": origin, "iterations": np.array([int(fitted.estimator.n_iter_)])}
    labels, proof = np.asarray(fitted.estimator.labels_), fitted.proof
    if proof.engine == "intel":
        nearest = assign_kmeans(X, arrays, point)
        moved = int(np.count_nonzero(nearest != labels))
        if moved:
            moves = f"{moved:,} rows got the label of their nearest centre in double precision"
            labels, proof = nearest, replace(proof, evidence=f"{proof.evidence}; {moves}")
    return _solution(task, point, labels, proof, arrays, fitted.warnings)


def _solution(
    task: SweepTask,
    point: Point,
    labels: np.ndarray,
    proof: Proof,
    arrays: Mapping[str, np.ndarray],
    found: Sequence[FitWarning] = (),
) -> Solution:
    solution = task.solution(point, labels, proof, arrays=arrays)
    # The estimator's only ConvergenceWarning is that fewer segments were found than asked for, which the next lines report.
    said = [warning.text for warning in found if warning.category != "ConvergenceWarning"]
    if solution.n_segments < int(point["n_clusters"]):
        said.append(
            f"Only {solution.n_segments} of the {point['n_clusters']} segments have customers, as there are no more distinct customers."
        )
    if int(arrays["iterations"][0]) >= _MAX_ITER:
        said.append(f"It stopped at the limit of {_MAX_ITER} iterations, before it converged.")
    return replace(solution, reason=as_sentences(said))


def assign_kmeans(X: np.ndarray, arrays: Mapping[str, np.ndarray], params: Mapping[str, Value]) -> np.ndarray:
    """Return the label of each row's nearest centre, the lowest if centres are equally near.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
    arrays : mapping
        ``centres`` of shape (n_clusters, n_features), and ``origin`` of shape (n_features,), about which distances are computed so
        that no digits cancel far from 0.
    """
    found = centre_discriminants(arrays, params)
    labels = np.empty(len(X), dtype=np.int32)
    step = max(1, _BLOCK // max(1, len(found.slopes)))
    for start in range(0, len(X), step):
        rows = slice(start, start + step)
        labels[rows] = np.argmax((X[rows] - found.origin) @ found.slopes.T + found.constants, axis=1)
    return labels


def centre_discriminants(arrays: Mapping[str, np.ndarray], params: Mapping[str, Value]) -> LinearDiscriminants:
    """Return functions that are half of what the squared distances from the centres lack of that from the origin."""
    origin = np.asarray(arrays["origin"])
    centres = np.asarray(arrays["centres"]) - origin
    return LinearDiscriminants(origin, centres, -0.5 * np.einsum("ij,ij->i", centres, centres))


SCORING = Scoring(
    assign_kmeans,
    words="A new customer joins the segment whose centre is nearest.",
    steps="Distance is Euclidean, to each row of centres.npy; row i is the centre of segment i. Of equally near ones the first counts. "
    "origin.npy is only what to subtract from both before squaring, so that no digits are lost.",
    discriminants=centre_discriminants,
)


def _cost(rows: RowsToCost, points: Sequence[Point], engine: EngineName, *, memory: int | None = None) -> Cost:
    """Estimate k-means' cost: distances of every row to every centre, times the iterations on a sample of the rows.

    Under ``shared`` the points of one number of segments are one path, as long as that of the smallest tol.
    """
    n, d = rows.n_rows, rows.n_features
    lengths: dict[tuple[int, int], list[float]] = {}
    for index, point in enumerate(points):
        k, starts = int(point["n_clusters"]), int(point.get("n_init", 1))
        path = (k, starts) if engine == "shared" else (k, index)
        length = FIT_WORK + starts * n * (k * (d + 8) * rows.iterations(k, float(point["tol"])) + k * (2 + math.log(k)) * (d + 8))
        lengths.setdefault(path, []).append(length if k <= n else 0.0)
    work = sum(max(path) for path in lengths.values())
    each = tuple(n * (FLOAT_BYTES * d + 40) for _ in points)
    # Centred rows, norms and bounds are shared; the rest grows with the number of centres only.
    together = 2 * n * (FLOAT_BYTES * d + 24) if engine == "shared" else 0
    return Cost.without_noise({f"kmeans.{engine}": work}, each if not together else (0,) * len(points), shared_bytes=together)


def _kit_estimator(solution: Solution, X: np.ndarray) -> object:
    from sklearn.cluster import KMeans

    params, centres = solution.params, np.ascontiguousarray(solution.arrays["centres"])
    n_clusters = int(params["n_clusters"])
    # A fit of the centres to themselves sets whatever this version of scikit-learn needs to predict; then the real numbers go in.
    estimator = KMeans(n_clusters, init=centres, n_init=1, max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(centres)
    estimator.set_params(
        init="k-means++", n_init=params.get("n_init", "auto"), max_iter=_MAX_ITER, tol=params["tol"], random_state=solution.seed
    )
    estimator.cluster_centers_ = centres
    estimator.labels_ = np.array(solution.labels, dtype=np.int32)
    # scikit-learn's is about the centres; where tol ended the fit these are not quite the segments' means.
    estimator.inertia_ = float(((X - centres[estimator.labels_]) ** 2).sum())
    estimator.n_iter_ = int(solution.arrays["iterations"][0])
    return estimator


_CALIBRATION_GRID = ("n_clusters=4,12", "tol=1e-4")
KMEANS = AlgorithmSpec(
    name="kmeans",
    title="k-means",
    words="Assigns every customer to the segment with the nearest centre; you choose the number of segments.",
    params=(
        N_CLUSTERS,
        Param(
            "tol",
            "float",
            0,
            None,
            (1e-4,),
            "Tolerance",
            "",
            "The fit stops when the centres move less than this, as a share of the features' mean variance.",
            label="tol",
            benchmark=(1e-3, 1e-4, 1e-5),
        ),
        Param(
            "n_init",
            "int",
            1,
            None,
            (10,),
            "Starts",
            "starts",
            "Number of random starts, of which the best is kept; scikit-learn's default is 1, which is unreliable.",
            counts="start",
            benchmark=(),
        ),
    ),
    engines=("shared", "stock", "intel"),
    fit=fit_kmeans,
    scoring=SCORING,
    share_key=lambda point: (point["n_clusters"], point.get("n_init", 1)),
    judging=Judging("inertia", "n_clusters", lambda point: (float(point.get("tol", 0)), -float(point.get("n_init", 0)))),
    cost=CostModel(_cost, tuple(CalibrationTask(f"kmeans.{engine}", engine, 8_000, 16, _CALIBRATION_GRID) for engine in ENGINES)),
    keeps_to_threads=True,
    kit=KitCommand(
        "K-Means",
        point_text="clusters = {n_clusters:d}, tol = {tol:f}",
        file_name="{n_clusters}_{tol}",
        estimator=_kit_estimator,
        order=lambda point: -float(point["tol"]),  # the kit's outer loop is over tolerances
    ),
)
