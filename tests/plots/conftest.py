"""Sweeps made by hand: every number in a figure can be traced to here."""

import numpy as np
import pytest

from segcore.records.estimate import Estimate
from segcore.records.plan import Plan
from segcore.records.solution import Quality, Solution
from segcore.records.sweep import Recommendation, Sweep, SweepSpec

FEATURES = ("Recency", "invoices")


def quality(silhouette=0.5, inertia=100.0, mean=0.4, *, spread=0.0):
    estimate = Estimate(silhouette, silhouette - spread, silhouette + spread, 500)
    return Quality(inertia, estimate, 10.0, 1.5, {0: {"Recency": mean, "invoices": 0.2}}, {"Recency": mean, "invoices": 0.2})


def solved(params, labels, measured=None, **fields):
    labels = np.asarray(labels, dtype=np.int32)
    undefined = Quality(None, Estimate.undefined("one segment"), None, None, {}, {"Recency": None, "invoices": None})
    return Solution.from_labels(
        labels, params=params, engine="stock", evidence="test", seed=0, fit_seconds=0.01, quality=measured or undefined, **fields
    )


def not_solved(params, status="failed", reason="out of memory"):
    return Solution(params=params, status=status, engine="stock", evidence="test", seed=0, reason=reason)


def sweep_of(algorithm, solutions, *, points=None, recommended=None):
    points = points or tuple(dict(solution.params) for solution in solutions)
    spec = SweepSpec("table", {"name": "test"}, Plan(FEATURES), algorithm, points, "stock", {})
    summary = {"recommended": recommended.to_json()} if recommended else {}
    return Sweep(spec.id, spec, tuple(solutions), None, summary)


@pytest.fixture
def elbow_sweep():
    """k = 2, 3, 4 of ten customers: inertia 25,321, 1,200 and 900; silhouette best at 3, estimated."""
    return sweep_of(
        "kmeans",
        [
            solved({"n_clusters": 2, "tol": 1e-4}, [0] * 7 + [1] * 3, quality(0.30, 25321.4, 0.4, spread=0.02)),
            solved({"n_clusters": 3, "tol": 1e-4}, [0] * 5 + [1] * 3 + [2] * 2, quality(0.52, 1200.0, 0.6, spread=0.03)),
            solved({"n_clusters": 4, "tol": 1e-4}, [0] * 4 + [1] * 3 + [2] * 2 + [3], quality(0.41, 900.0, 0.7, spread=0.01)),
        ],
        recommended=Recommendation("groups", {"n_clusters": 3, "tol": 1e-4}, "the bend"),
    )


@pytest.fixture
def mixture_sweep():
    """Mixtures over 2 x 2, by number of components and shape; the last one failed."""
    return sweep_of(
        "gaussian_mixture",
        [
            solved(
                {"n_components": 2, "covariance_type": "full"}, [0] * 7 + [1] * 3, quality(0.3), criteria={"bic": -1200.5, "aic": -1300.0}
            ),
            solved(
                {"n_components": 2, "covariance_type": "diag"}, [0] * 6 + [1] * 4, quality(0.4), criteria={"bic": -900.0, "aic": -950.0}
            ),
            solved(
                {"n_components": 3, "covariance_type": "full"},
                [0] * 6 + [1] * 3 + [2],
                quality(0.5),
                criteria={"bic": -1100.0, "aic": -1.0},
            ),
            not_solved({"n_components": 3, "covariance_type": "diag"}),
        ],
        recommended=Recommendation("groups", {"n_components": 2, "covariance_type": "full"}, "the lowest BIC"),
    )


@pytest.fixture
def density_sweep():
    """DBSCAN over 2 x 2: two segments, one segment, all noise, failed."""
    return sweep_of(
        "dbscan",
        [
            solved({"min_samples": 10, "eps": 0.3}, [0] * 4 + [1] * 4 + [-1] * 2, quality(0.45)),
            solved({"min_samples": 10, "eps": 0.5}, [0] * 9 + [-1]),
            solved({"min_samples": 50, "eps": 0.3}, [-1] * 10),
            not_solved({"min_samples": 50, "eps": 0.5}),
        ],
    )


def _degenerate():
    k = [{"n_clusters": n, "tol": 1e-4} for n in (1, 2, 3)]
    e = [{"min_samples": 5, "eps": value} for value in (0.1, 0.2)]
    return {
        "single point": sweep_of("kmeans", [solved(k[1], [0, 0, 1], quality())]),
        "all failed": sweep_of("kmeans", [not_solved(point) for point in k]),
        "nothing there yet": sweep_of("kmeans", [None, None, None], points=tuple(k)),
        "half there": sweep_of("kmeans", [solved(k[0], [0, 0, 0]), None, solved(k[2], [0, 1, 2], quality())], points=tuple(k)),
        "one segment": sweep_of("kmeans", [solved(k[0], [0, 0, 0])]),
        "skipped": sweep_of("kmeans", [solved(k[1], [0, 0, 1], quality()), not_solved(k[2], "skipped", "more than the rows")]),
        "all noise": sweep_of("dbscan", [solved(point, [-1, -1, -1]) for point in e]),
        "dbscan failed": sweep_of("dbscan", [not_solved(point) for point in e]),
        "dbscan single point": sweep_of("dbscan", [solved(e[0], [0, 0, -1])]),
        "dbscan waiting": sweep_of("dbscan", [None, None], points=tuple(e)),
    }


@pytest.fixture(params=sorted(_degenerate()))
def degenerate_sweep(request):
    return _degenerate()[request.param]


@pytest.fixture
def make_sweep():
    return sweep_of


@pytest.fixture
def make_solution():
    return solved


@pytest.fixture
def make_quality():
    return quality
