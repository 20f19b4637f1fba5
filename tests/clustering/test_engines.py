"""Who computes a fit, and what proves it."""

import logging
import subprocess
import sys

import numpy as np
import pytest

from segcore.clustering import engines
from segcore.clustering.algorithms import dbscan, gaussian_mixture, kmeans, minibatch_kmeans
from segcore.errors import ParameterError

KMEANS, DBSCAN = kmeans.ESTIMATOR, dbscan.ESTIMATOR


@pytest.fixture
def X():  # noqa: N802
    return np.random.default_rng(0).normal(size=(200, 3))


@pytest.mark.parametrize(
    ("estimator", "params"), [(KMEANS, {"n_clusters": 3, "n_init": 1, "random_state": 0}), (DBSCAN, {"eps": 0.5})], ids=["KMeans", "DBSCAN"]
)
class TestEachEstimator:
    def test_intel_is_proven_by_its_own_log(self, X, estimator, params):
        fitted = engines.fit_estimator("intel", estimator, X, **params)
        assert fitted.ran == "intel"
        assert f"sklearn.cluster.{estimator.name}.fit: running accelerated version on CPU" in fitted.evidence
        assert type(fitted.estimator).__module__.startswith("sklearnex.")

    def test_stock_is_scikit_learn_itself(self, X, estimator, params):
        fitted = engines.fit_estimator("stock", estimator, X, **params)
        assert fitted.ran == "stock"
        assert type(fitted.estimator).__module__.startswith("sklearn.")
        assert fitted.seconds > 0

    def test_a_fit_leaves_the_log_as_it_was_and_prints_nothing(self, X, estimator, params, capfd):
        logger = logging.getLogger("sklearnex")
        before = (logger.level, list(logger.filters))
        engines.fit_estimator("intel", estimator, X, **params)
        assert (logger.level, list(logger.filters)) == before
        assert capfd.readouterr() == ("", "")


def test_a_fall_back_is_called_stock_and_says_that_intel_was_asked_for(X):
    fitted = engines.fit_estimator("intel", DBSCAN, X, eps=0.5, algorithm="kd_tree")
    assert fitted.ran == "stock"
    assert "intel was requested" in fitted.evidence
    assert "fallback to original Scikit-learn" in fitted.evidence


def test_as_many_clusters_as_rows_fall_back_and_are_called_stock():
    rows = np.arange(10.0).reshape(5, 2)
    assert engines.fit_estimator("intel", KMEANS, rows, n_clusters=5, random_state=0).ran == "stock"


def test_one_cluster_never_reaches_intel(X):
    fitted = engines.fit_estimator("intel", KMEANS, X, n_clusters=1, random_state=0)
    assert fitted.ran == "stock"
    assert "intel was requested" in fitted.evidence
    assert type(fitted.estimator).__module__.startswith("sklearn.")


def test_a_silent_run_is_not_called_intel(X, monkeypatch):
    monkeypatch.setattr(engines, "_ACCELERATED", "words that it never logs")
    fitted = engines.fit_estimator("intel", KMEANS, X, n_clusters=3, random_state=0)
    assert fitted.ran == "stock"
    assert "did not report" in fitted.evidence


@pytest.mark.parametrize(
    ("estimator", "params"),
    [(minibatch_kmeans.ESTIMATOR, {"n_clusters": 3}), (gaussian_mixture.ESTIMATOR, {"n_components": 3})],
    ids=["MiniBatchKMeans", "GaussianMixture"],
)
def test_what_only_scikit_learn_has_is_fitted_by_it_with_the_proof(X, estimator, params):
    fitted = engines.fit_estimator("stock", estimator, X, random_state=0, **params)
    assert (fitted.ran, type(fitted.estimator).__name__) == ("stock", estimator.name)
    assert fitted.evidence.endswith(f".{estimator.name}")
    assert type(fitted.estimator).__module__.startswith("sklearn.")


def test_warnings_are_kept_with_the_fit():
    fitted = engines.fit_estimator("stock", KMEANS, np.ones((5, 2)), n_clusters=3, random_state=0)
    assert "distinct clusters (1)" in fitted.warnings[0].text
    assert fitted.warnings[0].category == "ConvergenceWarning"


def test_versions_come_from_the_installed_packages_without_importing_them():
    code = (
        "import sys; from segcore.clustering.engines import versions; found = versions(); "
        "assert set(found) == {'segcore', 'numpy', 'scipy', 'scikit-learn', 'scikit-learn-intelex', 'numba'}, found; "
        "assert found['scikit-learn-intelex'] != '2199.9.9'; "
        "assert not {'sklearn', 'sklearnex', 'daal4py'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_an_unknown_engine_is_an_error_that_names_those_there_are():
    with pytest.raises(ParameterError, match="stock, intel"):
        engines.require_engine("gpu")


def test_an_engine_that_is_not_installed_is_an_error(monkeypatch):
    monkeypatch.setattr(engines.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ParameterError, match="not installed"):
        engines.require_engine("intel")


def test_a_patched_scikit_learn_is_never_taken_for_stock():
    code = (
        "from sklearnex import patch_sklearn; patch_sklearn(verbose=False); import numpy as np\n"
        "from segcore.clustering.algorithms.kmeans import ESTIMATOR\n"
        "from segcore.clustering.engines import fit_estimator\n"
        "try: fit_estimator('stock', ESTIMATOR, np.ones((5, 2)), n_clusters=1)\n"
        "except RuntimeError as error: assert 'patched' in str(error)\n"
        "else: raise SystemExit('a patched estimator was called stock')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
