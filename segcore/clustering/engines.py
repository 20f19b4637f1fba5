"""Who computes a fit: stock scikit-learn or Intel's scikit-learn-intelex, each with the proof of what really ran.

The only module that imports ``sklearnex``. Its estimators are imported by name: ``patch_sklearn()`` is process-wide, so a comparison
in one process would compare a thing with itself.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import importlib.util
import logging
import os
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np

import segcore
from segcore.errors import ParameterError
from segcore.records.solution import ENGINES, EngineName

EstimatorName = Literal["KMeans", "DBSCAN", "MiniBatchKMeans", "GaussianMixture", "AgglomerativeClustering", "HDBSCAN"]
_ESTIMATORS: dict[EstimatorName, tuple[str, dict[str, Any]]] = {
    "KMeans": ("cluster", {"n_clusters": 2, "n_init": 1, "random_state": 0}),
    "DBSCAN": ("cluster", {"eps": 0.5}),
    "MiniBatchKMeans": ("cluster", {"n_clusters": 2, "random_state": 0}),
    "GaussianMixture": ("mixture", {"n_components": 2, "random_state": 0}),
    "AgglomerativeClustering": ("cluster", {"n_clusters": 2}),
    "HDBSCAN": ("cluster", {"copy": True}),
}
"""Each estimator's module in scikit-learn, and parameters of a tiny fit that loads its native code."""
_ACCELERATED = "running accelerated version"
_FALLBACK = "fallback to original Scikit-learn"
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "scikit-learn-intelex", "numba")


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A fitted estimator and who fitted it.

    Parameters
    ----------
    estimator : a scikit-learn or scikit-learn-intelex estimator
    ran : {"stock", "intel"}
        Who really computed it, whoever was asked.
    evidence : str
        What proves it.
    seconds : float
        Wall time of the fit alone: neither import nor the first call's set-up.
    warnings : tuple of str
        What the estimator warned of.
    """

    estimator: Any
    ran: EngineName
    evidence: str
    seconds: float
    warnings: tuple[str, ...] = ()


def versions() -> dict[str, str]:
    """Return the versions of segcore and of the numerical libraries, without importing these; what is not installed is left out."""
    found = {"segcore": segcore.__version__}
    for library in _LIBRARIES:
        # sklearnex.__version__ reads 2199.9.9, so only the distribution's metadata can be believed.
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[library] = importlib.metadata.version(library)
    return found


def require_engine(engine: str) -> EngineName:
    """Return ``engine`` where it is known and installed.

    Raises
    ------
    ParameterError
        Where it is neither.
    """
    if engine not in ENGINES:
        raise ParameterError.unknown("engine", engine, ENGINES)
    if engine == "intel" and importlib.util.find_spec("sklearnex") is None:
        raise ParameterError("Engine 'intel' needs the package scikit-learn-intelex, which is not installed: install it or use 'stock'.")
    return engine


def fit_estimator(engine: EngineName, name: EstimatorName, X: np.ndarray, **params: Any) -> Fitted:
    """Fit one estimator on one engine, timed, with the proof of what ran.

    Parameters
    ----------
    engine : {"stock", "intel"}
    name : str
        One of ``EstimatorName``; Intel's engine has KMeans and DBSCAN only.
    X : ndarray of shape (n_customers, n_features), float64
        Near the origin where the engine is Intel's, whose arithmetic breaks far from it (see ``segcore.clustering.algorithms.registry``).
    **params
        The estimator's own.

    Raises
    ------
    Exception
        Whatever the estimator raises.
    """
    if engine == "intel" and name == "KMeans" and params.get("n_clusters") == 1:
        fitted = fit_estimator("stock", name, X, **params)
        # Its kernel has crashed the process at one cluster, so it is never handed one.
        return _renamed(fitted, f"intel was asked for, but it does not do n_clusters = 1; {fitted.evidence}")
    estimator = _estimator_class(engine, name)(**params)
    with warnings.catch_warnings(record=True) as caught, _sklearnex_log() as log:
        warnings.simplefilter("always")
        start = time.perf_counter()
        estimator.fit(X)
        seconds = time.perf_counter() - start
    said = tuple(dict.fromkeys(str(warning.message) for warning in caught))
    stock = f"scikit-learn {importlib.metadata.version('scikit-learn')}, sklearn.{_ESTIMATORS[name][0]}.{name}"
    if engine == "stock":
        return Fitted(estimator, "stock", stock, seconds, said)
    intel = f"scikit-learn-intelex {importlib.metadata.version('scikit-learn-intelex')}"
    line = next((line for line in log if _ACCELERATED in line or _FALLBACK in line), None)
    if line is None:
        return Fitted(estimator, "stock", f"intel was asked for, but {intel} did not report that it ran; taken as {stock}", seconds, said)
    if _FALLBACK in line or any(_FALLBACK in other for other in log):
        return Fitted(estimator, "stock", f"intel was asked for, but {intel} reported '{line}'; {stock}", seconds, said)
    return Fitted(estimator, "intel", f"{intel} reported '{line}'", seconds, said)


def _renamed(fitted: Fitted, evidence: str) -> Fitted:
    return Fitted(fitted.estimator, fitted.ran, evidence, fitted.seconds, fitted.warnings)


@cache
def _estimator_class(engine: EngineName, name: EstimatorName) -> type:
    """Return an estimator's class, its native code loaded by a tiny fit so that no timed fit pays for it."""
    module, first_params = _ESTIMATORS[name]
    if engine == "intel":
        import sklearnex.cluster as package
    else:
        package = importlib.import_module(f"sklearn.{module}")
    found: type = getattr(package, name)
    if engine == "stock" and not found.__module__.startswith("sklearn."):
        raise RuntimeError(f"scikit-learn is patched in this process ({found.__module__}), so nothing in it can be called stock")
    with warnings.catch_warnings(), _sklearnex_log():
        warnings.simplefilter("ignore")
        first = np.random.default_rng(0).normal(size=(32, 2))
        found(**first_params).fit(first)
    return found


@contextlib.contextmanager
def _sklearnex_log() -> Iterator[list[str]]:
    """Collect what scikit-learn-intelex logs; it is kept from the console unless the user asked for it with SKLEARNEX_VERBOSE."""
    lines: list[str] = []

    class Collect(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            lines.append(record.getMessage())
            return "SKLEARNEX_VERBOSE" in os.environ

    logger, collect, level = logging.getLogger("sklearnex"), Collect(), logging.getLogger("sklearnex").level
    logger.addFilter(collect)
    logger.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        logger.setLevel(level)
        logger.removeFilter(collect)
