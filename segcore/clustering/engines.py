"""Engines that compute a fit, stock scikit-learn or Intel's scikit-learn-intelex, with proof of what really ran.

The only module that imports ``sklearnex``. Its estimators are imported by name: ``patch_sklearn()`` is process-wide, so a comparison
in one process would compare an engine with itself.
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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

import segcore
from segcore.errors import ParameterError
from segcore.records.solution import ENGINES, EngineName

# The log of scikit-learn-intelex is the only proof of which code computed a fit.
_ACCELERATED = "running accelerated version"
_FALLBACK = "fallback to original Scikit-learn"
_LIBRARIES = ("numpy", "scipy", "scikit-learn", "scikit-learn-intelex", "numba")


def _anything_goes(params: Mapping[str, Any]) -> None:
    """Return no reason against any parameters."""


@dataclass(frozen=True, slots=True, eq=False)
class Estimator:
    """A scikit-learn estimator that an algorithm fits.

    Parameters
    ----------
    name : str
        Its class.
    module : str
        Its module in scikit-learn, such as "cluster".
    first : mapping
        Parameters of a tiny fit that loads its native code.
    not_for_intel : callable (params) -> str or None
        Why Intel's engine cannot fit these parameters; stock then fits them.
    """

    name: str
    module: str
    first: Mapping[str, Any]
    not_for_intel: Callable[[Mapping[str, Any]], str | None] = _anything_goes


@dataclass(frozen=True, slots=True)
class Proof:
    """Engine that really computed a point, its proof, and the time in seconds."""

    engine: EngineName
    evidence: str
    seconds: float


@dataclass(frozen=True, slots=True)
class FitWarning:
    """A warning of an estimator: the name of its class, such as "ConvergenceWarning", and its text."""

    category: str
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A fitted estimator and the engine that fitted it.

    Parameters
    ----------
    estimator : a scikit-learn or scikit-learn-intelex estimator
    ran : {"stock", "intel"}
        The engine that really computed it, whichever was requested.
    evidence : str
        The proof.
    seconds : float
        Wall time of the fit alone, without import and the first call's set-up.
    warnings : tuple of FitWarning
        The estimator's warnings, each once.
    """

    estimator: Any
    ran: EngineName
    evidence: str
    seconds: float
    warnings: tuple[FitWarning, ...] = ()

    @property
    def proof(self) -> Proof:
        """Engine, proof and time of the fit."""
        return Proof(self.ran, self.evidence, self.seconds)


def versions() -> dict[str, str]:
    """Return the versions of segcore and of the installed numerical libraries, without importing them."""
    found = {"segcore": segcore.__version__}
    for library in _LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[library] = version_of(library)
    return found


@cache
def version_of(package: str) -> str:
    """Return a package's version: that of its distribution, because ``sklearnex.__version__`` reads 2199.9.9."""
    return importlib.metadata.version(package)


def require_engine(engine: str) -> EngineName:
    """Return ``engine`` if it is known and installed.

    Raises
    ------
    ParameterError
        If it is unknown or not installed.
    """
    if engine not in ENGINES:
        raise ParameterError.unknown("engine", engine, ENGINES)
    if engine == "intel" and importlib.util.find_spec("sklearnex") is None:
        raise ParameterError("Engine 'intel' needs the package scikit-learn-intelex, which is not installed: install it or use 'stock'.")
    return engine


def fit_estimator(engine: EngineName, asked: Estimator, X: np.ndarray, **params: Any) -> Fitted:
    """Fit one estimator on one engine, with its time and proof of what ran.

    Parameters
    ----------
    engine : {"stock", "intel"}
    asked : Estimator
        Intel's engine has KMeans and DBSCAN only.
    X : ndarray of shape (n_customers, n_features), float64
        Near the origin for Intel's engine, whose arithmetic breaks far from it (see ``segcore.clustering.algorithms.origin``).
    **params
        The estimator's own.

    Raises
    ------
    Exception
        Whatever the estimator raises.
    """
    reason = asked.not_for_intel(params) if engine == "intel" else None
    if reason is not None:
        fitted = fit_estimator("stock", asked, X, **params)
        return replace(fitted, evidence=f"intel was requested, but {reason}; {fitted.evidence}")
    estimator = _estimator_class(engine, asked)(**params)
    with warnings.catch_warnings(record=True) as caught, _sklearnex_log() as log:
        warnings.simplefilter("always")
        start = time.perf_counter()
        estimator.fit(X)
        seconds = time.perf_counter() - start
    said = tuple(dict.fromkeys(FitWarning(warning.category.__name__, str(warning.message)) for warning in caught))
    stock = f"scikit-learn {version_of('scikit-learn')}, sklearn.{asked.module}.{asked.name}"
    if engine == "stock":
        return Fitted(estimator, "stock", stock, seconds, said)
    intel = f"scikit-learn-intelex {version_of('scikit-learn-intelex')}"
    line = next((line for line in log if _ACCELERATED in line or _FALLBACK in line), None)
    if line is None:
        return Fitted(estimator, "stock", f"intel was requested, but {intel} did not report that it ran; counted as {stock}", seconds, said)
    if _FALLBACK in line or any(_FALLBACK in other for other in log):
        return Fitted(estimator, "stock", f"intel was requested, but {intel} reported '{line}'; {stock}", seconds, said)
    return Fitted(estimator, "intel", f"{intel} reported '{line}'", seconds, said)


@cache
def _estimator_class(engine: EngineName, asked: Estimator) -> type:
    """Return an estimator's class after a tiny fit that loads its native code, so that no timed fit includes it."""
    if engine == "intel":
        import sklearnex.cluster as package
    else:
        package = importlib.import_module(f"sklearn.{asked.module}")
    found: type = getattr(package, asked.name)
    if engine == "stock" and not found.__module__.startswith("sklearn."):
        raise RuntimeError(f"scikit-learn is patched in this process ({found.__module__}), so no fit in it would be stock")
    with warnings.catch_warnings(), _sklearnex_log():
        warnings.simplefilter("ignore")
        first = np.random.default_rng(0).normal(size=(32, 2))
        found(**asked.first).fit(first)
    return found


@contextlib.contextmanager
def _sklearnex_log() -> Iterator[list[str]]:
    """Collect the log of scikit-learn-intelex, which reaches the console only if SKLEARNEX_VERBOSE is set."""
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
