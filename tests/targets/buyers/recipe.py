"""Data of system 4's recipe: customers of ten departments, each with four planted clusters."""

import functools

import numpy as np
from sklearn.datasets import make_classification

NAMES = [f"f_{at}" for at in range(8)]


@functools.cache
def customers(shuffle=True):
    """Return features of 10,000 customers, shape (10_000, 8), and the department of each, as the original makes them."""
    made = {"n_features": 8, "n_informative": 8, "n_redundant": 0, "n_repeated": 0, "n_classes": 10, "n_clusters_per_class": 4}
    return make_classification(n_samples=10_000, **made, random_state=42, class_sep=2, shuffle=shuffle)


@functools.cache
def planted():
    """Return the planted cluster of each customer, shape (10_000,), int, 0 to 39.

    Without shuffling, the clusters follow one another, 250 customers each. Shuffling moves rows and columns and changes no value.
    """
    shuffled, (plain, _) = customers()[0], customers(shuffle=False)
    moved = [next(at for at in range(8) if np.array_equal(np.sort(plain[:, at]), np.sort(column))) for column in shuffled.T]
    place = {row.tobytes(): at // 250 for at, row in enumerate(np.ascontiguousarray(plain[:, moved]))}
    return np.array([place[row.tobytes()] for row in np.ascontiguousarray(shuffled)])


def frame(rows=slice(None)):
    """Return the features by name."""
    return dict(zip(NAMES, customers()[0][rows].T, strict=True))
