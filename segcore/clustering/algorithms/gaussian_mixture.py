"""Gaussian mixture: independent fits, or a whole grid with shared k-means starts, in parallel."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

import segcore
from segcore.clustering.algorithms.kmeans import ESTIMATOR as KMEANS_ESTIMATOR
from segcore.clustering.algorithms.origin import NearRows
from segcore.clustering.algorithms.side_by_side import side_by_side
from segcore.clustering.engines import Estimator, Proof, fit_estimator, version_of
from segcore.clustering.specification.algorithm import AlgorithmSpec
from segcore.clustering.specification.cost import FIT_WORK, FLOAT_BYTES, CalibrationTask, Cost, CostModel, RowsToCost
from segcore.clustering.specification.discriminants import QuadraticDiscriminants
from segcore.clustering.specification.outcome import FitError, as_sentences, more_than_rows, require_memory
from segcore.clustering.specification.presentation import Criterion, Judging, Presentation, Scoring
from segcore.clustering.specification.task import SweepTask
from segcore.records.estimate import Estimate
from segcore.records.grid import Point, Value
from segcore.records.params import Param
from segcore.records.solution import EngineName, Solution
from segcore.system.cores import usable_cores
from segcore.system.machine import available_bytes

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture

_ENGINES: tuple[EngineName, ...] = ("shared", "stock")
ESTIMATOR = Estimator("GaussianMixture", "mixture", {"n_components": 2, "random_state": 0})
COVARIANCE_TYPES = ("full", "tied", "diag", "spherical")
_BLOCK = 1 << 14
_FEWEST_ROWS = 2
_MAX_ITER = 100
_SHARE_OF_ITERATIONS = 0.4  # that a fit takes of the most it may, as measured
_REG_COVAR = 1e-6
_BLURRED = 0.1
_COLLAPSED = (
    "A component shrank onto identical customers and has no covariance. Try fewer components, covariance_type = diag or spherical, "
    "or a larger reg_covar."
)
_OVERFLOWN = "The squares of these features are too large to compute with, so the mixture has no likelihood: scale the features."


def fit_gaussian_mixture(task: SweepTask) -> Iterator[Solution]:
    """Yield the Gaussian mixture of each point; see `SweepTask`.

    Notes
    -----
    ``stock`` is ``sklearn.mixture.GaussianMixture(n_components, covariance_type, n_init, reg_covar, random_state=seed)``, scikit-learn's
    defaults where the point does not say, and the labels are its ``predict(X)``. Rows far from 0 are centred first, for both engines;
    see ``near_origin``.

    ``shared`` gives the same labels, ``bic`` and ``aic``. What it saves: the k-means that a fit starts from depends on the number of
    components and the seed only, so one serves every covariance type; and the points run in parallel, one core each. What it does
    not do is start a mixture from a smaller one or from another covariance type: EM ends in the nearest optimum, so that would be
    quicker and give other labels.

    Points that would not fit into ``memory`` fail before they start; as many run in parallel as fit.
    """
    rows = NearRows.of(task)
    if task.engine == "shared":
        yield from _fit_side_by_side(rows)
    else:
        yield from task.one_by_one(lambda point: _fit_stock(rows, point), lambda point: _reason_to_skip(task, point))


def _fit_side_by_side(rows: NearRows) -> Iterator[Solution]:
    import sklearn.mixture  # noqa: F401 - before threads are limited and anything is timed

    task, points = rows.task, rows.task.points
    groups: dict[tuple[Value, ...], list[int]] = {}
    for position, point in enumerate(points):
        groups.setdefault(_share_key(point), []).append(position)

    def tasks() -> Iterator[tuple[int, Callable[[], Solution]]]:
        # The longest come first, so that no core waits long for the last one.
        for key in sorted(groups, key=lambda key: tuple(-float(value) for value in key)):
            starts: list[np.ndarray] | Exception | None = None
            for position in sorted(groups[key], key=lambda position: COVARIANCE_TYPES.index(str(points[position]["covariance_type"]))):
                point, seconds = points[position], 0.0
                task.progress(position)
                reason = _reason_to_skip(task, point)
                if reason is not None:
                    yield position, partial(task.skipped, point, reason)
                    continue
                if starts is None:
                    starts, seconds = _starts(rows, point)
                    if len(groups[key]) > 1:
                        task.shared(seconds)
                        seconds = 0.0
                if isinstance(starts, Exception):
                    yield position, partial(task.failed, point, starts)
                else:
                    yield position, partial(_fit_shared, rows, point, starts, seconds)

    for position, outcome in side_by_side(tasks(), threads=_threads(task)):
        yield outcome if isinstance(outcome, Solution) else task.failed(points[position], outcome)


def _share_key(point: Point) -> tuple[Value, ...]:
    return point["n_components"], point.get("n_init", 1)


def _reason_to_skip(task: SweepTask, point: Point) -> str | None:
    if len(task.X) < _FEWEST_ROWS:
        return f"A mixture needs at least {_FEWEST_ROWS} rows, but there is {len(task.X)}."
    return more_than_rows(point, "n_components", len(task.X)) if int(point["n_components"]) > len(task.X) else None


def _options(point: Point) -> dict[str, Any]:
    """Return scikit-learn's arguments, with its defaults for those the point leaves out."""
    return {
        "n_components": int(point["n_components"]),
        "covariance_type": str(point["covariance_type"]),
        "n_init": int(point.get("n_init", 1)),
        "reg_covar": float(point.get("reg_covar", _REG_COVAR)),
        "max_iter": _MAX_ITER,
    }


@np.errstate(all="ignore")
def _fit_stock(rows: NearRows, point: Point) -> Solution:
    _require_memory(rows.task, point)
    try:
        fitted = fit_estimator("stock", ESTIMATOR, rows.near, random_state=rows.task.seed, **_options(point))
    except ValueError:
        # scikit-learn does not say by the error's type that a component has collapsed; the same steps, done here, find its covariance.
        starts, _ = _starts(rows, point)
        if not isinstance(starts, Exception):
            _fit_from(rows.near, starts, point)
        raise
    return _solution(rows, point, fitted.estimator, fitted.proof)


@np.errstate(all="ignore")  # else NumPy warns, which threads must not
def _fit_shared(rows: NearRows, point: Point, starts: Sequence[np.ndarray], seconds: float) -> Solution:
    """Fit one point from ``starts``; their ``seconds`` count here unless reported elsewhere."""
    _require_memory(rows.task, point)
    began = time.perf_counter()
    mixture = _fit_from(rows.near, starts, point)
    seconds += time.perf_counter() - began
    evidence = (
        f"segcore {segcore.__version__}, the steps of scikit-learn {version_of('scikit-learn')}'s GaussianMixture from one k-means for all "
        "covariance types"
    )
    return _solution(rows, point, mixture, Proof("shared", evidence, seconds))


def _starts(rows: NearRows, point: Point) -> tuple[list[np.ndarray] | Exception, float]:
    """Return scikit-learn's initial labels of a mixture, one array per ``n_init``, or the error; and the seconds taken."""
    from threadpoolctl import threadpool_limits

    draws = np.random.RandomState(rows.task.seed)  # scikit-learn draws every start from this one stream
    seconds, starts = 0.0, []
    try:
        # One thread, as the points have, so that no last digit depends on the number of cores.
        with threadpool_limits(1):
            for _ in range(int(point.get("n_init", 1))):
                fitted = fit_estimator(
                    "stock", KMEANS_ESTIMATOR, rows.near, n_clusters=int(point["n_components"]), n_init=1, random_state=draws
                )
                seconds += fitted.seconds
                starts.append(np.asarray(fitted.estimator.labels_))
    except Exception as error:
        return error, seconds
    return starts, seconds


def _fit_from(X: np.ndarray, starts: Sequence[np.ndarray], point: Point) -> GaussianMixture:
    """Return the mixture that scikit-learn's ``fit`` finds from given initial labels, by the same steps, to the bit.

    scikit-learn has no public way to hand it a start that would give the same first covariances, and its ``fit`` warns where it did not
    converge, which threads must not. The parts of its EM are called one by one instead; a test holds that nothing differs.

    Raises
    ------
    FitError
        If a component has shrunk until its covariance is not positive.
    """
    from sklearn.mixture import GaussianMixture

    mixture = GaussianMixture(**_options(point))
    best, best_bound, best_iterations, best_settled = None, -math.inf, 0, False
    for labels in starts:
        belonging = np.zeros((len(X), mixture.n_components))
        belonging[np.arange(len(X)), labels] = 1
        with _collapse_reported(mixture):
            mixture._initialize(X, belonging)
        bound, settled, iteration = -math.inf, False, 0
        while iteration < mixture.max_iter and not settled:
            before, iteration = bound, iteration + 1
            bound, log_belonging = mixture._e_step(X)
            with _collapse_reported(mixture):
                mixture._m_step(X, log_belonging)
            settled = bool(abs(bound - before) < mixture.tol)
        if best is None or bound > best_bound or best_bound == -math.inf:
            best, best_bound, best_iterations, best_settled = mixture._get_parameters(), bound, iteration, settled
    mixture._set_parameters(best)
    mixture.n_iter_, mixture.converged_, mixture.lower_bound_ = best_iterations, best_settled, best_bound
    return mixture


@contextmanager
def _collapse_reported(mixture: GaussianMixture) -> Iterator[None]:
    """Raise `FitError` instead of the body's ``ValueError`` if the covariances are not positive."""
    try:
        yield
    except ValueError as error:
        if _has_collapsed(mixture):
            raise FitError(_COLLAPSED) from error
        raise


def _has_collapsed(mixture: GaussianMixture) -> bool:
    from scipy.linalg import LinAlgError, cholesky

    covariances = np.asarray(mixture.covariances_)
    if not np.isfinite(covariances).all():
        return False
    if mixture.covariance_type in ("diag", "spherical"):
        return bool((covariances <= 0).any())
    try:
        for matrix in covariances if mixture.covariance_type == "full" else [covariances]:
            cholesky(matrix, lower=True)
    except LinAlgError:
        return True
    return False


def _solution(rows: NearRows, point: Point, mixture: GaussianMixture, proof: Proof) -> Solution:
    X, near = rows.task.X, rows.near
    labels = mixture.predict(near)
    log_likelihood = float(mixture.score(near)) * len(near)
    if not math.isfinite(log_likelihood):
        raise FitError(_OVERFLOWN)
    n_free = free_parameters(int(point["n_components"]), X.shape[1], str(point["covariance_type"]))
    arrays = {
        "weights": np.asarray(mixture.weights_),
        "means": np.asarray(mixture.means_) + rows.origin,
        "covariances": np.asarray(mixture.covariances_),
        "precisions_cholesky": np.asarray(mixture.precisions_cholesky_),
        "iterations": np.array([mixture.n_iter_]),
    }
    agreeing = float(np.mean(assign_gaussian_mixture(X, arrays, point) == labels))
    return rows.task.solution(
        point,
        labels,
        proof,
        reason=_remarks(near, point, labels, bool(mixture.converged_)),
        arrays=arrays,
        criteria={"bic": n_free * math.log(len(X)) - 2 * log_likelihood, "aic": 2 * n_free - 2 * log_likelihood},
        agreement=Estimate(agreeing, agreeing, agreeing, len(X)),
    )


def free_parameters(n_components: int, n_features: int, covariance_type: str) -> int:
    """Return the number of parameters of a mixture, weights, means and covariances, as BIC and AIC count them.

    References
    ----------
    Schwarz (1978), "Estimating the dimension of a model". Akaike (1974).
    """
    of_one = n_features * (n_features + 1) // 2
    covariances = {"full": n_components * of_one, "tied": of_one, "diag": n_components * n_features, "spherical": n_components}
    return covariances[covariance_type] + n_components * n_features + n_components - 1


def _remarks(X: np.ndarray, point: Point, labels: np.ndarray, converged: bool) -> str | None:
    said, n_components, found = [], int(point["n_components"]), len(np.unique(labels))
    if found < n_components:
        said.append(
            f"Only {found} of the {n_components} components are the most likely one for any customer, so there are {found} segments"
        )
    if not converged:
        said.append(f"It stopped at the limit of {_MAX_ITER} iterations, before it converged")
    reg_covar, variance = float(point.get("reg_covar", _REG_COVAR)), float(X.var(axis=0).mean())
    if reg_covar > _BLURRED * variance > 0:
        said.append(
            f"reg_covar = {reg_covar:g} is large compared with the features' mean variance of {variance:.3g}, so components are wider than "
            "the data: scale the features, or choose a smaller reg_covar"
        )
    return as_sentences(said)


def assign_gaussian_mixture(X: np.ndarray, arrays: Mapping[str, np.ndarray], params: Mapping[str, Value]) -> np.ndarray:
    """Return the component with the largest posterior probability for each row, the lowest of equal ones.

    Parameters
    ----------
    X : ndarray of shape (n_customers, n_features), float64
    arrays : mapping
        ``weights`` of shape (n_components,), ``means`` of shape (n_components, n_features), and ``precisions_cholesky``: factors of the
        inverse covariances, of shape (n_components, n_features, n_features) for "full", (n_features, n_features) for "tied",
        (n_components, n_features) for "diag", (n_components,) for "spherical".
    params : mapping
        The point: ``covariance_type``.

    Notes
    -----
    Means are subtracted before anything is multiplied or squared, so no digits cancel far from 0 as they do in scikit-learn's
    ``predict``. On the training rows the two are compared at every fit; their agreement is kept in the Solution.
    """
    labels = np.empty(len(X), dtype=np.int32)
    for start, scores in _log_posteriors(X, arrays, params):
        labels[start : start + _BLOCK] = np.argmax(scores, axis=1)
    return labels


def probabilities_gaussian_mixture(X: np.ndarray, arrays: Mapping[str, np.ndarray], params: Mapping[str, Value]) -> np.ndarray:
    """Return each component's posterior probability for each row, shape (n_customers, n_components); each row sums to 1.

    See `assign_gaussian_mixture` for the parameters.
    """
    found = np.empty((len(X), len(arrays["means"])))
    for start, scores in _log_posteriors(X, arrays, params):
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        found[start : start + _BLOCK] = odds / odds.sum(axis=1, keepdims=True)
    return found


def log_densities(X: np.ndarray, arrays: Mapping[str, np.ndarray], params: Mapping[str, Value]) -> np.ndarray:
    """Return the logarithm of each component's weight times its density, shape (n_customers, n_components), float64.

    ``n_features / 2 * log(2 * pi)`` is left out, which is the same for every mixture of these features.
    """
    found = np.empty((len(X), len(arrays["means"])))
    for start, scores in _log_posteriors(X, arrays, params):
        found[start : start + len(scores)] = scores
    return found


def squared_distances(X: np.ndarray, arrays: Mapping[str, np.ndarray], params: Mapping[str, Value]) -> np.ndarray:
    """Return each row's squared Mahalanobis distance from each component, shape (n_customers, n_components).

    See `assign_gaussian_mixture` for the parameters.
    """
    means, factors = np.asarray(arrays["means"]), np.asarray(arrays["precisions_cholesky"])
    found = np.empty((len(X), len(means)))
    for start in range(0, len(X), _BLOCK):
        rows = slice(start, start + _BLOCK)
        for component, mean in enumerate(means):
            away = _standardised(X[rows] - mean, factors, component, str(params["covariance_type"]))
            found[rows, component] = np.einsum("ij,ij->i", away, away)
    return found


def covariance_matrices(arrays: Mapping[str, np.ndarray], params: Mapping[str, Value]) -> np.ndarray:
    """Return each component's covariance, whatever its shape, as shape (n_components, n_features, n_features).

    Parameters
    ----------
    arrays : mapping
        ``means`` and ``covariances``, in scikit-learn's form for ``covariance_type``.
    params : mapping
        The point: ``covariance_type``.
    """
    n_components, n_features = np.asarray(arrays["means"]).shape
    covariances, kind = np.asarray(arrays["covariances"]), params["covariance_type"]
    if kind == "full":
        return covariances
    if kind == "tied":
        return np.broadcast_to(covariances, (n_components, n_features, n_features))
    variances = covariances if kind == "diag" else covariances[:, None]
    return variances[:, :, None] * np.eye(n_features)


def project_components(
    arrays: Mapping[str, np.ndarray], params: Mapping[str, Value], centre: np.ndarray, axes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the components' means and covariances on some axes, as `Scoring.components` has to."""
    projected: np.ndarray = axes @ covariance_matrices(arrays, params) @ axes.T
    return (np.asarray(arrays["means"]) - centre) @ axes.T, projected


def _log_posteriors(X: np.ndarray, arrays: Mapping[str, np.ndarray], params: Mapping[str, Value]) -> Iterator[tuple[int, np.ndarray]]:
    """Yield blocks of rows: the first row, and each component's logarithm of its posterior probability but for a constant of the row."""
    means, factors = np.asarray(arrays["means"]), np.asarray(arrays["precisions_cholesky"])
    constants = _constants(arrays, params)
    for start in range(0, len(X), _BLOCK):
        rows = X[start : start + _BLOCK]
        scores = np.empty((len(rows), len(means)))
        for component, mean in enumerate(means):
            away = _standardised(rows - mean, factors, component, str(params["covariance_type"]))
            scores[:, component] = constants[component] - 0.5 * np.einsum("ij,ij->i", away, away)
        yield start, scores


def _constants(arrays: Mapping[str, np.ndarray], params: Mapping[str, Value]) -> np.ndarray:
    """Return each component's log posterior at its mean, but for a constant of all; minus infinity where its weight is 0."""
    factors, n_features = np.asarray(arrays["precisions_cholesky"]), np.asarray(arrays["means"]).shape[1]
    with np.errstate(divide="ignore"):
        found: np.ndarray = np.log(np.asarray(arrays["weights"])) + _log_determinants(factors, str(params["covariance_type"]), n_features)
    return found


def component_discriminants(arrays: Mapping[str, np.ndarray], params: Mapping[str, Value]) -> QuadraticDiscriminants:
    """Return the log posteriors of the components, but for a constant of the row."""
    means, factors, kind = np.asarray(arrays["means"]), np.asarray(arrays["precisions_cholesky"]), params["covariance_type"]
    if kind == "tied":
        factors = np.broadcast_to(factors, (len(means), *factors.shape))
    elif kind == "spherical":
        factors = np.broadcast_to(factors[:, None], means.shape)
    return QuadraticDiscriminants(means, factors, _constants(arrays, params))


def _standardised(away: np.ndarray, factors: np.ndarray, component: int, covariance_type: str) -> np.ndarray:
    if covariance_type == "tied":
        return away @ factors
    factor = factors[component]
    return away @ factor if covariance_type == "full" else away * factor


def _log_determinants(factors: np.ndarray, covariance_type: str, n_features: int) -> np.ndarray:
    """Return the logarithm of each factor's determinant, shape (n_components,), or one number if they share a factor."""
    if covariance_type in ("full", "tied"):
        return np.log(np.diagonal(factors, axis1=-2, axis2=-1)).sum(axis=-1)
    return np.log(factors).sum(axis=1) if covariance_type == "diag" else n_features * np.log(factors)


def _bytes_of(X: np.ndarray, point: Point) -> int:
    """Estimate a fit's memory besides the rows: a few matrices of rows by components and of rows by features."""
    n_rows, n_features = X.shape
    return 8 * n_rows * 4 * (int(point["n_components"]) + n_features)


def _require_memory(task: SweepTask, point: Point) -> None:
    require_memory(_bytes_of(task.X, point), task.memory, what="it needs", instead="choose fewer components")


def _threads(task: SweepTask) -> int:
    """Return how many points may run in parallel: one per core, if memory allows."""
    free = available_bytes() if task.memory is None else task.memory
    largest = max((_bytes_of(task.X, point) for point in task.points), default=1)
    return max(1, min(usable_cores(), free // max(1, largest)))


def _cost(rows: RowsToCost, points: Sequence[Point], engine: EngineName, *, memory: int | None = None) -> Cost:
    """Estimate the cost of Gaussian mixtures: per iteration every row with every component, and all pairs of features if needed."""
    n, d = rows.n_rows, rows.n_features
    work, held = 0.0, []
    for point in points:
        k, kind = int(point["n_components"]), str(point.get("covariance_type", "full"))
        starts = int(point.get("n_init", 1))
        row = {"full": 2 * d * d + 8 * d, "tied": d * d + 6 * d}.get(kind, 4 * d) + 60
        iterations = _MAX_ITER * _SHARE_OF_ITERATIONS if k > 1 else 2
        begin = k * (d + 8) * (rows.iterations(k, 1e-4) + 2 + math.log(k))
        work += FIT_WORK + starts * n * (k * row * iterations + begin)
        held.append(n * FLOAT_BYTES * (3 * d + 4 * k))
    return Cost.without_noise({f"gaussian_mixture.{engine}": work}, held, remedy="fewer components, fewer rows, or mini-batch k-means")


GAUSSIAN_MIXTURE = AlgorithmSpec(
    name="gaussian_mixture",
    title="Gaussian mixture",
    words="Describes the customers as bell-shaped clouds, which may be stretched and may overlap; each customer joins the most likely one.",
    params=(
        Param(
            "n_components",
            "int",
            1,
            None,
            tuple(range(2, 11)),
            "Number of components",
            "",
            "Number of clouds; each one that is the most likely for some customer is a segment.",
            counts="component",
            benchmark=(2, 3, 4, 5, 10, 15),
            is_ranged=True,
        ),
        Param(
            "covariance_type",
            "choice",
            0,
            None,
            ("full", "diag"),
            "Shape",
            "",
            "Shape of the clouds: full is any ellipsoid, tied the same ellipsoid for all, diag stretched along the features "
            "only, spherical round.",
            choices=COVARIANCE_TYPES,
            benchmark=COVARIANCE_TYPES,
        ),
        Param(
            "n_init",
            "int",
            1,
            None,
            (3,),
            "Starts",
            "starts",
            "Number of random starts, of which the most likely result is kept; scikit-learn's default is 1.",
            counts="start",
            benchmark=(),
        ),
        Param(
            "reg_covar",
            "float",
            0,
            None,
            (),
            "Least variance",
            "squared scaled units",
            "Added to every variance so that no cloud shrinks to nothing; scikit-learn's default is 1e-06, which is absolute: "
            "it is little for scaled features, and blurs features left unscaled in tiny units.",
        ),
    ),
    engines=_ENGINES,
    fit=fit_gaussian_mixture,
    scoring=Scoring(
        assign_gaussian_mixture,
        probabilities=probabilities_gaussian_mixture,
        components=project_components,
        discriminants=component_discriminants,
        words="A new customer joins the segment of its most likely component, given the components' sizes and shapes.",
        steps="For component i subtract row i of means.npy from the customer's scaled features: d. Then z = d @ P, where P is matrix i of "
        "precisions_cholesky.npy for covariance_type full and its only matrix for tied; for diag z = d * row i of it, for spherical "
        "z = d * number i of it. The component's score is log(weights.npy[i]) + log(det P) - sum(z ** 2) / 2, where det P is the product "
        "of the diagonal (full, tied), of the row (diag), or the number to the power of the number of features (spherical). The largest "
        "score counts, the first of equal ones. covariances.npy and iterations.npy are for information.",
    ),
    share_key=_share_key,
    judging=Judging("bic", "n_components", lambda point: (-float(point["n_components"]),)),
    presentation=Presentation(measures=("bic", "silhouette", "aic", "calinski_harabasz", "davies_bouldin")),
    criteria=(
        Criterion(
            "bic",
            "BIC",
            "lower is better",
            "How badly the mixture describes the customers, plus a penalty for every parameter. Lower is better, on the same data; "
            "it may be negative.",
            decimals=0,
        ),
        Criterion(
            "aic",
            "AIC",
            "lower is better",
            "Like BIC with a smaller penalty, so it favours more components. Lower is better, on the same data; it may be negative.",
            decimals=0,
        ),
    ),
    cost=CostModel(
        _cost,
        tuple(
            CalibrationTask(f"gaussian_mixture.{engine}", engine, 2_000, 12, ("n_components=4", "covariance_type=full"))
            for engine in _ENGINES
        ),
    ),
)
