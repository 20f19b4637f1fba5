"""Prediction strength after Tibshirani and Walther, against pairs counted one by one."""

import json
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segcore.clustering.algorithms.registry import algorithm, algorithms
from segcore.records.evidence import PredictionStrength
from segcore.sweeps.evidence.prediction_strength import halves, prediction_strength, split_strengths, strength
from tests.examples import few

KMEANS = algorithm("kmeans")
TWO_SEGMENTS = {
    "kmeans": {"n_clusters": 2, "tol": 1e-4, "n_init": 3},
    "minibatch_kmeans": {"n_clusters": 2, "batch_size": 64},
    "gaussian_mixture": {"n_components": 2, "covariance_type": "full"},
    "ward": {"n_clusters": 2},
    "hdbscan": {"min_cluster_size": 10, "min_samples": 4},
    "dbscan": {"eps": 1.5, "min_samples": 4},
}


def points(*ks):
    return [{"n_clusters": k, "tol": 1e-4, "n_init": 5} for k in ks]


def round_groups(n=240, groups=4):
    centres = np.array([[0.0, 0], [14, 0], [0, 14], [14, 14]])[:groups]
    return np.random.default_rng(0).normal(size=(n, 2)) + centres[np.arange(n) % groups]


def pairs_one_by_one(labels, predicted):
    shares = []
    for segment in set(labels.tolist()) - {-1}:
        pairs = list(combinations(np.flatnonzero(labels == segment), 2))
        if pairs:
            shares.append(sum(predicted[i] == predicted[j] != -1 for i, j in pairs) / len(pairs))
    return min(shares, default=None)


def labellings(n):
    return st.lists(st.integers(-1, 5), min_size=n, max_size=n).map(lambda values: np.array(values, int))


pairs_of_labellings = st.integers(0, 30).flatmap(lambda n: st.tuples(labellings(n), labellings(n)))


@given(pairs_of_labellings)
@settings(max_examples=few(150), deadline=None)
def test_strength_is_the_share_of_pairs_in_the_worst_segment(pair):
    found = strength(*pair)
    assert found == pytest.approx(pairs_one_by_one(*pair), abs=1e-12)
    assert found is None or 0 <= found <= 1


@given(pairs_of_labellings, st.permutations(range(6)))
@settings(max_examples=few(60), deadline=None)
def test_renumbering_either_labelling_changes_nothing(pair, numbers):
    labels, predicted = pair
    renumber = np.array([*numbers, -1])
    assert strength(renumber[labels], predicted) == strength(labels, renumber[predicted]) == strength(labels, predicted)


@pytest.mark.parametrize(
    ("labels", "predicted", "expected"),
    [
        ([0, 0, 0, 1, 1], [5, 5, 2, 2, 2], 1 / 3),
        ([0, 0, 0, 0, 1, 1], [0, 0, 1, 1, 2, 2], 2 / 6),
        ([0, 0, 0], [4, 4, 4], 1),
        # A segment of one has no pair.
        ([0, 0, 1], [0, 0, 0], 1),
        ([0, 1, 2], [0, 0, 0], None),
        # Noise is not a segment, in either labelling.
        ([-1, -1, 0, 0], [0, 1, 2, 2], 1),
        ([0, 0, 0], [-1, -1, -1], 0),
        ([0, 0, 0], [1, 1, -1], 1 / 3),
        ([-1, -1], [0, 0], None),
        ([], [], None),
    ],
)
def test_strength_worked_by_hand(labels, predicted, expected):
    assert strength(np.array(labels, int), np.array(predicted, int)) == pytest.approx(expected)


def test_halves_share_no_customer_and_are_equally_large():
    for n in (0, 1, 2, 7, 100):
        one, other = halves(n, 0, 0)
        assert len(one) == len(other) == n // 2
        assert len(np.unique([*one, *other])) == n // 2 * 2
        assert (np.diff(one) > 0).all()
        assert (np.diff(other) > 0).all()
    assert not np.array_equal(halves(100, 0, 0)[0], halves(100, 1, 0)[0])
    assert [len(half) for half in halves(50_000, 0, 0)] == [20_000, 20_000]


def test_a_split_is_both_directions_of_two_separate_sweeps():
    X = round_groups()
    one, other = halves(len(X), 2, 1)
    expected = []
    for k in (4, 6):
        (a,), (b,) = (list(KMEANS.sweep(X[rows], points(k), "shared", seed=1)) for rows in (one, other))
        nearest = {
            "one": np.argmin(((X[one][:, None] - b.arrays["centres"]) ** 2).sum(axis=2), axis=1),
            "other": np.argmin(((X[other][:, None] - a.arrays["centres"]) ** 2).sum(axis=2), axis=1),
        }
        expected.append((pairs_one_by_one(a.labels, nearest["one"]) + pairs_one_by_one(b.labels, nearest["other"])) / 2)
    assert split_strengths(KMEANS, X, points(4, 6), number=2, seed=1) == pytest.approx(expected, abs=1e-12)


def test_planted_segments_are_predicted_and_halves_of_them_are_not():
    X = round_groups()
    splits = [split_strengths(KMEANS, X, points(4, 8), number=number, seed=0) for number in range(5)]
    right, wrong = (prediction_strength(list(values)) for values in zip(*splits, strict=True))
    assert right.value > 0.85
    assert wrong.value < 0.75
    assert right.n == 5


@pytest.mark.parametrize("spec", algorithms(), ids=lambda spec: spec.name)
def test_every_algorithm_predicts_one_half_from_the_other(spec):
    (found,) = split_strengths(spec, round_groups(160, groups=2), [TWO_SEGMENTS[spec.name]], number=0, seed=0)
    assert found > 0.85


def test_one_segment_is_always_predicted():
    assert split_strengths(KMEANS, round_groups(40), points(1), number=0, seed=0) == [1.0]


def test_what_cannot_be_measured_has_a_reason():
    X = round_groups(40)
    too_many, possible = split_strengths(KMEANS, X, points(30, 2), number=0, seed=0)
    assert "more than" in too_many
    assert possible > 0
    (alone,) = split_strengths(KMEANS, X, points(20), number=0, seed=0)
    assert "two customers" in alone
    (noise,) = split_strengths(algorithm("dbscan"), X, [{"eps": 1e-6, "min_samples": 9}], number=0, seed=0)
    assert "no segments" in noise
    (few_customers,) = split_strengths(KMEANS, X[:3], points(1), number=0, seed=0)
    assert "too few" in few_customers


def test_the_mean_over_splits_has_its_standard_error():
    found = prediction_strength([0.5, "failed", 0.7, 0.9])
    assert (found.value, found.n) == (pytest.approx(0.7), 3)
    assert found.standard_error == pytest.approx(0.2 / 3**0.5)
    assert prediction_strength([0.5]) == PredictionStrength(0.5, None, 1)
    assert prediction_strength(["It failed."]) == PredictionStrength(None, None, 0, "It failed.")


def test_the_record_survives_json():
    for record in (prediction_strength([0.5, 0.75]), prediction_strength(["It failed."])):
        assert PredictionStrength.from_json(json.loads(json.dumps(record.to_json()))) == record
    assert prediction_strength([0.5]).to_json() == {"value": 0.5, "se": None, "n": 1}
