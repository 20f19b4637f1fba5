"""k-means: independent fits, as the Intel kit does them, or one path a number of segments for all its tolerances."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version

import numpy as np

import segcore
from segcore.clustering.algorithms.costs import kmeans_cost
from segcore.clustering.algorithms.outcome import N_CLUSTERS, as_sentences, failed, more_than_rows, skipped
from segcore.clustering.algorithms.specification import AlgorithmSpec
from segcore.clustering.engines import fit_estimator
from segcore.records.grid import Point, Value
from segcore.records.params import Param
from segcore.records.solution import EngineName, Solution

_BLOCK = 1 << 22
_MAX_ITER = 300


def sweep_kmeans(
    X: np.ndarray,
    points: Sequence[Point],
    engine: EngineName,
    *,
    seed: int = 0,
    memory: int | None = None,
    progress: Callable[[int], None] | None = None,
    shared: Callable[[float], None] | None = None,
) -> Iterator[Solution]:
    """Yield the k-means of each point; see ``SweepFunction``. ``memory`` is not needed: a fit takes a few times ``X``.

    Notes
    -----
    ``stock`` is ``sklearn.cluster.KMeans(n_clusters, tol=tol, random_state=seed)`` with ``n_init`` as the point says, else
    scikit-learn's default, so the labels are scikit-learn's own. ``intel`` draws its starts differently: same seed, other partitions.

    ``shared`` gives stock's labels, centres and iterations. What it saves: the tolerances of one number of segments are stops on one
    path, starts that draw alike are drawn once, and an iteration looks only at rows that may change their segment; see
    ``segcore.clustering.kernels.kmeans.grid``, also for what is promised where centres are equally near.
    """
    if engine == "shared":
        yield from _sweep_shared(X, points, seed, progress, shared)
        return
    for position, point in enumerate(points):
        if progress:
            progress(position)
        if int(point["n_clusters"]) > len(X):
            yield _too_many(X, point, engine, seed)
            continue
        try:
            solution = _fit(X, point, engine, seed)
        except Exception as error:
            solution = failed(point, engine, seed, error)
        yield solution


def _sweep_shared(
    X: np.ndarray, points: Sequence[Point], seed: int, progress: Callable[[int], None] | None, shared: Callable[[float], None] | None
) -> Iterator[Solution]:
    from segcore.clustering.kernels.kmeans.grid import Path, PathResult, kmeans_grid

    groups: dict[tuple[int, int], list[int]] = {}
    for position, point in enumerate(points):
        if int(point["n_clusters"]) > len(X):
            if progress:
                progress(position)
            yield _too_many(X, point, "shared", seed)
        else:
            groups.setdefault((int(point["n_clusters"]), int(point.get("n_init", 1))), []).append(position)
    positions = {
        Path(n_clusters, tuple(float(points[position]["tol"]) for position in group), n_init): group
        for (n_clusters, n_init), group in groups.items()
    }

    def begin(path: Path) -> None:
        for position in positions[path]:
            if progress:
                progress(position)

    def solution(result: PathResult, index: int, position: int) -> Solution:
        if result.error:
            return failed(points[position], "shared", seed, result.error)
        stop = result.stops[index]
        return _solution(
            stop.labels,
            points[position],
            "shared",
            seed,
            arrays={"centres": stop.centres, "origin": result.origin, "iterations": np.array([stop.iterations])},
            evidence=_shared_evidence(),
            seconds=stop.seconds,
        )

    told = False
    for result in kmeans_grid(X, list(positions), seed=seed, begin=begin):
        if shared and not told:
            shared(result.shared_seconds)
            told = True
        for index, position in enumerate(positions[result.path]):
            yield solution(result, index, position)


def _shared_evidence() -> str:
    return (
        f"segcore {segcore.__version__} k-means paths (numba {version('numba')}), labels as scikit-learn {version('scikit-learn')}'s "
        "sklearn.cluster.KMeans"
    )


def _too_many(X: np.ndarray, point: Point, engine: EngineName, seed: int) -> Solution:
    return skipped(point, engine, seed, more_than_rows(point, "n_clusters", len(X)))


def _fit(X: np.ndarray, point: Point, engine: EngineName, seed: int) -> Solution:
    origin = X.mean(axis=0)
    # scikit-learn centres by itself; doing it twice would change the last bits, and with them now and then a label.
    near = X - origin if engine == "intel" else X
    fitted = fit_estimator(
        engine,
        "KMeans",
        near,
        n_clusters=int(point["n_clusters"]),
        tol=float(point["tol"]),
        n_init=int(point["n_init"]) if "n_init" in point else "auto",
        random_state=seed,
    )
    centres = np.asarray(fitted.estimator.cluster_centers_, dtype=np.float64)
    if engine == "intel":
        centres = centres + origin
    iterations = int(fitted.estimator.n_iter_)
    arrays = {"centres": centres, "origin": origin, "iterations": np.array([iterations])}
    labels, evidence = np.asarray(fitted.estimator.labels_), fitted.evidence
    if fitted.ran == "intel":
        nearest = assign_kmeans(X, arrays, point)
        moved = int(np.count_nonzero(nearest != labels))
        if moved:
            evidence += f"; {moved:,} rows were given the label of their nearest centre in double precision"
            labels = nearest
    return _solution(labels, point, fitted.ran, seed, arrays=arrays, evidence=evidence, seconds=fitted.seconds, warnings=fitted.warnings)


def _solution(
    labels: np.ndarray,
    point: Point,
    engine: EngineName,
    seed: int,
    *,
    arrays: Mapping[str, np.ndarray],
    evidence: str,
    seconds: float,
    warnings: Sequence[str] = (),
) -> Solution:
    solution = Solution.from_labels(
        labels, params=dict(point), engine=engine, evidence=evidence, seed=seed, fit_seconds=seconds, arrays=arrays
    )
    said = [text for text in warnings if "distinct clusters" not in text]
    if solution.n_segments < int(point["n_clusters"]):
        said.append(f"Only {solution.n_segments} of the {point['n_clusters']} segments have customers: there are no more distinct ones.")
    if int(arrays["iterations"][0]) >= _MAX_ITER:
        said.append(f"It was stopped at {_MAX_ITER} iterations, before it settled.")
    return replace(solution, reason=as_sentences(said))


def assign_kmeans(X: np.ndarray, arrays: Mapping[str, np.ndarray], params: Mapping[str, Value]) -> np.ndarray:
    """Return the label of the nearest centre of each row, the lowest where centres are equally near.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
    arrays : mapping
        ``centres`` of shape (n_clusters, n_features), and ``origin`` of shape (n_features,), about which distances are computed so
        that no digits cancel far from 0.
    """
    origin = np.asarray(arrays["origin"])
    centres = np.asarray(arrays["centres"]) - origin
    half_norms = 0.5 * np.einsum("ij,ij->i", centres, centres)
    labels = np.empty(len(X), dtype=np.int32)
    step = max(1, _BLOCK // max(1, len(centres)))
    for start in range(0, len(X), step):
        rows = slice(start, start + step)
        labels[rows] = np.argmin(half_norms - (X[rows] - origin) @ centres.T, axis=1)
    return labels


KMEANS = AlgorithmSpec(
    name="kmeans",
    title="k-means",
    words="Puts every customer into the segment whose centre is nearest; you say how many segments.",
    params=(
        N_CLUSTERS,
        Param(
            "tol",
            "float",
            0,
            None,
            (1e-3, 1e-4, 1e-5),
            "Tolerance",
            "",
            "How little the centres must move, as a share of the features' mean variance, before the fit stops.",
        ),
        Param(
            "n_init",
            "int",
            1,
            None,
            (),
            "Starts",
            "starts",
            "How many random starts to try, keeping the best; scikit-learn's default is 1, which is fragile.",
        ),
    ),
    engines=("shared", "stock", "intel"),
    sweep=sweep_kmeans,
    assign=assign_kmeans,
    scoring="A new customer joins the segment whose centre is nearest.",
    steps="Distance is Euclidean, to each row of centres.npy; row i is the centre of segment i. Of equally near ones the first counts. "
    "origin.npy is only what to subtract from both before squaring, so that no digits are lost.",
    share_key=lambda point: (point["n_clusters"], point.get("n_init", 1)),
    judged_by="inertia",
    cost=kmeans_cost,
)
