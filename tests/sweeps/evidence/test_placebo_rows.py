import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata
from scipy.stats.contingency import association
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from segcore.sweeps.evidence import latent_correlations
from segcore.sweeps.evidence.placebo_rows import PlaceboRows
from tests.examples import few


def dummies(codes, width=1.0):
    """Return the dummies of all categories but the first."""
    return width * (np.asarray(codes)[:, None] == np.arange(1, max(codes) + 1))


def codes_of(rows):
    return np.where(rows.any(axis=1), rows.argmax(axis=1) + 1, 0)


def of_one_factor(n, d, share=0.6, seed=0):
    rng = np.random.default_rng(seed)
    return np.sqrt(share) * rng.normal(size=(n, 1)) + np.sqrt(1 - share) * rng.normal(size=(n, d))


def spearman(X):
    return np.corrcoef(rankdata(X, axis=0), rowvar=False)


def mean_spearman(placebos, count):
    return np.mean([spearman(placebos.rows(number)) for number in range(count)], axis=0)


def cramers_v(one, other):
    return association(np.array([[np.sum((one == k) & (other == j)) for j in np.unique(other)] for k in np.unique(one)]))


@st.composite
def hostile(draw):
    """Return a matrix with ties, constants and copies, and the blocks of its categorical columns."""
    n = draw(st.integers(1, 9))
    numbers = draw(st.lists(st.lists(st.sampled_from([-1.5, 0.0, 0.1, 2.0, 1e6]), min_size=n, max_size=n), max_size=12))
    columns = [np.array(values)[:, None] for values in numbers]
    blocks, at = [], len(columns)
    for codes in draw(st.lists(st.lists(st.integers(0, 3), min_size=n, max_size=n), min_size=0 if columns else 1, max_size=2)):
        columns.append(dummies([*codes, 3], 0.7)[:n])
        blocks.append([at, at + 1, at + 2])
        at += 3
    copies = [columns[0]] if numbers and draw(st.booleans()) else []
    return np.hstack([*columns, *copies]), blocks


@settings(max_examples=few(30), deadline=None)
@given(hostile(), st.integers(0, 3))
def test_values_and_categories_keep_their_frequencies(matrix, number):
    X, blocks = matrix
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(latent_correlations, "_MOST_PLACEBOS", 3)
        patched.setattr(latent_correlations, "_ROUNDS", 3)
        placebo = PlaceboRows(X, blocks, seed=1).rows(number)
    assert np.array_equal(np.sort(placebo, axis=0), np.sort(X, axis=0))
    for block in blocks:
        assert sorted(map(tuple, placebo[:, block])) == sorted(map(tuple, X[:, block]))


def test_a_placebo_depends_on_its_number_and_the_seed_alone():
    X = of_one_factor(50, 3)
    one, other = PlaceboRows(X, [], seed=4), PlaceboRows(X, [], seed=4)
    later = [one.rows(number) for number in (2, 0, 7)]
    assert np.array_equal(later[2], other.rows(7))
    assert np.array_equal(later[1], other.rows(0))
    assert not np.array_equal(later[0], later[1])
    assert not np.array_equal(later[0], PlaceboRows(X, [], seed=5).rows(2))


def test_the_matrix_is_left_as_it_is():
    X = np.hstack([of_one_factor(50, 2), dummies(np.arange(50) % 3)])
    before = X.copy()
    PlaceboRows(X, [[2, 3]], seed=0).rows(0)[:] = 9.0
    assert np.array_equal(X, before)


@pytest.mark.parametrize("share", [0.3, 0.1])
def test_ties_do_not_attenuate_correlations(share):
    X = of_one_factor(2000, 6, 0.5)
    X[:, :3] = X[:, :3] > np.quantile(X[:, :3], 1 - share, axis=0)
    placebos = PlaceboRows(X, [], seed=0)
    assert np.abs(mean_spearman(placebos, 60) - spearman(X)).max() < 0.02
    assert placebos.correlation_gap < 0.005
    assert not placebos.repaired


def test_numbers_of_any_shape_keep_their_rank_correlations():
    X = np.exp(of_one_factor(1000, 5))
    X[:, 1] = np.maximum(X[:, 1], 1.0)
    X[:, 2] *= -1
    X[:, 3] = np.round(X[:, 3])
    placebos = PlaceboRows(X, [], seed=0)
    assert np.abs(mean_spearman(placebos, 60) - spearman(X)).max() < 0.02


def test_segments_are_gone():
    rng = np.random.default_rng(0)
    X = 2.5 * rng.normal(size=(3, 6))[np.arange(400) % 3] + rng.normal(size=(400, 6))
    found = [
        silhouette_score(rows, KMeans(3, n_init=2, random_state=0).fit_predict(rows)) for rows in (X, PlaceboRows(X, [], seed=0).rows(0))
    ]
    assert found[0] > 0.5
    assert found[1] < found[0] - 0.2


def test_a_category_keeps_its_correlation_with_numbers():
    numbers = of_one_factor(1000, 4, 0.8)
    X = np.hstack([numbers[:, :3], dummies(np.digitize(numbers[:, 3], [-0.5, 0.4, 1.2]))])
    placebos = PlaceboRows(X, [[3, 4, 5]], seed=0)
    apart = np.abs(mean_spearman(placebos, 60) - spearman(X))
    assert apart[:3].max() < 0.03
    assert placebos.correlation_gap < 0.02


def test_a_category_that_is_a_number_cut_into_ranges_stays_it():
    x = np.random.default_rng(1).normal(size=500)
    placebos = PlaceboRows(np.column_stack([x, dummies(np.digitize(x, [-0.4, 0.6]))]), [[1, 2]], seed=0)
    placebo = placebos.rows(0)
    cut = np.digitize(placebo[:, 0], [-0.4, 0.6])
    assert np.mean(codes_of(placebo[:, 1:]) == cut) > 0.97
    assert placebos.correlation_gap < 0.02


@pytest.mark.parametrize("follows", [0.0, 0.5, 1.0])
def test_categorical_columns_keep_their_association(follows):
    rng = np.random.default_rng(2)
    one = rng.integers(4, size=600)
    other = np.where(rng.random(600) < follows, one, rng.integers(4, size=600))
    X = np.hstack([dummies(one), dummies(other), rng.normal(size=(600, 2))])
    placebos = PlaceboRows(X, [[0, 1, 2], [3, 4, 5]], seed=0)
    found = [(codes_of(rows[:, :3]), codes_of(rows[:, 3:6])) for rows in map(placebos.rows, range(60))]
    assert np.mean([cramers_v(*codes) for codes in found]) == pytest.approx(cramers_v(one, other), abs=0.03)
    assert placebos.association_gap < 0.03


def test_copies_stay_copies():
    X = of_one_factor(300, 2)
    split = X[:, :1] > 0.3
    placebo = PlaceboRows(np.hstack([X, X[:, :1], -X[:, 1:], split, split]), [], seed=0).rows(0)
    assert np.array_equal(placebo[:, 0], placebo[:, 2])
    assert np.array_equal(placebo[:, 4], placebo[:, 5])
    assert np.corrcoef(placebo[:, 1], placebo[:, 3])[0, 1] == pytest.approx(-1.0, abs=1e-3)


def test_features_that_are_nearly_one_stay_so():
    x = np.random.default_rng(3).normal(size=400)
    X = np.column_stack([x, x + 0.03 * np.random.default_rng(4).normal(size=400), x > 0.5])
    placebos = PlaceboRows(X, [], seed=0)
    assert spearman(X)[0, 1] > 0.999
    assert np.abs(mean_spearman(placebos, 30) - spearman(X)).max() < 0.02


def test_what_cannot_be_reached_shows_in_the_gap():
    X = np.random.default_rng(5).normal(size=(20, 25))
    placebos = PlaceboRows(X, [], seed=0)
    gap = np.abs(mean_spearman(placebos, 200) - spearman(X)).max()
    assert placebos.repaired
    assert gap > 0.02
    assert placebos.correlation_gap == pytest.approx(gap, abs=0.03)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_few_rows_with_a_column_of_each_kind_work(n):
    rng = np.random.default_rng(n)
    X = np.hstack([rng.normal(size=(n, 2)), np.ones((n, 2)), dummies([*rng.integers(3, size=n), 2])[:n]])
    assert PlaceboRows(X, [[4, 5]], seed=0).rows(0).shape == X.shape
