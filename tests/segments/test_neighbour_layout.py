"""Maps that keep neighbours together: planted groups, and a random layout, are the oracles."""

import numpy as np
import pytest

from segcore.errors import DataError
from segcore.segments.maps.neighbour_layout import _nearest, neighbour_layout

# UMAP compiles for six seconds in a process; one of its tests has them all.
METHODS = ("tsne", "umap")


def planted(n=160, p=6, groups=4, seed=0):
    draw = np.random.default_rng(seed)
    labels = np.arange(n) % groups
    return draw.normal(size=(n, p)) + 12 * draw.normal(size=(groups, p))[labels], labels


def neighbours_kept(X, places, k=10):
    """Return the share of each customer's nearest ones who are among its nearest on the map."""
    there, here = (_nearest(found, found, k + 1)[1][:, 1:] for found in (X, places))
    return np.mean([len(set(one) & set(other)) / k for one, other in zip(there, here, strict=True)])


@pytest.mark.parametrize("method", METHODS)
def test_planted_groups_stay_together_and_neighbours_are_kept_far_beyond_chance(method):
    X, labels = planted()
    shares = []
    found = neighbour_layout(X, method, progress=shares.append)
    assert found.different == found.laid_out == 160 and found.places.shape == (160, 2)
    nearest = _nearest(found.places, found.places, 2)[1][:, 1]
    assert (labels[nearest] == labels).all()
    random = np.random.default_rng(1).normal(size=(160, 2))
    assert neighbours_kept(X, found.places) > 5 * neighbours_kept(X, random)
    assert shares == sorted(shares) and shares[-1] == 1.0 and len(shares) > 5


@pytest.mark.parametrize("method", METHODS)
def test_the_same_question_has_the_same_places_and_another_seed_has_others(method):
    X, _ = planted(60)
    first, again, other = (neighbour_layout(X, method, seed=seed).places for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


def test_the_order_the_unit_and_copies_of_customers_change_nothing():
    X, _ = planted(60)
    order = np.random.default_rng(2).permutation(60)
    found = neighbour_layout(X, "tsne")
    np.testing.assert_array_equal(neighbour_layout(X[order], "tsne").places, found.places[order])
    np.testing.assert_array_equal(neighbour_layout(X * 2.0**300, "tsne").places, found.places)
    twice = neighbour_layout(np.concatenate([X, X[:5]]), "tsne")
    assert twice.different == 60
    np.testing.assert_array_equal(twice.places[60:], twice.places[:5])


@pytest.mark.parametrize("method", METHODS)
def test_customers_beyond_the_sample_are_placed_in_their_own_group(method):
    X, labels = planted(240)
    found = neighbour_layout(X, method, most=80)
    assert (found.laid_out, found.different) == (80, 240)
    nearest = _nearest(found.places, found.places, 2)[1][:, 1]
    assert (labels[nearest] == labels).mean() > 0.98
    full = neighbour_layout(X, method)
    assert neighbours_kept(X, found.places) > 0.4 * neighbours_kept(X, full.places)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "X",
    [
        np.arange(4.0)[:, None],
        np.arange(12.0)[:, None] * [[1.0, 2.0]],
        np.concatenate([np.zeros((50, 2)), np.eye(4)[:, :2], [[3.0, 4.0], [1e9, 0.0]]]),
        np.concatenate([np.random.default_rng(3).normal(size=(30, 3)) + 1e3, [[-1e200, 1e200, 0.0]]]),
    ],
    ids=["four customers", "a line", "many alike and one far away", "values whose squares overflow"],
)
def test_few_and_odd_customers_have_finite_places(method, X):
    found = neighbour_layout(X, method)
    assert found.places.shape == (len(X), 2) and np.isfinite(found.places).all()
    assert np.ptp(found.places, axis=0).max() > 0


@pytest.mark.parametrize(
    ("X", "said"),
    [
        (np.ones((1, 3)), "all customers have the same values"),
        (np.ones((500, 3)), "all customers have the same values"),
        (np.arange(2.0)[:, None], "there are only 2"),
        (np.arange(300.0)[:, None] % 3, "there are only 3"),
    ],
)
def test_too_few_different_customers_are_refused_in_one_sentence(X, said):
    with pytest.raises(DataError) as raised:
        neighbour_layout(X, "tsne")
    assert str(raised.value) == f"A t-SNE map needs at least 4 customers who differ, but {said}: use the map of principal components."
