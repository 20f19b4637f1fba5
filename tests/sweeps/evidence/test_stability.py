"""Stability after Hennig: Jaccard indices, how customers are drawn, and what the mean over resamples says of right and wrong segments."""

import json
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segcore.clustering.algorithms.registry import algorithm
from segcore.records.evidence import Stability
from segcore.sweeps.evidence.refit import refit
from segcore.sweeps.evidence.stability import drawn_rows, jaccards, resampled_jaccards, stability
from segcore.system.cores import in_threads
from tests.examples import few

KMEANS, WARD = algorithm("kmeans"), algorithm("ward")


def kmeans_points(*ks):
    return [{"n_clusters": k, "tol": 1e-4, "n_init": 5} for k in ks]


def labels_of(X, points):
    found = {solution.params["n_clusters"]: solution.labels for solution in KMEANS.sweep(X, points, "shared")}
    return [found[point["n_clusters"]] for point in points]


def four_round_groups(n=240, seed=0):
    centres = np.array([[0.0, 0], [12, 0], [0, 12], [12, 12]])
    return np.random.default_rng(seed).normal(size=(n, 2)) + centres[np.arange(n) % 4]


def slow_jaccards(labels, new_labels, n_labels):
    found = []
    for a in range(n_labels):
        best = 0.0
        for b in {int(label) for label in new_labels} - {-1}:
            one = {row for row, label in enumerate(labels) if label == a}
            other = {row for row, label in enumerate(new_labels) if label == b}
            best = max(best, len(one & other) / len(one | other))
        found.append(best)
    return found


def labellings(n, most=6):
    return st.lists(st.integers(-1, most), min_size=n, max_size=n).map(np.array)


pairs_of_labellings = st.integers(1, 40).flatmap(lambda n: st.tuples(labellings(n), labellings(n)))


@given(pairs_of_labellings)
@settings(max_examples=few(150), deadline=None)
def test_jaccards_are_those_of_sets(pair):
    found = jaccards(*pair, n_labels=8)
    np.testing.assert_allclose(found, slow_jaccards(*pair, 8), rtol=0, atol=1e-12)
    assert ((found >= 0) & (found <= 1)).all()


@given(pairs_of_labellings, st.permutations(range(7)))
@settings(max_examples=few(60), deadline=None)
def test_renumbering_either_labelling_only_moves_the_values(pair, numbers):
    labels, new_labels = pair
    renumber = np.array([*numbers, -1])
    found = jaccards(labels, new_labels, n_labels=7)
    np.testing.assert_array_equal(jaccards(labels, renumber[new_labels], n_labels=7), found)
    np.testing.assert_array_equal(jaccards(renumber[labels], new_labels, n_labels=7)[list(numbers)], found)


def test_many_segments_are_counted_like_few():
    rng = np.random.default_rng(0)
    labels, new_labels = rng.integers(-1, 1500, 3000), rng.integers(-1, 1500, 3000)
    some = rng.integers(0, 1500, 5)
    expected = []
    for a in some:
        sizes = [
            (np.sum((labels == a) & (new_labels == b)), np.sum((labels == a) | (new_labels == b)))
            for b in set(new_labels[labels == a]) - {-1}
        ]
        expected.append(max((both / either for both, either in sizes), default=0.0))
    np.testing.assert_allclose(jaccards(labels, new_labels)[some], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("labels", "new_labels", "expected"),
    [
        ([0, 0, 0, 1, 1], [7, 7, 4, 4, 4], [2 / 3, 2 / 3]),
        ([0, 0, 0, 0], [0, 1, 2, 3], [1 / 4]),
        ([0, 0, 1, 1], [0, 0, 0, 0], [1 / 2, 1 / 2]),
        # Customers that were noise before still make the new segment larger.
        ([0, 0, -1, -1], [3, 3, 3, 3], [1 / 2]),
        # A segment that is noise now is lost, however alike the two are.
        ([0, 0, 1, 1], [-1, -1, 1, 1], [0, 1]),
        ([-1, -1, -1], [0, 0, 0], []),
        ([-1, -1, 0], [-1, -1, -1], [0]),
        ([], [], []),
    ],
)
def test_jaccards_worked_by_hand(labels, new_labels, expected):
    np.testing.assert_allclose(jaccards(np.array(labels, int), np.array(new_labels, int)), expected)


def test_a_segment_without_a_drawn_customer_has_zero():
    assert jaccards(np.array([0, 0, 2]), np.array([0, 0, 1]), n_labels=4).tolist() == [1, 0, 1, 0]


def test_fewer_than_20000_customers_are_drawn_with_replacement_and_kept_once():
    rows, scheme = drawn_rows(5_000, 3, 0)
    assert scheme == "boot"
    assert (np.diff(rows) > 0).all()
    # 1 - 1 / e of the customers, within five standard deviations.
    assert abs(len(rows) - 3161) < 120


@pytest.mark.parametrize(("n", "drawn"), [(20_000, 10_000), (20_001, 10_000), (39_999, 19_999), (100_000, 20_000)])
def test_from_20000_customers_on_half_are_drawn_but_at_most_20000(n, drawn):
    rows, scheme = drawn_rows(n, 0, 0)
    assert (scheme, len(rows), len(np.unique(rows))) == ("subset", drawn, drawn)
    assert (np.diff(rows) > 0).all()


def test_draws_depend_on_number_and_seed_and_repeat():
    first = drawn_rows(500, 1, 2)[0]
    np.testing.assert_array_equal(drawn_rows(500, 1, 2)[0], first)
    assert not np.array_equal(drawn_rows(500, 2, 2)[0], first)
    assert not np.array_equal(drawn_rows(500, 1, 3)[0], first)
    assert len(drawn_rows(0, 0, 0)[0]) == 0


def test_a_resample_is_the_sweep_of_the_drawn_rows_compared_with_the_solutions():
    X, points = four_round_groups(), kmeans_points(2, 4, 6)
    own = {solution.params["n_clusters"]: solution.labels for solution in KMEANS.sweep(X, points, "shared", seed=3)}
    found = resampled_jaccards(KMEANS, X, points, [own[2], None, own[6]], number=7, seed=3)
    drawn, _ = drawn_rows(len(X), 7, 3)
    for k, values in ((2, found[0]), (6, found[2])):
        (again,) = KMEANS.sweep(X[drawn], kmeans_points(k), "shared", seed=3)
        np.testing.assert_allclose(values, slow_jaccards(own[k][drawn], again.labels, k), rtol=0, atol=1e-12)
    assert "no segments" in found[1]


def test_resamples_in_parallel_are_those_one_after_another():
    X, points = four_round_groups(), kmeans_points(2, 4, 6)
    labels = labels_of(X, points)

    def resampled(number, threads=None):
        return resampled_jaccards(KMEANS, X, points, labels, number=number, seed=0, threads=threads)

    together = in_threads([partial(resampled, number, 1) for number in range(4)], threads=2)
    for number, values in enumerate(together):
        for one, other in zip(values, resampled(number), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("spec", [KMEANS, WARD], ids=lambda spec: spec.name)
def test_planted_segments_are_stable_and_halves_of_them_are_not(spec):
    X = four_round_groups()
    points = kmeans_points(4, 8) if spec is KMEANS else [{"n_clusters": 4}, {"n_clusters": 8}]
    labels = {solution.params["n_clusters"]: solution.labels for solution in spec.sweep(X, points, "shared")}
    labels_per_point = [labels[point["n_clusters"]] for point in points]
    resamples = [resampled_jaccards(spec, X, points, labels_per_point, number=number, seed=0) for number in range(12)]
    right, wrong = (
        stability(range(point["n_clusters"]), list(values), n_rows=len(X))
        for point, values in zip(points, zip(*resamples, strict=True), strict=True)
    )
    assert right.least > 0.85
    assert all(segment.recovered == 1 for segment in right.segments.values())
    assert wrong.least < 0.75
    assert right.n == wrong.n == 12


def test_a_density_of_all_customers_is_scaled_to_the_drawn_ones():
    dbscan, hdbscan = algorithm("dbscan"), algorithm("hdbscan")
    assert dbscan.thinned({"min_samples": 10, "eps": 0.5}, 0.63) == {"min_samples": 6, "eps": 0.5}
    assert dbscan.thinned({"min_samples": 1, "eps": 0.5}, 0.5) == {"min_samples": 1, "eps": 0.5}
    assert hdbscan.thinned({"min_cluster_size": 3, "min_samples": 8}, 0.5) == {"min_cluster_size": 2, "min_samples": 4}
    assert KMEANS.thinned({"n_clusters": 4, "tol": 1e-4}, 0.5) == {"n_clusters": 4, "tol": 1e-4}


def test_points_that_become_equal_are_fitted_once():
    X, spec = four_round_groups(), algorithm("dbscan")
    points = [{"min_samples": samples, "eps": 1.5} for samples in (4, 5, 9)]
    solutions = refit(spec, X, np.arange(0, 240, 2), points, seed=0)
    assert [solution.params["min_samples"] for solution in solutions] == [2, 2, 4]
    assert solutions[0] is solutions[1]


def test_a_point_that_is_impossible_for_the_drawn_customers_has_a_reason():
    X, points = four_round_groups(20), kmeans_points(2, 20)
    labels = labels_of(X, points)
    possible, impossible = resampled_jaccards(KMEANS, X, points, labels, number=0, seed=0)
    assert len(possible) == 2
    assert "more than" in impossible
    assert stability(range(20), [impossible], n_rows=20).reason == f"{impossible} So it was in 1 of 1 resamples."


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_customers_to_draw_from_have_a_reason(n):
    (found,) = resampled_jaccards(KMEANS, np.zeros((n, 2)), kmeans_points(1), [np.zeros(n, int)], number=0, seed=0)
    assert "too few" in found


def test_one_segment_is_always_found_again():
    X = four_round_groups(60)
    labels = np.zeros(60, int)
    found = stability([0], resampled_jaccards(KMEANS, X, kmeans_points(1), [labels], number=0, seed=0), n_rows=60)
    assert (found.least, found.scheme) == (1.0, "boot")


def test_the_summary_of_some_resamples_worked_by_hand():
    resamples = [np.array([1.0, 0, 0.5]), "failed", np.array([0.8, 0, 0.75]), np.array([0.6, 0, 1.0])]
    found = stability([0, 2], resamples, n_rows=5)
    assert found.n == 3
    assert list(found.segments) == [0, 2]
    first, last = found.segments[0], found.segments[2]
    assert first.jaccard == pytest.approx(0.8)
    assert (first.low, first.high) == pytest.approx((0.62, 0.98))
    assert (first.dissolved, first.recovered) == pytest.approx((0, 2 / 3))
    assert (last.dissolved, last.recovered) == pytest.approx((1 / 3, 1 / 3))
    assert found.least == pytest.approx(0.75)


def test_fewer_than_half_of_the_resamples_are_no_evidence():
    drawn = [np.array([1.0]), np.array([1.0]), "too few", "too few"]
    assert stability([0], drawn, n_rows=5).least == 1.0
    found = stability([0], [*drawn, "too few"], n_rows=5)
    assert (found.least, found.n, found.reason) == (None, 0, "too few So it was in 3 of 5 resamples.")


@pytest.mark.parametrize("n_rows", [5, 0], ids=["all noise", "no customers"])
def test_a_solution_without_segments_has_no_stability(n_rows):
    found = stability([], ["x"], n_rows=n_rows)
    assert (found.least, dict(found.segments), found.n) == (None, {}, 0)
    assert "no segments" in found.reason


@pytest.mark.parametrize(("n_rows", "scheme"), [(19_999, "boot"), (20_000, "subset")])
def test_the_scheme_is_that_of_all_customers(n_rows, scheme):
    assert stability([0], [np.array([1.0])], n_rows=n_rows).scheme == scheme


def test_the_record_survives_json():
    found = stability([0, 1], [np.array([1.0, 0.25])], n_rows=2)
    assert found.to_json() == {
        "segments": {
            "0": {"jaccard": 1.0, "low": 1.0, "high": 1.0, "dissolved": 0.0, "recovered": 1.0},
            "1": {"jaccard": 0.25, "low": 0.25, "high": 0.25, "dissolved": 1.0, "recovered": 0.0},
        },
        "least": 0.25,
        "n": 1,
        "scheme": "boot",
    }
    undefined = stability([0, 1], ["The fit stopped."], n_rows=2)
    for record in (found, undefined):
        assert Stability.from_json(json.loads(json.dumps(record.to_json()))) == record
