"""Mini-batch k-means, for the largest data: independent fits, or a whole grid whose draws are prepared once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

import segcore
from segcore.clustering.algorithms.kmeans import SCORING, assign_kmeans, reason_to_skip
from segcore.clustering.algorithms.n_clusters import N_CLUSTERS
from segcore.clustering.algorithms.origin import NearRows
from segcore.clustering.algorithms.side_by_side import side_by_side
from segcore.clustering.engines import Estimator, Proof, fit_estimator, version_of
from segcore.clustering.specification.algorithm import AlgorithmSpec
from segcore.clustering.specification.cost import FIT_WORK, FLOAT_BYTES, CalibrationTask, Cost, CostModel, RowsToCost
from segcore.clustering.specification.outcome import as_sentences
from segcore.clustering.specification.presentation import Judging
from segcore.clustering.specification.task import SweepTask
from segcore.records.estimate import Estimate
from segcore.records.grid import Point
from segcore.records.params import Param
from segcore.records.solution import EngineName, Solution

if TYPE_CHECKING:
    from sklearn.cluster import MiniBatchKMeans

_ENGINES: tuple[EngineName, ...] = ("shared", "stock")
ESTIMATOR = Estimator("MiniBatchKMeans", "cluster", {"n_clusters": 2, "random_state": 0})
# What a fit takes, as measured: steps, and starts where scikit-learn is left to choose.
_BATCH, _STEPS, _SAMPLE_STARTS = 1024, 60, 3


def fit_minibatch_kmeans(task: SweepTask) -> Iterator[Solution]:
    """Yield the mini-batch k-means of each point; see `SweepTask`. ``memory`` is not needed: a fit takes less than ``X``.

    Notes
    -----
    ``stock`` is ``sklearn.cluster.MiniBatchKMeans(n_clusters, batch_size=batch_size, random_state=seed)`` with ``n_init`` as the point
    says, else scikit-learn's default; the labels are ``labels_``, the nearest of the final centres for every row. Rows far from 0 are
    centred first, for both engines; see ``near_origin``.

    ``shared`` gives the same labels. For each batch, scikit-learn adds up the equal probabilities of all rows again, which on many
    rows takes longer than the batch; here they are added up once for the whole grid. The points run in parallel, one core each.

    References
    ----------
    Sculley (2010), "Web-scale k-means clustering", WWW.
    """
    began = time.perf_counter()
    rows = NearRows.of(task)
    if task.engine == "shared":
        chances = np.full(len(task.X), 1.0) / len(task.X)
        cumulative = chances.cumsum()
        cumulative /= cumulative[-1]
        task.shared(time.perf_counter() - began)
        yield from _fit_side_by_side(rows, cumulative)
    else:
        yield from task.one_by_one(lambda point: _fit_stock(rows, point), lambda point: reason_to_skip(task, point))


def _fit_side_by_side(rows: NearRows, cumulative: np.ndarray) -> Iterator[Solution]:
    import sklearn.cluster  # noqa: F401 - before threads are limited

    task = rows.task

    def tasks() -> Iterator[tuple[int, Callable[[], Solution]]]:
        # The longest come first, so that no core waits long for the last one.
        for position in sorted(range(len(task.points)), key=lambda position: -int(task.points[position]["n_clusters"])):
            task.progress(position)
            point = task.points[position]
            reason = reason_to_skip(task, point)
            if reason is None:
                yield position, partial(_fit_shared, rows, cumulative, point)
            else:
                yield position, partial(task.skipped, point, reason)

    for position, outcome in side_by_side(tasks()):
        yield outcome if isinstance(outcome, Solution) else task.failed(task.points[position], outcome)


def _fit_stock(rows: NearRows, point: Point) -> Solution:
    fitted = fit_estimator("stock", ESTIMATOR, rows.near, random_state=rows.task.seed, **_options(point))
    return _solution(rows, point, fitted.estimator, fitted.proof)


@np.errstate(all="ignore")  # else NumPy warns, which threads must not
def _fit_shared(rows: NearRows, cumulative: np.ndarray, point: Point) -> Solution:
    from sklearn.cluster import MiniBatchKMeans

    estimator = MiniBatchKMeans(random_state=_Draws(rows.task.seed, cumulative), **_options(point))
    began = time.perf_counter()
    estimator.fit(rows.near)
    seconds = time.perf_counter() - began
    evidence = (
        f"segcore {segcore.__version__}, scikit-learn {version_of('scikit-learn')}'s MiniBatchKMeans with the probabilities added up once"
    )
    return _solution(rows, point, estimator, Proof("shared", evidence, seconds))


class _Draws(np.random.RandomState):
    """NumPy's random numbers, with the cumulative sum of the rows' equal probabilities computed beforehand.

    Parameters
    ----------
    seed : int
    cumulative : ndarray of shape (n_rows,)
        The cumulative sum that ``RandomState.choice`` computes from equal probabilities before each draw.
    """

    def __init__(self, seed: int, cumulative: np.ndarray) -> None:
        super().__init__(seed)
        self._cumulative = cumulative

    def choice(self, a: Any, size: Any = None, replace: bool = True, p: Any = None) -> Any:
        """Draw as NumPy does: many rows by probability from the precomputed sum, anything else by NumPy itself."""
        # scikit-learn also gives probabilities for one row at a time, among those it starts from; these need not be equal to ours.
        if p is None or size is None or not replace or len(p) != len(self._cumulative):
            return super().choice(a, size, replace, p)
        return self._cumulative.searchsorted(self.random_sample(size), side="right")


def _options(point: Point) -> dict[str, Any]:
    return {
        "n_clusters": int(point["n_clusters"]),
        "batch_size": int(point["batch_size"]),
        "n_init": int(point["n_init"]) if "n_init" in point else "auto",
    }


@np.errstate(all="ignore")
def _solution(rows: NearRows, point: Point, estimator: MiniBatchKMeans, proof: Proof) -> Solution:
    X, labels = rows.task.X, np.asarray(estimator.labels_)
    arrays = {
        "centres": np.asarray(estimator.cluster_centers_) + rows.origin,
        "origin": rows.origin,
        "iterations": np.array([estimator.n_steps_]),
    }
    agreeing = float(np.mean(assign_kmeans(X, arrays, point) == labels))
    found, asked = len(np.unique(labels)), int(point["n_clusters"])
    said = [f"Only {found} of the {asked} segments have customers"] if found < asked else []
    return rows.task.solution(
        point, labels, proof, reason=as_sentences(said), arrays=arrays, agreement=Estimate(agreeing, agreeing, agreeing, len(X))
    )


def _cost(rows: RowsToCost, points: Sequence[Point], engine: EngineName, *, memory: int | None = None) -> Cost:
    """Estimate mini-batch k-means' cost: some steps of one batch each, and one pass over all rows to label them."""
    n, d = rows.n_rows, rows.n_features
    work = 0.0
    for point in points:
        k, starts = int(point["n_clusters"]), int(point.get("n_init", _SAMPLE_STARTS))
        batch = int(point.get("batch_size", _BATCH))
        work += FIT_WORK * 3 + k * (d + 8) * (n + batch * (_STEPS + 3 * starts * (2 + math.log(k))))
    return Cost.without_noise({f"minibatch_kmeans.{engine}": work}, (n * (FLOAT_BYTES * d + 40) for _ in points))


MINIBATCH_KMEANS = AlgorithmSpec(
    name="minibatch_kmeans",
    title="Mini-batch k-means",
    words="k-means on small random batches, for data too large for other algorithms; segments are slightly less compact.",
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
            "Number of customers drawn per step; larger batches give more stable segments and take longer.",
        ),
        Param(
            "n_init",
            "int",
            1,
            None,
            (3,),
            "Starts",
            "starts",
            "Number of random starts compared on a sample before the batches begin; scikit-learn's default is 1.",
            counts="start",
            benchmark=(),
        ),
    ),
    engines=_ENGINES,
    fit=fit_minibatch_kmeans,
    scoring=SCORING,
    share_key=lambda point: (point["n_clusters"], point["batch_size"], point.get("n_init", 1)),
    judging=Judging("inertia", "n_clusters", lambda point: (-float(point.get("n_init", 0)),)),
    cost=CostModel(
        _cost, tuple(CalibrationTask(f"minibatch_kmeans.{engine}", engine, 8_000, 16, ("n_clusters=4,12",)) for engine in _ENGINES)
    ),
)
