"""The recommended solution: what the evidence allows, and when the honest answer is none."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import make_blobs

from segcore.clustering.algorithms.registry import algorithm
from segcore.clustering.quality.measures import measure
from segcore.clustering.recommend import recommend
from segcore.records.estimate import Estimate
from segcore.records.evidence import Placebo, PointEvidence, PredictionStrength, SegmentStability, Stability, SweepEvidence
from segcore.records.solution import Quality, Solution
from segcore.records.sweep import Recommendation
from tests.examples import few


def solution(params, *, inertia=None, silhouette=None, segments=None, noise=0, status="ok", bic=None, sizes=None):
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
        sizes=sizes or (600 // max(1, n_segments),) * n_segments,
        n_noise=noise,
        quality=quality,
        criteria={} if bic is None else {"bic": bic, "aic": bic},
    )


def kmeans(inertias, silhouettes, first=2):
    return [
        solution({"n_clusters": k, "tol": 1e-4}, inertia=i, silhouette=s)
        for k, (i, s) in enumerate(zip(inertias, silhouettes, strict=True), start=first)
    ]


def point(z=None, least=None, described=None, observed=0.3):
    steady = SegmentStability(least, least, least, 0.0, 1.0) if least is not None else None
    return PointEvidence(
        placebo=Placebo(observed, 0.2, 0.15, 0.25, 0.27, z, 99, 99, 600),
        stability=Stability({0: steady}, 50, "boot") if steady else None,
        prediction_strength=PredictionStrength(0.9, 0.01, 5),
        describability=Estimate(described, described, described, 600) if described is not None else None,
    )


def evidence(*points, p=0.01, needed=3.0, **more):
    return SweepEvidence(points=points, level="all", placebos=99, resamples=50, splits=5, p=p, needed_z=needed, sample_size=600, **more)


FALLING = [1000, 800, 640, 512]


class TestGroups:
    def test_the_stable_solution_furthest_above_the_placebos_is_recommended(self):
        found = recommend(
            "kmeans", kmeans(FALLING, [0.5, 0.3, 0.4, 0.2]), evidence(point(9, 0.7), point(3.5, 0.9), point(6, 0.8), point(1, 0.9))
        )
        assert (found.outcome, found.params) == ("groups", {"n_clusters": 4, "tol": 1e-4})
        assert found.reason.startswith(
            "The customers fall into 4 groups. Their silhouette (0.40, 0.20 on average without segments) is one that none of 99 data sets "
            "without segments reaches, and each segment is found again in resamples of the customers (similarity of at least 0.80"
        )
        assert found.p == 0.01
        assert found.runner_up == {"n_clusters": 2, "tol": 1e-4}
        assert [row["z"] for row in found.table] == [6, 9]

    @pytest.mark.parametrize(("z", "least"), [(3.0, 0.9), (9, 0.749)])
    def test_both_conditions_are_needed(self, z, least):
        assert recommend("kmeans", kmeans([100], [0.5]), evidence(point(z, least))).outcome != "groups"

    @pytest.mark.parametrize(("observed", "outcome"), [(0.211, "groups"), (0.209, "nothing")])
    def test_a_silhouette_hardly_above_that_without_segments_is_no_group(self, observed, outcome):
        found = recommend("kmeans", kmeans([100], [observed]), evidence(point(9, 0.9, observed=observed)))
        assert found.outcome == outcome
        assert ("is hardly above that without segments (0.21 and 0.20)" in found.reason) == (outcome == "nothing")

    def test_the_least_values_above_are_enough(self):
        assert recommend("kmeans", kmeans([100], [0.5]), evidence(point(3.01, 0.75))).outcome == "groups"

    def test_one_segment_more_is_preferred_if_it_is_nearly_as_far_above_and_very_stable(self):
        found = recommend("kmeans", kmeans(FALLING, [0.3] * 4), evidence(point(1, 0.9), point(5, 0.8), point(4, 0.9), point(1, 0.9)))
        assert (found.params["n_clusters"], found.runner_up["n_clusters"]) == (4, 3)
        assert "3 segments would do as well; 4 are preferred, because they are very stable too." in found.reason

    @pytest.mark.parametrize(("z", "least"), [(3.99, 0.95), (4.5, 0.899)])
    def test_but_not_if_it_is_less_so(self, z, least):
        found = recommend("kmeans", kmeans(FALLING, [0.3] * 4), evidence(point(1, 0.9), point(5, 0.99), point(z, least), point(1, 0.9)))
        assert found.params["n_clusters"] == 3
        assert "would do as well" not in found.reason

    def test_more_segments_are_reached_one_by_one(self):
        found = recommend("kmeans", kmeans(FALLING, [0.3] * 4), evidence(point(5, 0.8), point(4.5, 0.9), point(4, 0.9), point(3.9, 0.9)))
        assert found.params["n_clusters"] == 4
        assert "2 segments would do as well; 4 are preferred" in found.reason

    def test_fewer_segments_or_two_more_are_not_preferred_however_stable(self):
        found = recommend("kmeans", kmeans(FALLING, [0.3] * 4), evidence(point(5.9, 1.0), point(6, 0.8), point(1, 0.9), point(5.9, 1.0)))
        assert found.params["n_clusters"] == 3

    @pytest.mark.parametrize(("sizes", "outcome"), [((580, 20), "groups"), ((581, 19), "nothing"), ((4000, 39), "nothing")])
    def test_small_segments_are_not_recommended(self, sizes, outcome):
        solutions = [
            solution({"n_clusters": 2, "tol": 1e-4}, silhouette=0.5, sizes=sizes),
            solution({"n_clusters": 9, "tol": 1e-4}, silhouette=0.1),
        ]
        assert recommend("kmeans", solutions, evidence(point(9, 0.9), point(0, 0.1))).outcome == outcome

    def test_unless_every_solution_has_one_which_is_said(self):
        found = recommend("kmeans", [solution({"n_clusters": 2}, silhouette=0.5, sizes=(581, 19))], evidence(point(9, 0.9)))
        assert found.outcome == "groups"
        assert "Every solution has a segment of under 1% or 20 customers." in found.reason

    def test_a_solution_that_repeats_an_earlier_one_is_not_the_runner_up(self):
        solutions = [solution({"n_clusters": k, "tol": tol}, silhouette=0.4) for k in (2, 3) for tol in (1e-3, 1e-4)]
        found = recommend("kmeans", solutions, evidence(*(point(5, 0.9),) * 2, *(point(4, 0.5),) * 2), same_as=[None, 0, None, 2])
        assert (found.params, found.runner_up) == ({"n_clusters": 2, "tol": 1e-3}, {"n_clusters": 3, "tol": 1e-3})

    def test_features_that_fall_in_groups_alone_are_named(self):
        found = recommend("kmeans", kmeans([100], [0.5]), evidence(point(9, 0.9), grouped=("age", "spend")))
        assert "age and spend fall in groups even alone; data without segments keep that, so it does not count here." in found.reason


class TestCuts:
    def test_the_most_stable_of_three_to_eight_segments_is_a_useful_cut(self):
        solutions = kmeans([900, 800, 700, 600, 500, 400, 300, 200], [0.3] * 8)
        least = (0.99, 0.61, 0.7, 0.65, 0.3, 0.3, 0.3, 0.98)
        found = recommend("kmeans", solutions, evidence(*(point(0, value) for value in least), p=0.4))
        assert (found.outcome, found.params["n_clusters"], found.runner_up["n_clusters"]) == ("cuts", 4, 5)
        assert found.reason.startswith(
            "The customers are a continuum, without separate groups: the best silhouette is one that 39 of 99 data sets without segments "
            "reach. 4 segments are a useful cut, not groups: each segment is found again"
        )

    def test_equally_stable_cuts_go_to_the_one_that_is_easier_to_describe(self):
        solutions = kmeans([900, 800, 700], [0.3] * 3, first=3)
        found = recommend("kmeans", solutions, evidence(point(0, 0.8, 0.5), point(0, 0.79, 0.9), point(0, 0.7, 0.99), p=0.4))
        assert found.params["n_clusters"] == 4

    def test_better_than_placebos_but_not_found_again_is_said(self):
        found = recommend("kmeans", kmeans([900, 800], [0.5, 0.3]), evidence(point(9, 0.7), point(0, 0.65)))
        assert (found.outcome, found.params["n_clusters"]) == ("cuts", 3)
        assert (
            "each has a segment that is not found again in resamples of the customers: its similarity is 0.70 at best, and 0.75"
            in found.reason
        )


class TestNothing:
    def test_a_continuum_is_not_claimed_where_single_features_make_segments(self):
        grouped = replace(point(1, 0.5), placebo=Placebo(0.9, 0.8, 0.7, 0.85, 0.9, 1.0, 99, 99, 600))
        found = recommend("kmeans", kmeans([9, 8], [0.5, 0.3]), evidence(grouped, point(0.5, 0.4), p=0.2))
        assert found.reason.startswith("Any groups come from single features, not from their combination: the best silhouette is one")

    def test_stability_that_could_not_be_measured_is_not_told_as_a_number(self):
        found = recommend("kmeans", kmeans([9, 8], [0.5, 0.3]), evidence(point(9), point(8)))
        assert found.outcome == "nothing"
        assert found.reason.startswith("Some solutions are better than data without segments, but their stability could not be measured.")

    def test_neither_groups_nor_a_cut_says_what_failed(self):
        found = recommend("kmeans", kmeans([9, 8, 7], [0.5, 0.3, 0.3]), evidence(point(1, 0.65), point(1, 0.5), point(2, 0.4), p=0.2))
        assert (found.outcome, found.params, found.runner_up) == ("nothing", None, None)
        assert "the most stable one (3 segments, tol 0.0001), a segment has a similarity of 0.50 in resamples" in found.reason
        assert [row["params"]["n_clusters"] for row in found.table] == [4, 3]

    def test_without_a_solution_of_three_to_eight_segments_there_is_no_cut(self):
        found = recommend("kmeans", kmeans([900], [0.5]), evidence(point(1, 0.7), p=0.2))
        assert (found.outcome, found.params) == ("nothing", None)
        assert "No solution with 3 to 8 segments has a stability that could be measured." in found.reason

    def test_no_usable_solution_is_said_with_counts(self):
        points = [solution({"eps": e, "min_samples": 10}, segments=0, noise=100) for e in (0.3, 0.5)]
        found = recommend("dbscan", points, evidence(point(), point(), p=None, needed=None))
        assert found.outcome == "nothing"
        assert "2 of 2 are more than half noise, and 2 have fewer than two segments" in found.reason

    @pytest.mark.parametrize(("noise", "outcome"), [(200, "groups"), (201, "nothing")])
    def test_up_to_half_noise_is_allowed(self, noise, outcome):
        found = recommend(
            "dbscan",
            [solution({"eps": 0.5, "min_samples": 5}, silhouette=0.5, segments=2, noise=noise, sizes=(100, 100))],
            evidence(point(9, 0.9)),
        )
        assert found.outcome == outcome


class TestWithoutEvidence:
    def test_elbow_and_silhouette_are_described_and_nothing_is_recommended(self):
        found = recommend("kmeans", kmeans([1000, 900, 300, 280, 265], [0.3, 0.5, 0.4, 0.3, 0.2]))
        assert found == Recommendation(None, None, found.reason)
        assert "\"Gather evidence\" on Explore, or 'segcore evidence'" in found.reason
        assert "Inertia has its elbow at 4 segments; silhouette is highest at 3 segments, tol 0.0001 (0.50)." in found.reason
        assert found.reason.endswith("Tried: 2 to 6 segments and tol 0.0001.")

    def test_too_little_evidence_is_no_verdict(self):
        few_placebos = SweepEvidence(points=(point(9, 0.9),), placebos=18, resamples=50, p=0.05, needed_z=1.0)
        few_resamples = SweepEvidence(points=(point(9, 0.9),), placebos=19, resamples=49, p=0.05, needed_z=1.0)
        for found in (recommend("kmeans", kmeans([100], [0.5]), given_) for given_ in (few_placebos, few_resamples)):
            assert found.outcome is None
            assert found.reason.startswith("Not all evidence has been gathered yet.")

    def test_why_there_can_be_none_is_said(self):
        found = recommend("kmeans", kmeans([100], [0.5]), SweepEvidence(level="all", reason="Copies of customers were clustered."))
        assert (found.outcome, found.reason.startswith("Copies of customers were clustered.")) == (None, True)

    @pytest.mark.parametrize("inertias", [[100, 99, 97, 90, 50], [100, 90, 81, 72.9, 65.61], [100] * 4, [0] * 4, [100, 1, 0.9]])
    def test_a_curve_that_does_not_bend_or_is_too_short_has_no_elbow(self, inertias):
        assert "Inertia has no clear elbow" in recommend("kmeans", kmeans(inertias, [0.3] * len(inertias))).reason

    def test_each_number_of_clusters_is_represented_by_its_least_inertia(self):
        points = []
        for k, inertia in ((2, 900), (3, 100), (4, 95), (5, 90)):
            points += [
                solution({"n_clusters": k, "tol": tol}, inertia=inertia * more) for tol, more in ((1e-3, 1), (1e-1, 9 if k == 3 else 1))
            ]
        assert "elbow at 3 segments" in recommend("kmeans", points).reason

    def test_failed_and_missing_points_are_passed_over_and_counted(self):
        points = [*kmeans([900, 100, 90, 80], [0.3, 0.7, 0.4, 0.3]), solution({"n_clusters": 9, "tol": 1e-4}, status="failed"), None]
        assert "(1 of 5 solutions failed or was skipped)" in recommend("kmeans", points).reason

    def test_the_criterion_of_a_mixture_is_described(self):
        points = [
            solution({"n_components": k, "covariance_type": "full"}, bic=bic, silhouette=s)
            for k, bic, s in ((1, 9000, None), (2, 7000.4, 0.6), (3, 7500, 0.5))
        ]
        found = recommend("gaussian_mixture", points)
        assert (
            "BIC is lowest at 2 components, shape full (7,000); silhouette is highest at 2 components, shape full (0.60)." in found.reason
        )

    def test_dbscan_s_noise_is_told(self):
        points = [solution({"eps": 0.5, "min_samples": 10}, silhouette=0.5, segments=3, noise=60)]
        assert "(0.50, with 3 segments and 9 % noise)" in recommend("dbscan", points).reason

    def test_separated_clouds_have_their_elbow_at_the_truth(self):
        X, _ = make_blobs(600, 4, centers=4, cluster_std=0.6, random_state=4)
        grid = [{"n_clusters": k, "n_init": 10, "tol": 1e-4} for k in range(2, 9)]
        fits = [
            Solution.from_labels(
                found.labels, params=found.params, engine="shared", evidence="", seed=0, quality=measure(X, X, tuple("abcd"), found.labels)
            )
            for found in algorithm("kmeans").sweep(X, grid, "shared")
        ]
        assert "Inertia has its elbow at 4 segments; silhouette is highest at 4 segments" in recommend("kmeans", fits).reason


def test_a_recommendation_by_an_earlier_version_recommends_nothing():
    old = Recommendation.from_json({"params": {"n_clusters": 3}, "reason": "Both measures agree."})
    assert (old.outcome, old.params) == (None, None)
    assert "earlier version" in old.reason


numbers = st.none() | st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 100)
share = st.none() | st.floats(0, 1)
PARAMS = {
    "kmeans": st.fixed_dictionaries({"n_clusters": st.integers(1, 9), "tol": st.sampled_from([1e-3, 1e-5])}),
    "gaussian_mixture": st.fixed_dictionaries({"n_components": st.integers(1, 5), "covariance_type": st.just("full")}),
    "dbscan": st.fixed_dictionaries({"eps": st.floats(0.1, 3), "min_samples": st.integers(2, 9)}),
    "another": st.fixed_dictionaries({"size": st.integers(1, 9)}),
}


@st.composite
def cases(draw):
    """Draw an algorithm, and solutions of it or gaps, each with evidence."""
    name = draw(st.sampled_from(sorted(PARAMS)))
    made = st.builds(
        solution,
        PARAMS[name],
        inertia=numbers,
        silhouette=numbers,
        segments=st.integers(0, 5),
        noise=st.integers(0, 900),
        status=st.sampled_from(["ok", "failed", "skipped"]),
        bic=numbers,
    )
    known = st.builds(point, st.none() | st.floats(-9, 30), share, share)
    return name, draw(st.lists(st.tuples(st.none() | made, known), max_size=14))


@settings(max_examples=few(300), deadline=None)
@given(cases(), share, st.booleans())
def test_whatever_came_out_it_never_raises_and_never_recommends_what_it_may_not(case, p, gathered):
    name, given_cases = case
    points = [found for found, _ in given_cases]
    there = evidence(*(each for _, each in given_cases), p=p) if gathered else None
    found = recommend(name, points, there)
    assert found.reason.endswith(".")
    assert "Tried: " in found.reason
    assert (found.params is not None) == (found.outcome in ("groups", "cuts"))
    assert gathered or found.outcome is None
    assert Recommendation.from_json(found.to_json()) == found
    if found.params is not None:
        allowed = [
            each
            for candidate, each in given_cases
            if candidate is not None
            and dict(candidate.params) == dict(found.params)
            and candidate.status == "ok"
            and candidate.n_segments >= 2
            and candidate.noise_share <= 0.5
        ]
        assert any(each.least_stability >= (0.75 if found.outcome == "groups" else 0.6) for each in allowed if each.stability)
