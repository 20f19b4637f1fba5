"""Clustering algorithms, one file each; a new one is a file and a line in ``ALGORITHMS``."""

from __future__ import annotations

from segcore.clustering.algorithms.dbscan import DBSCAN
from segcore.clustering.algorithms.gaussian_mixture import GAUSSIAN_MIXTURE
from segcore.clustering.algorithms.hdbscan import HDBSCAN
from segcore.clustering.algorithms.kmeans import KMEANS
from segcore.clustering.algorithms.minibatch_kmeans import MINIBATCH_KMEANS
from segcore.clustering.algorithms.ward import WARD
from segcore.clustering.specification.algorithm import AlgorithmSpec
from segcore.clustering.specification.presentation import Criterion
from segcore.errors import ParameterError

ALGORITHMS: tuple[AlgorithmSpec, ...] = (
    KMEANS,
    MINIBATCH_KMEANS,
    GAUSSIAN_MIXTURE,
    WARD,
    HDBSCAN,
    DBSCAN,
)
"""Read through the functions below at every call, so that a registry put in its place holds everywhere."""


def algorithms() -> tuple[AlgorithmSpec, ...]:
    """Return the algorithms in the order in which they are offered."""
    return ALGORITHMS


def find_algorithm(name: str) -> AlgorithmSpec | None:
    """Return an algorithm by its name, or ``None`` where the name is unknown."""
    return next((spec for spec in algorithms() if spec.name == name), None)


def algorithm(name: str) -> AlgorithmSpec:
    """Return an algorithm by its name, or raise `ParameterError` naming those there are."""
    found = find_algorithm(name)
    if found is None:
        raise ParameterError.unknown("algorithm", name, [spec.name for spec in algorithms()])
    return found


def criteria() -> tuple[Criterion, ...]:
    """Return the criteria that any algorithm computes, each once."""
    return tuple(dict.fromkeys(criterion for spec in algorithms() for criterion in spec.criteria))
