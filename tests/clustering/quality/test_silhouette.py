"""Silhouette: scikit-learn's number where it is exact, an interval that holds where it is not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.datasets import make_blobs
from sklearn.metrics import silhouette_samples, silhouette_score

import segcore.clustering.quality.silhouette as module
from segcore.clustering.quality.silhouette import SilhouetteScorer
from tests.examples import few


def blobs(n, d=4, k=5, spread=2.0, seed=0):
    return make_blobs(n, d, centers=k, cluster_std=spread, random_state=seed)


def by_hand(X, labels):
    """Return the definition, pair by pair."""
    distances = np.sqrt(((X[:, None] - X[None]) ** 2).sum(axis=2))
    scores = []
    for i, own in enumerate(labels):
        mates = np.flatnonzero((labels == own) & (np.arange(len(X)) != i))
        if not len(mates):
            scores.append(0.0)
            continue
        inside = distances[i, mates].mean()
        outside = min(distances[i, labels == other].mean() for other in set(labels) - {own})
        scores.append((outside - inside) / max(inside, outside) if max(inside, outside) > 0 else 0.0)
    return float(np.mean(scores))


class TestExact:
    def test_equals_scikit_learns(self):
        X, labels = blobs(600)
        found = SilhouetteScorer(X).score(labels)
        assert found.value == pytest.approx(silhouette_score(X, labels), abs=1e-12)
        assert (found.low, found.high, found.sample_size) == (found.value, found.value, 600)

    def test_one_scorer_serves_many_labellings(self):
        X, labels = blobs(300)
        scorer = SilhouetteScorer(X)
        for other in (labels, labels % 2, np.arange(300) % 7, np.where(labels == 0, -1, labels)):
            kept = other >= 0
            assert scorer.score(other).value == pytest.approx(silhouette_score(X[kept], other[kept]), abs=1e-12)

    def test_noise_neither_counts_nor_is_a_neighbour(self):
        X, labels = blobs(400)
        labels[::3] = -1
        found = SilhouetteScorer(X).score(labels)
        assert found.value == pytest.approx(silhouette_score(X[labels >= 0], labels[labels >= 0]), abs=1e-12)
        assert found.sample_size == int((labels >= 0).sum())

    def test_duplicates_are_at_distance_zero(self):
        X = np.repeat(np.array([[0.1, 0.7], [0.3, 0.2], [5.3, 5.9]]), [20, 1, 9], axis=0)
        labels = np.repeat([0, 1, 2], [20, 1, 9])
        assert SilhouetteScorer(X).score(labels).value == pytest.approx(by_hand(X, labels), abs=1e-13)
        whole = np.round(X * 10)
        assert SilhouetteScorer(whole).score(labels).value == pytest.approx(silhouette_score(whole, labels), abs=1e-9)

    def test_a_segment_of_one_scores_zero(self):
        X = np.array([[0.0], [1.0], [10.0]])
        assert SilhouetteScorer(X).score(np.array([0, 0, 1])).value == pytest.approx((0.9 + 8 / 9 + 0) / 3)

    def test_identical_customers_in_two_segments_score_zero(self):
        assert SilhouetteScorer(np.ones((6, 2))).score(np.array([0, 0, 0, 1, 1, 1])).value == 0.0

    @settings(max_examples=few(40), deadline=None)
    @given(st.data())
    def test_equals_the_definition_on_any_small_data(self, data):
        n = data.draw(st.integers(4, 14))
        X = data.draw(hnp.arrays(np.float64, (n, 2), elements=st.integers(-3, 3).map(float)))
        labels = np.array([0, 0, 1, *data.draw(st.lists(st.integers(0, 3), min_size=n - 3, max_size=n - 3))])
        assert SilhouetteScorer(X).score(labels).value == pytest.approx(by_hand(X, labels), abs=1e-12)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [([-1] * 5, "no segment"), ([0] * 5, "only one segment"), ([0, 0, 0, -1, -1], "only one segment"), ([0, 1, 2, 3, 4], "one customer")],
)
def test_it_is_undefined_with_the_reason_without_two_segments_to_compare(labels, reason):
    found = SilhouetteScorer(np.arange(10.0).reshape(5, 2)).score(np.array(labels))
    assert (found.value, found.low, found.high, found.sample_size) == (None, None, None, None)
    assert reason in found.reason


def overlapping():
    return blobs(1_500, spread=6.0)


def with_small_segments():
    return make_blobs([1_100, 200, 120, 50, 20, 9, 1], 3, cluster_std=3.0, random_state=1)


def with_noise():
    X, labels = blobs(2_000, spread=5.0)
    return X, np.where(np.random.default_rng(0).random(2_000) < 0.3, -1, labels)


def skewed():
    X = np.random.default_rng(0).lognormal(sigma=1.3, size=(1_500, 3))
    return X, np.digitize(X[:, 0], np.quantile(X[:, 0], [0.6, 0.9, 0.99]))


def copies():
    X = np.repeat(np.random.default_rng(0).normal(size=(50, 2)), 30, axis=0)
    return X, np.digitize(X[:, 0], [-0.5, 0.8])


def many_segments():
    return make_blobs([700] + [8] * 100, 4, cluster_std=2.5, random_state=3)


def pairs_among_blobs():
    return make_blobs([500, 500] + [2] * 400, 2, cluster_std=0.5, random_state=0)


SHAPES = [overlapping, with_small_segments, with_noise, skewed, copies, many_segments, pairs_among_blobs]


def intervals(X, labels, seeds):
    """Return the exact value, and the estimates of so many samples."""
    exact = SilhouetteScorer(X).score(labels).value
    found = [SilhouetteScorer(X, seed=seed, pairs=0).score(labels) for seed in range(seeds)]
    assert not any(estimate.is_exact for estimate in found)
    return exact, found


class TestSampled:
    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch):
        monkeypatch.setattr(module, "_MIN_SAMPLE", 500)

    @pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
    def test_the_interval_covers_the_exact_value_about_nineteen_times_in_twenty(self, shape):
        exact, found = intervals(*shape(), 250)
        covered = np.mean([estimate.low <= exact <= estimate.high for estimate in found])
        assert 0.90 <= covered <= 0.99  # 0.95 more or less three standard deviations of 250 trials
        # Unbiased: the mean of the estimates lies within four of its standard errors.
        values = np.array([estimate.value for estimate in found])
        assert abs(values.mean() - exact) < 4 * values.std() / np.sqrt(len(values))
        # Nor does it cover by being too wide.
        assert np.mean([estimate.high - estimate.low for estimate in found]) == pytest.approx(3.92 * values.std(), rel=0.2)

    @pytest.mark.slow
    @pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
    def test_the_interval_covers_as_it_says_over_thousands_of_samples(self, shape):
        exact, found = intervals(*shape(), 4_000)
        assert 0.93 <= np.mean([estimate.low <= exact <= estimate.high for estimate in found]) <= 0.97

    def test_what_few_customers_show_is_within_the_interval_though_the_sample_may_show_none(self):
        X = np.repeat([[0.0], [10.0]], [5_000, 1_000], axis=0)
        labels = np.repeat([0, 1], [5_000, 1_000])
        labels[:20] = 1
        exact, found = intervals(X, labels, 200)
        assert np.mean([estimate.low <= exact <= estimate.high for estimate in found]) >= 0.95

    def test_a_sample_without_any_spread_is_no_exact_value(self):
        X = np.repeat([[0.0], [10.0]], 3_000, axis=0)
        found = SilhouetteScorer(X, pairs=0).score(np.repeat([0, 1], 3_000))
        assert (found.value, found.high, found.is_exact) == (1.0, 1.0, False)
        # The rule of three among 500 of 6,000: at most 0.57 % of the rows may differ, by 2 at most.
        assert found.low == pytest.approx(1 - 2 * np.log(0.05) / np.log(5_500 / 6_000) / 6_000)

    def test_value_and_interval_are_cochrans_for_a_stratified_sample(self, monkeypatch):
        monkeypatch.setattr(module, "_MIN_SAMPLE", 400)
        X, labels = blobs(600, k=3)
        scorer = SilhouetteScorer(X, pairs=0)
        found = scorer.score(labels)
        scores = silhouette_samples(X, labels)
        drawn = scorer._drawn(labels, np.bincount(labels)).drawn
        value = variance = 0.0
        for segment in range(3):
            sample, size = scores[drawn[labels[drawn] == segment]], (labels == segment).sum()
            value += size / 600 * sample.mean()
            variance += (size / 600) ** 2 * (1 - len(sample) / size) * sample.var(ddof=1) / len(sample)
        assert found.value == pytest.approx(value, abs=1e-12)
        assert found.high - found.value == pytest.approx(1.959963984540054 * np.sqrt(variance), rel=1e-9)
        assert found.value - found.low == pytest.approx(found.high - found.value)

    def test_every_segment_has_sampled_rows(self):
        X, _ = blobs(4_000)
        labels = np.zeros(4_000, dtype=int)
        labels[:1], labels[1:4], labels[4:300] = 1, 2, 3
        scorer = SilhouetteScorer(X, pairs=4_000)
        _, codes, sizes = np.unique(labels, return_inverse=True, return_counts=True)
        taken = np.bincount(codes[scorer._drawn(codes, sizes).drawn])
        assert taken.tolist() == [462, 1, 3, 37]

    def test_small_segments_are_sampled_as_one_stratum_where_they_are_so_many_that_each_would_cost_too_much(self):
        labels = np.concatenate([np.zeros(2_000, dtype=int), np.repeat(np.arange(1, 501), 4), np.full(2_000, 501)])
        X = np.random.default_rng(0).normal(size=(6_000, 2))
        partition = SilhouetteScorer(X, pairs=0)._drawn(labels, np.bincount(labels))
        assert np.bincount(partition.strata).tolist() == [1, 1, 500]
        assert np.bincount(partition.strata[labels[partition.drawn]]).tolist() == [167, 167, 167]

    def test_same_seed_gives_the_same_estimate_and_another_seed_another(self):
        X, labels = blobs(3_000)
        first, again, other = (SilhouetteScorer(X, seed=seed, pairs=3_000).score(labels) for seed in (1, 1, 2))
        assert first == again
        assert first.value != other.value

    def test_the_sample_grows_with_the_pairs_allowed_and_becomes_exact(self):
        X, labels = blobs(2_000)
        wide, narrow, exact = (SilhouetteScorer(X, pairs=pairs).score(labels) for pairs in (10_000, 2_000 * 1_500, 4_000_000))
        assert wide.sample_size < narrow.sample_size < exact.sample_size == 2_000
        assert wide.high - wide.low > narrow.high - narrow.low > exact.high - exact.low == 0

    def test_noise_is_left_out_of_the_sample_too(self):
        X, labels = blobs(3_000)
        labels[::4] = -1
        exact = SilhouetteScorer(X).score(labels).value
        found = SilhouetteScorer(X, pairs=3_000 * 1_000).score(labels)
        assert not found.is_exact
        assert abs(found.value - exact) < 3 * (found.high - found.low)
