"""A whole grid's silhouettes: each equal to the one measured alone and to scikit-learn's, equal partitions measured once."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import DBSCAN, KMeans
from sklearn.datasets import make_blobs
from sklearn.metrics import pairwise_distances, silhouette_score

import segcore.clustering.kernels.silhouette as kernel
import segcore.clustering.quality.silhouette as module
from segcore.clustering.quality.measures import measure
from segcore.clustering.quality.silhouette import SilhouetteScorer
from segcore.records.estimate import Estimate
from tests.examples import few


def blobs(n=600, d=4, k=5, spread=3.0, seed=0):
    return make_blobs(n, d, centers=k, cluster_std=spread, random_state=seed)


def scikit_learns(X, labels, *, precomputed=False):
    X, labels = X[labels >= 0], labels[labels >= 0]
    if precomputed:
        return silhouette_score(pairwise_distances(X, metric="minkowski", p=2), labels, metric="precomputed")
    return silhouette_score(X, labels)


@pytest.fixture
def passes(monkeypatch):
    """Return a list that gets (rows scored, rows in all, labellings) of each pass of the distances."""
    seen = []
    real = kernel.silhouettes

    def count(X, cells, segments, rows):
        seen.append((len(rows), len(X), len(segments)))
        return real(X, cells, segments, rows)

    monkeypatch.setattr(kernel, "silhouettes", count)
    return seen


class TestEqualsScikitLearn:
    @pytest.mark.parametrize("d", [2, 3, 21, 60])
    @pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
    def test_on_blobs_of_any_unit(self, d, scale):
        X, labels = blobs(d=d)
        X = X * scale
        labellings = [labels, labels % 2, np.arange(600) % 7, np.where(labels == 1, -1, labels), np.arange(600) // 2]
        for found, other in zip(SilhouetteScorer(X).score_all(labellings), labellings, strict=True):
            assert found.value == pytest.approx(scikit_learns(X, other), abs=1e-9)

    def test_on_a_grid_of_k_means_and_dbscan(self):
        X, _ = blobs(900, d=3, spread=1.5)
        labellings = [KMeans(k, n_init=1, tol=tol, random_state=0).fit(X).labels_ for k in (2, 5, 12, 40) for tol in (1e-1, 1e-4)]
        labellings += [DBSCAN(eps=eps, min_samples=5).fit(X).labels_ for eps in (0.8, 1.0, 1.5)]
        assert any((labels < 0).any() for labels in labellings)
        for found, labels in zip(SilhouetteScorer(X).score_all(labellings), labellings, strict=True):
            assert found.value == pytest.approx(scikit_learns(X, labels), abs=1e-9)
            assert found.sample_size == (labels >= 0).sum()

    def test_on_jittered_copies_and_with_one_customer_far_away(self):
        X, labels = blobs(120)
        copies = np.repeat(X, 5, axis=0) + np.random.default_rng(0).integers(0, 5, (600, 4)) / 100
        labels = np.repeat(labels, 5)
        far = copies.copy()
        far[7] = 1e6
        for data in (copies, far):
            assert SilhouetteScorer(data).score(labels).value == pytest.approx(scikit_learns(data, labels), abs=1e-9)

    def test_far_from_the_origin_it_is_that_of_the_centred_data(self):
        X, labels = blobs()
        moved = X + 1e6
        found = SilhouetteScorer(moved).score(labels).value
        assert found == pytest.approx(scikit_learns(moved - moved.mean(axis=0), labels), abs=1e-9)

    @pytest.mark.parametrize("jitter", [0.0, 1e-9, 1e-6])
    def test_copies_are_measured_by_differences_where_squared_norms_lose_them(self, jitter):
        X, _ = blobs(120)
        X = np.repeat(X, 5, axis=0)
        X = X + jitter * np.random.default_rng(0).normal(size=X.shape)
        labellings = [np.arange(600) // 5, np.arange(600) % 2]
        for found, labels in zip(SilhouetteScorer(X).score_all(labellings), labellings, strict=True):
            assert found.value == pytest.approx(scikit_learns(X, labels, precomputed=True), abs=1e-12)


class TestOnePass:
    def test_all_labellings_share_one_pass_and_equal_partitions_are_measured_once(self, passes):
        X, labels = blobs()
        found = SilhouetteScorer(X).score_all([labels, 4 - labels, labels % 2, labels, labels + 10])
        assert passes == [(600, 600, 2)]
        assert found[0] == found[1] == found[3] == found[4] != found[2]

    def test_undefined_ones_stand_in_their_places(self, passes):
        X, labels = blobs()
        found = SilhouetteScorer(X).score_all([labels * 0, labels, labels * 0 - 1, np.arange(600)])
        assert [estimate.value is None for estimate in found] == [True, False, True, True]
        assert "only one segment" in found[0].reason
        assert "no segment" in found[2].reason
        assert passes == [(600, 600, 1)]
        assert SilhouetteScorer(X).score_all([]) == []

    def test_labellings_of_different_rows_do_not_share_what_would_cost_more(self, passes):
        X, labels = blobs()
        first, last = labels.copy(), labels.copy()
        first[200:], last[:400] = -1, -1
        found = SilhouetteScorer(X).score_all([first, last, np.where(first > 2, -1, first)])
        assert sorted(passes) == [(200, 200, 1), (200, 200, 2)]
        for estimate, other in zip(found, (first, last, np.where(first > 2, -1, first)), strict=True):
            assert estimate.value == pytest.approx(scikit_learns(X, other), abs=1e-9)

    def test_so_many_segments_that_their_sums_would_not_fit_are_measured_in_several_passes(self, passes, monkeypatch):
        monkeypatch.setattr(module, "_SUMS", 500)
        X, _ = blobs()
        labellings = [np.random.default_rng(seed).permutation(600) // 3 for seed in range(4)]
        found = SilhouetteScorer(X).score_all(labellings)
        assert [n_labellings for _, _, n_labellings in passes] == [2, 2]
        for estimate, labels in zip(found, labellings, strict=True):
            assert estimate.value == pytest.approx(scikit_learns(X, labels), abs=1e-9)

    def test_as_many_cells_as_rows_need_no_table_of_rows_and_cells(self):
        n = 4_000
        X, _ = blobs(n, d=2)
        labellings = [np.random.default_rng(seed).integers(0, 60, n) for seed in range(12)]
        scorer = SilhouetteScorer(X)
        scorer.score(labellings[0])
        tracemalloc.start()
        found = scorer.score_all(labellings)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < n * n * 8 / 8
        assert found[3].value == pytest.approx(scikit_learns(X, labellings[3]), abs=1e-9)

    @settings(max_examples=few(25), deadline=None)
    @given(st.data())
    def test_a_labelling_has_the_same_estimate_alone_and_among_others(self, data):
        n = data.draw(st.integers(4, 60))
        X = np.random.default_rng(data.draw(st.integers(0, 9))).normal(size=(n, 2))
        labels = st.lists(st.integers(-1, 4), min_size=n, max_size=n)
        labellings = [np.array(drawn) for drawn in data.draw(st.lists(labels, min_size=1, max_size=5))]
        pairs = data.draw(st.sampled_from([0, 300, 10_000]))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "_MIN_SAMPLE", 10)
            together = SilhouetteScorer(X, pairs=pairs).score_all(labellings)
            alone = [SilhouetteScorer(X, pairs=pairs).score(labels) for labels in labellings]
        for one, other in zip(together, alone, strict=True):
            assert (one.sample_size, one.reason) == (other.sample_size, other.reason)
            assert one.value == (None if other.value is None else pytest.approx(other.value, abs=1e-12))
            assert one.low == (None if other.low is None else pytest.approx(other.low, abs=1e-12))


def test_the_limit_of_exactness_falls_with_the_features():
    exact = {d: int(SilhouetteScorer(np.ones((2, d)))._pairs ** 0.5) for d in (2, 21, 60)}
    assert exact[21] == module.EXACT_ROWS == 50_000
    assert exact[2] > 70_000 > exact[21] > exact[60] > 30_000


def test_measure_takes_a_silhouette_that_was_measured_with_the_grid():
    X, labels = blobs()
    known = Estimate(0.25, 0.25, 0.25, 600)
    assert measure(X, X, tuple("abcd"), labels, silhouette=known).silhouette is known
    assert measure(X, X, tuple("abcd"), labels).silhouette.value == pytest.approx(scikit_learns(X, labels), abs=1e-9)
