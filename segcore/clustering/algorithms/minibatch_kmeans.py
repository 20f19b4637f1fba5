"""Mini-batch k-means, for what is too large for the rest: independent fits, or a whole grid with the draws prepared once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

import segcore
from segcore.clustering.algorithms.costs import minibatch_kmeans_cost
from segcore.clustering.algorithms.kmeans import assign_kmeans
from segcore.clustering.algorithms.origin import near_origin
from segcore.clustering.algorithms.outcome import N_CLUSTERS, as_sentences, failed, more_than_rows, skipped
from segcore.clustering.algorithms.side_by_side import side_by_side
from segcore.clustering.algorithms.specification import AlgorithmSpec
from segcore.clustering.engines import fit_estimator
from segcore.records.grid import Point
from segcore.records.params import Param
from segcore.records.solution import EngineName, Estimate, Solution

if TYPE_CHECKING:
    from sklearn.cluster import MiniBatchKMeans


def sweep_minibatch_kmeans(
    X: np.ndarray,
    points: Sequence[Point],
    engine: EngineName,
    *,
    seed: int = 0,
    memory: int | None = None,
    progress: Callable[[int], None] | None = None,
    shared: Callable[[float], None] | None = None,
) -> Iterator[Solution]:
    """Yield the mini-batch k-means of each point; see ``SweepFunction``. ``memory`` is not needed: a fit takes less than ``X``.

    Notes
    -----
    ``stock`` is ``sklearn.cluster.MiniBatchKMeans(n_clusters, batch_size=batch_size, random_state=seed)`` with ``n_init`` as the point
    says, else scikit-learn's default; the labels are ``labels_``, the nearest of the final centres for every row. Rows far from 0 are
    centred first, for both engines; see ``near_origin``.

    ``shared`` gives the same labels. For each batch scikit-learn adds up the chances of all rows anew to draw from them, which on many
    rows takes longer than the batch; here they are added up once for the whole grid. The points run side by side, one core each.

    References
    ----------
    Sculley (2010), "Web-scale k-means clustering", WWW.
    """
    began = time.perf_counter()
    near, origin = near_origin(X)
    if engine == "shared":
        chances = np.full(len(X), 1.0) / len(X)
        cumulative = chances.cumsum()
        cumulative /= cumulative[-1]
        if shared:
            shared(time.perf_counter() - began)
        yield from _sweep_shared(X, near, origin, cumulative, points, seed, progress)
        return
    for position, point in enumerate(points):
        if progress:
            progress(position)
        if int(point["n_clusters"]) > len(X):
            yield _too_many(X, point, engine, seed)
            continue
        try:
            fitted = fit_estimator("stock", "MiniBatchKMeans", near, random_state=seed, **_options(point))
            solution = _solution(X, origin, point, seed, fitted.estimator, "stock", fitted.evidence, fitted.seconds)
        except Exception as error:
            solution = failed(point, engine, seed, error)
        yield solution


def _sweep_shared(
    X: np.ndarray,
    near: np.ndarray,
    origin: np.ndarray,
    cumulative: np.ndarray,
    points: Sequence[Point],
    seed: int,
    progress: Callable[[int], None] | None,
) -> Iterator[Solution]:
    import sklearn.cluster  # noqa: F401 - before threads are limited

    def tasks() -> Iterator[tuple[int, Callable[[], Solution]]]:
        # The longest come first, so that no core waits long for the last one.
        for position in sorted(range(len(points)), key=lambda position: -int(points[position]["n_clusters"])):
            if progress:
                progress(position)
            if int(points[position]["n_clusters"]) > len(X):
                yield position, partial(_too_many, X, points[position], "shared", seed)
            else:
                yield position, partial(_fit_shared, X, near, origin, cumulative, points[position], seed)

    for position, outcome in side_by_side(tasks()):
        yield outcome if isinstance(outcome, Solution) else failed(points[position], "shared", seed, outcome)


@np.errstate(all="ignore")  # else NumPy warns, which threads must not
def _fit_shared(X: np.ndarray, near: np.ndarray, origin: np.ndarray, cumulative: np.ndarray, point: Point, seed: int) -> Solution:
    from sklearn.cluster import MiniBatchKMeans

    estimator = MiniBatchKMeans(random_state=_Draws(seed, cumulative), **_options(point))
    began = time.perf_counter()
    estimator.fit(near)
    seconds = time.perf_counter() - began
    evidence = f"segcore {segcore.__version__}, scikit-learn {version('scikit-learn')}'s MiniBatchKMeans with the chances added up once"
    return _solution(X, origin, point, seed, estimator, "shared", evidence, seconds)


class _Draws(np.random.RandomState):
    """NumPy's stream of random numbers, with the running sum of the rows' equal chances made beforehand.

    Parameters
    ----------
    seed : int
    cumulative : ndarray of shape (n_rows,)
        What ``RandomState.choice`` computes from equal chances before each draw.
    """

    def __init__(self, seed: int, cumulative: np.ndarray) -> None:
        super().__init__(seed)
        self._cumulative = cumulative

    def choice(self, a: Any, size: Any = None, replace: bool = True, p: Any = None) -> Any:
        """Draw as NumPy does: many rows by their chances from the sum at hand, anything else NumPy's own way."""
        # scikit-learn gives chances for one row at a time too, among those it starts from; these need not be equal to ours.
        if p is None or size is None or not replace or len(p) != len(self._cumulative):
            return super().choice(a, size, replace, p)
        return self._cumulative.searchsorted(self.random_sample(size), side="right")


def _too_many(X: np.ndarray, point: Point, engine: EngineName, seed: int) -> Solution:
    return skipped(point, engine, seed, more_than_rows(point, "n_clusters", len(X)))


def _options(point: Point) -> dict[str, Any]:
    return {
        "n_clusters": int(point["n_clusters"]),
        "batch_size": int(point["batch_size"]),
        "n_init": int(point["n_init"]) if "n_init" in point else "auto",
    }


@np.errstate(all="ignore")
def _solution(
    X: np.ndarray,
    origin: np.ndarray,
    point: Point,
    seed: int,
    estimator: MiniBatchKMeans,
    engine: EngineName,
    evidence: str,
    seconds: float,
) -> Solution:
    labels = np.asarray(estimator.labels_)
    arrays = {
        "centres": np.asarray(estimator.cluster_centers_) + origin,
        "origin": origin,
        "iterations": np.array([estimator.n_steps_]),
    }
    agreeing = float(np.mean(assign_kmeans(X, arrays, point) == labels))
    found, asked = len(np.unique(labels)), int(point["n_clusters"])
    said = [f"Only {found} of the {asked} segments have customers"] if found < asked else []
    return Solution.from_labels(
        labels,
        params=dict(point),
        engine=engine,
        evidence=evidence,
        seed=seed,
        reason=as_sentences(said),
        fit_seconds=seconds,
        arrays=arrays,
        agreement=Estimate(agreeing, agreeing, agreeing, len(X)),
    )


MINIBATCH_KMEANS = AlgorithmSpec(
    name="minibatch_kmeans",
    title="Mini-batch k-means",
    words="k-means on small random batches: for data too large for the other algorithms, at the price of somewhat looser segments.",
    params=(
        N_CLUSTERS,
        Param(
            "batch_size",
            "int",
            1,
            None,
            (1024,),
            "Batch",
            "customers",
            "How many customers are drawn for each step; larger batches give steadier segments and take longer.",
        ),
        Param(
            "n_init",
            "int",
            1,
            None,
            (),
            "Starts",
            "starts",
            "How many random starts to compare on a sample before the batches begin; scikit-learn's default is 1.",
        ),
    ),
    engines=("shared", "stock"),
    sweep=sweep_minibatch_kmeans,
    assign=assign_kmeans,
    scoring="A new customer joins the segment whose centre is nearest.",
    steps="Distance is Euclidean, to each row of centres.npy; row i is the centre of segment i. Of equally near ones the first counts. "
    "origin.npy is only what to subtract from both before squaring, so that no digits are lost.",
    share_key=lambda point: (point["n_clusters"], point["batch_size"], point.get("n_init", 1)),
    judged_by="inertia",
    cost=minibatch_kmeans_cost,
)
