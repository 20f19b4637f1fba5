"""Row by row, the kernel gives scikit-learn's silhouettes under every labelling at once."""

import numpy as np
import pytest
from sklearn.metrics import pairwise_distances, silhouette_samples

import segcore.clustering.kernels.silhouette as module
from segcore.clustering.kernels.silhouette import silhouettes
from segcore.clustering.quality.silhouette import SilhouetteScorer


def by_cells(labellings):
    """Return cells and their segments, as the kernel wants them, with the order of rows that makes cells ascend."""
    segments, cells = np.unique(np.array(labellings), axis=1, return_inverse=True)
    order = np.argsort(cells, kind="stable")
    return segments, cells[order], order


def scored(X, labellings):
    """Return each row's silhouette under each labelling, in the rows' own order."""
    segments, cells, order = by_cells(labellings)
    found = np.empty((len(labellings), len(X)))
    found[:, order] = silhouettes(X[order], cells, segments, np.arange(len(X)))
    return found


def expected(X, labels):
    """Return scikit-learn's silhouettes from distances that come from differences; NaN for noise."""
    kept = labels >= 0
    scores = np.full(len(X), np.nan)
    scores[kept] = silhouette_samples(pairwise_distances(X[kept], metric="minkowski", p=2), labels[kept], metric="precomputed")
    return scores


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.mark.parametrize("n_features", [1, 2, 3, 4, 5, 7, 8, 21, 60, 130])
def test_any_number_of_features(n_features, rng):
    X = rng.normal(size=(301, n_features))
    labels = rng.integers(0, 4, 301)
    np.testing.assert_allclose(scored(X, [labels])[0], expected(X, labels), atol=1e-12)


@pytest.mark.parametrize("n_rows", [2, 3, 15, 16, 17, 255, 256, 257, 513])
def test_any_number_of_rows(n_rows, rng):
    X = rng.normal(size=(n_rows, 3))
    labellings = [np.minimum(np.arange(n_rows), 1), rng.permutation(np.arange(n_rows) % max(2, n_rows // 3))]
    for labels, found in zip(labellings, scored(X, labellings), strict=True):
        want = np.zeros(2) if n_rows == 2 else expected(X, labels)  # scikit-learn refuses two segments of two rows
        np.testing.assert_allclose(found, want, atol=1e-12)


def test_each_labelling_has_its_own_noise_and_segments_of_one(rng):
    X = rng.normal(size=(400, 5))
    labellings = [rng.integers(-1, 6, 400), rng.integers(-1, 2, 400), np.where(np.arange(400) < 3, np.arange(400), 3), np.arange(400) // 2]
    labellings[1][rng.random(400) < 0.7] = -1
    for labels, found in zip(labellings, scored(X, labellings), strict=True):
        np.testing.assert_allclose(found, expected(X, labels), atol=1e-12)
        assert np.array_equal(np.isnan(found), labels < 0)


def test_a_cell_of_every_row_costs_no_correctness_and_bounded_sums(rng, monkeypatch):
    monkeypatch.setattr(module, "_SUMS_BYTES", 100_000)
    assert module._tile_width(3, 900) == 16
    X = rng.normal(size=(600, 3))
    labellings = [rng.permutation(600) // 2 for _ in range(3)]
    for labels, found in zip(labellings, scored(X, labellings), strict=True):
        np.testing.assert_allclose(found, expected(X, labels), atol=1e-12)


def test_some_rows_are_scored_against_all_whatever_their_order(rng):
    X = rng.normal(size=(700, 4))
    labellings = [rng.integers(0, 5, 700), rng.integers(-1, 3, 700)]
    segments, cells, order = by_cells(labellings)
    rows = rng.permutation(700)[:301]
    everything = silhouettes(X[order], cells, segments, np.arange(700))
    assert np.array_equal(silhouettes(X[order], cells, segments, rows), everything[:, rows], equal_nan=True)


def test_threads_and_tiles_do_not_change_a_bit(rng, monkeypatch):
    X = rng.normal(size=(900, 6))
    labellings = [rng.integers(0, 5, 900)]
    first = scored(X, labellings)
    monkeypatch.setattr(module, "_tile_width", lambda *_: 16)
    monkeypatch.setattr(module, "in_threads", lambda tasks: [task() for task in tasks])
    assert np.array_equal(scored(X, labellings), first)


def test_equal_rows_are_at_distance_zero_wherever_they_lie():
    X = np.repeat([[1e6 + 0.1, -3.3e5], [1e6 + 0.3, -3.3e5], [1e6 + 0.7, 7.7]], 20, axis=0)
    assert np.all(scored(X, [np.repeat([0, 1, 2], 20)]) == 1.0)
    assert scored(X, [np.arange(60) % 2])[0] == pytest.approx(np.full(60, -1 / 30))  # each is at distance 0 of itself, and not counted


def test_what_is_compiled_at_install_serves_every_call():
    module.compile_kernels()
    X = np.random.default_rng(0).normal(size=(90, 3))
    X.flags.writeable = False
    labels = np.arange(90, dtype=np.int32) % 4
    labels.flags.writeable = False
    SilhouetteScorer(X).score_all([labels, labels - 1])
    SilhouetteScorer(np.asfortranarray(X), pairs=0).score(labels)
    assert len(module._score_rows.signatures) == 1
