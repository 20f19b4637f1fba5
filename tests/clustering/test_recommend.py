"""The recommended point: what the measures say, and when the honest answer is none."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import make_blobs
from sklearn.preprocessing import StandardScaler

from segcore.clustering.algorithms.registry import algorithm
from segcore.clustering.quality.measures import measure
from segcore.clustering.quality.silhouette import SilhouetteScorer
from segcore.clustering.recommend import recommend
from segcore.records.estimate import Estimate
from segcore.records.solution import Quality, Solution
from tests.examples import few


def solution(params, *, inertia=None, silhouette=None, segments=None, noise=0, status="ok", bic=None):
    n_segments = params.get("n_clusters", params.get("n_components", 2)) if segments is None else segments
    value = Estimate.undefined("none") if silhouette is None else Estimate(silhouette, silhouette, silhouette, 100)
    quality = Quality(inertia, value, None, None, {}, {"a": None}) if status == "ok" else None
    return Solution(
        params=params,
        status=status,
        engine="stock",
        evidence="",
        seed=0,
        segments=tuple(range(n_segments)),
        sizes=(100 // max(1, n_segments),) * n_segments,
        n_noise=noise,
        quality=quality,
        criteria={} if bic is None else {"bic": bic, "aic": bic},
    )


def kmeans(inertias, silhouettes, first=2):
    return [
        solution({"n_clusters": k, "tol": 1e-4}, inertia=i, silhouette=s)
        for k, (i, s) in enumerate(zip(inertias, silhouettes, strict=True), start=first)
    ]


def measured(spec, X, points):
    scorer = SilhouetteScorer(X)
    for found in spec.sweep(X, points, "stock"):
        quality = measure(X, X, ("a",) * X.shape[1], found.labels, scorer=scorer)
        yield Solution.from_labels(found.labels, params=found.params, engine="stock", evidence="", seed=0, quality=quality)


@pytest.mark.parametrize("centers", [3, 4, 6])
def test_well_separated_blobs_are_recommended_by_both_measures(centers):
    X, _ = make_blobs(600, 4, centers=centers, cluster_std=0.6, random_state=centers)
    X = StandardScaler().fit_transform(X)
    points = [{"n_clusters": k, "n_init": 10, "tol": 1e-4} for k in range(2, 11)]
    found = recommend("kmeans", list(measured(algorithm("kmeans"), X, points)))
    assert found.params == {"n_clusters": centers, "n_init": 10, "tol": 1e-4}
    assert found.reason.startswith("Inertia has its elbow at")
    assert found.reason.endswith("both measures agree. Tried: 2 to 10 segments, 10 starts and tol 0.0001.")


def test_unstructured_data_have_no_clear_best():
    X = np.random.default_rng(0).normal(size=(800, 8))
    points = [{"n_clusters": k, "n_init": 3, "tol": 1e-4} for k in range(2, 11)]
    found = recommend("kmeans", list(measured(algorithm("kmeans"), X, points)))
    assert found.params is None
    assert found.reason.startswith("No number of segments stands out. The best (")
    assert "Tried: 2 to 10 segments" in found.reason
    assert "below 0.25" in found.reason


def test_measures_that_disagree_give_no_clear_best_and_both_numbers():
    found = recommend("kmeans", kmeans([1000, 900, 800, 100, 90, 80], [0.6, 0.3, 0.3, 0.5, 0.3, 0.3]))
    assert found.params is None
    assert "The two measures disagree. Inertia has its elbow at 5 segments, but silhouette is highest at 2 segments (0.60)." in found.reason


@pytest.mark.parametrize("inertias", [[100, 99, 97, 90, 50], [100, 90, 81, 72.9, 65.61], [100] * 4, [0] * 4])
def test_a_curve_that_does_not_bend_has_no_elbow_and_silhouette_decides(inertias):
    found = recommend("kmeans", kmeans(inertias, [0.3, 0.5, 0.4, 0.3, 0.2][: len(inertias)]))
    assert found.params == {"n_clusters": 3, "tol": 1e-4}
    assert "Inertia has no clear elbow" in found.reason


@pytest.mark.parametrize("inertias", [[100, 1, 0.9], [100, 90], [100, 100, 100]])
def test_three_numbers_of_segments_are_said_to_be_too_few_for_an_elbow(inertias):
    found = recommend("kmeans", kmeans(inertias, [0.3, 0.5, 0.4][: len(inertias)]))
    assert found.params == {"n_clusters": 3, "tol": 1e-4}
    assert f"{len(inertias)} numbers of segments are too few for an elbow of inertia" in found.reason


def test_neighbours_in_the_grid_do_not_disagree_and_silhouette_decides():
    found = recommend("kmeans", kmeans([1000, 900, 800, 100, 90, 80], [0.3, 0.3, 0.3, 0.5, 0.6, 0.3]))
    assert found.params == {"n_clusters": 6, "tol": 1e-4}
    assert "elbow at 5" in found.reason
    assert "silhouette decides" in found.reason


def test_each_number_of_clusters_is_represented_by_its_least_inertia_and_ties_by_the_loosest_tolerance():
    points = []
    for k, inertia, silhouette in ((2, 900, 0.3), (3, 100, 0.7), (4, 90, 0.4), (5, 80, 0.3)):
        points += [
            solution({"n_clusters": k, "tol": 1e-5}, inertia=inertia * (1 + 1e-13), silhouette=silhouette),
            solution({"n_clusters": k, "tol": 1e-3}, inertia=inertia, silhouette=silhouette),
            solution({"n_clusters": k, "tol": 1e-1}, inertia=inertia * 1.5, silhouette=0.9),
        ]
    assert recommend("kmeans", points).params == {"n_clusters": 3, "tol": 1e-3}


def test_equal_silhouettes_go_to_the_fewest_clusters():
    assert recommend("kmeans", kmeans([50, 40], [0.5, 0.5])).params == {"n_clusters": 2, "tol": 1e-4}


def test_one_cluster_is_part_of_the_curve_but_never_recommended():
    found = recommend("kmeans", kmeans([1000, 100, 95, 90], [None, 0.6, 0.3, 0.2], first=1))
    assert found.params == {"n_clusters": 2, "tol": 1e-4}


@pytest.mark.parametrize("silhouette", [0.9, 0.1])
def test_a_single_number_of_clusters_compares_with_nothing(silhouette):
    found = recommend("kmeans", kmeans([10.0], [silhouette]))
    assert found.params is None
    assert "Only one number of segments" in found.reason


def test_failed_and_missing_points_are_passed_over_and_counted():
    points = [*kmeans([900, 100, 90, 80], [0.3, 0.7, 0.4, 0.3]), solution({"n_clusters": 9, "tol": 1e-4}, status="failed"), None]
    found = recommend("kmeans", points)
    assert found.params == {"n_clusters": 3, "tol": 1e-4}
    assert "(1 of 5 solutions failed or was skipped)" in found.reason


class TestDbscan:
    def test_silhouette_decides_among_points_with_enough_segments_and_little_noise(self):
        points = [
            solution({"eps": 0.3, "min_samples": 10}, silhouette=0.9, segments=4, noise=200),
            solution({"eps": 0.5, "min_samples": 10}, silhouette=0.5, segments=3, noise=10),
            solution({"eps": 0.7, "min_samples": 10}, silhouette=0.4, segments=2),
            solution({"eps": 0.9, "min_samples": 10}, segments=1),
        ]
        found = recommend("dbscan", points)
        assert found.params == {"eps": 0.5, "min_samples": 10}
        assert "eps 0.3, 0.5, 0.7 or 0.9" in found.reason
        assert "(0.50), with 3 segments and 9 % noise" in found.reason

    def test_exactly_half_noise_is_allowed_and_more_is_not(self):
        half = solution({"eps": 0.5, "min_samples": 5}, silhouette=0.5, segments=2, noise=100)
        more = solution({"eps": 0.5, "min_samples": 5}, silhouette=0.5, segments=2, noise=101)
        assert recommend("dbscan", [half]).params == {"eps": 0.5, "min_samples": 5}
        assert recommend("dbscan", [more]).params is None

    def test_nothing_usable_is_said_with_counts(self):
        points = [solution({"eps": e, "min_samples": 10}, segments=0, noise=100) for e in (0.3, 0.5)]
        found = recommend("dbscan", points)
        assert found.params is None
        assert "2 of 2 solutions are more than half noise, and 2 have fewer than two segments" in found.reason

    def test_ties_go_to_the_largest_eps_and_the_fewest_neighbours(self):
        points = [solution({"eps": e, "min_samples": m}, silhouette=0.5, segments=2) for e in (0.3, 0.5) for m in (10, 5)]
        assert recommend("dbscan", points).params == {"eps": 0.5, "min_samples": 5}

    def test_low_silhouette_is_no_clear_best(self):
        found = recommend("dbscan", [solution({"eps": 0.3, "min_samples": 5}, silhouette=0.24, segments=2)])
        assert found.params is None
        assert "below 0.25" in found.reason


def mixtures(bics, silhouettes, shape="full", first=1):
    return [
        solution({"n_components": k, "covariance_type": shape}, bic=bic, silhouette=silhouette)
        for k, (bic, silhouette) in enumerate(zip(bics, silhouettes, strict=True), start=first)
    ]


class TestGaussianMixture:
    def test_the_lowest_bic_over_shapes_is_recommended_with_its_silhouette(self):
        full = mixtures([9000, 7000.4, 7500, 8000], [None, 0.6, 0.5, 0.4])
        diag = mixtures([9500, 8000, 7200, 7300], [None, 0.7, 0.5, 0.4], "diag")
        found = recommend("gaussian_mixture", [*full, *diag])
        assert found.params == {"n_components": 2, "covariance_type": "full"}
        assert found.reason == (
            "BIC is lowest at 2 components with shape full (7,000), and its segments are well separated (silhouette 0.60). "
            "Tried: 1 to 4 components and shape full or diag."
        )

    def test_a_bic_that_still_falls_at_the_most_components_is_no_clear_best(self):
        found = recommend("gaussian_mixture", mixtures([9000, -7000, -7500.0], [None, 0.6, 0.5]))
        assert found.params is None
        assert "BIC is lowest at 3 components with shape full (-7,500), the largest number of components tried" in found.reason

    def test_the_most_that_could_be_fitted_is_the_edge(self):
        failed = solution({"n_components": 9, "covariance_type": "full"}, status="failed")
        found = recommend("gaussian_mixture", [*mixtures([9000, 8000, 7000], [None, 0.6, 0.5]), failed])
        assert found.params is None
        assert "the largest number of components tried" in found.reason

    def test_segments_that_overlap_are_no_clear_best(self):
        found = recommend("gaussian_mixture", mixtures([9000, 7000, 7500], [None, 0.24, 0.5]))
        assert found.params is None
        assert "but its segments overlap: silhouette 0.24, below 0.25." in found.reason

    def test_one_component_is_no_clear_best(self):
        found = recommend("gaussian_mixture", mixtures([7000, 8000, 7500], [None, 0.6, 0.5]))
        assert found.params is None
        assert "BIC is lowest at 1 component with" in found.reason

    def test_one_number_of_components_compares_with_nothing(self):
        found = recommend("gaussian_mixture", [*mixtures([7000], [0.6], first=3), *mixtures([6000], [0.6], "diag", first=3)])
        assert found.params is None
        assert "Only one number of components" in found.reason

    def test_equal_bics_go_to_the_fewest_components(self):
        found = recommend("gaussian_mixture", mixtures([9000, 7000, 7000 * (1 + 1e-13), 8000], [None, 0.6, 0.6, 0.5]))
        assert found.params["n_components"] == 2

    def test_without_a_single_fit_that_is_said(self):
        found = recommend("gaussian_mixture", [solution({"n_components": 2, "covariance_type": "full"}, status="failed")])
        assert found.reason.startswith("No number of components stands out. ")
        assert "No solution has a BIC" in found.reason

    def test_separated_clouds_are_found_from_the_fits_themselves(self):
        X, _ = make_blobs(600, 4, centers=4, cluster_std=0.6, random_state=4)
        X = StandardScaler().fit_transform(X)
        spec = algorithm("gaussian_mixture")
        points = [{"n_components": k, "covariance_type": shape} for k in range(1, 8) for shape in ("full", "spherical")]
        fits = [
            Solution.from_labels(
                found.labels,
                params=found.params,
                engine="shared",
                evidence="",
                seed=0,
                quality=measure(X, X, tuple("abcd"), found.labels),
                criteria=found.criteria,
            )
            for found in spec.sweep(X, points, "shared")
        ]
        assert recommend("gaussian_mixture", fits).params["n_components"] == 4


numbers = st.none() | st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 100)
solutions = st.lists(
    st.none()
    | st.builds(
        lambda a, b, inertia, silhouette, segments, noise, status, bic: solution(
            a | b, inertia=inertia, silhouette=silhouette, segments=segments, noise=noise, status=status, bic=bic
        ),
        st.integers(1, 9).map(lambda k: {"n_clusters": k})
        | st.integers(1, 5).map(lambda k: {"n_components": k, "covariance_type": "full"})
        | st.just({})
        | st.floats(0.1, 3).map(lambda e: {"eps": e}),
        st.sampled_from([{}, {"tol": 1e-3}, {"tol": 1e-5}, {"min_samples": 4}]),
        numbers,
        numbers,
        st.integers(0, 5),
        st.integers(0, 300),
        st.sampled_from(["ok", "failed", "skipped"]),
        numbers,
    ),
    max_size=14,
)


@settings(max_examples=few(300), deadline=None)
@given(st.sampled_from(["kmeans", "minibatch_kmeans", "gaussian_mixture", "dbscan", "another"]), solutions)
def test_whatever_came_out_it_never_raises_and_never_recommends_what_it_may_not(name, points):
    found = recommend(name, points)
    assert found.reason.endswith(".")
    assert "Tried: " in found.reason
    assert (" stands out. " in found.reason) == (found.params is None)
    if found.params is not None:
        assert any(
            point is not None
            and dict(point.params) == dict(found.params)
            and point.status == "ok"
            and point.n_segments >= 2
            and point.noise_share <= 0.5
            and point.quality.silhouette.value is not None
            and math.isfinite(point.quality.silhouette.value)
            for point in points
        )
