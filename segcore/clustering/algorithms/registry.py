"""Registry of clustering algorithms; to add one, add a file and a line in ``ALGORITHMS``."""

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
"""Read by the functions below at every call, so that a replaced registry applies everywhere."""


def algorithms() -> tuple[AlgorithmSpec, ...]:
    """Return the algorithms in the order in which screens offer them."""
    return ALGORITHMS


def find_algorithm(name: str) -> AlgorithmSpec | None:
    """Return an algorithm by its name, or ``None`` if it is unknown."""
    return next((spec for spec in algorithms() if spec.name == name), None)


def algorithm(name: str) -> AlgorithmSpec:
    """Return an algorithm by its name, or raise `ParameterError` naming the known ones."""
    found = find_algorithm(name)
    if found is None:
        raise ParameterError.unknown("algorithm", name, [spec.name for spec in algorithms()])
    return found


def criteria() -> tuple[Criterion, ...]:
    """Return the criteria of all algorithms, each once."""
    return tuple(dict.fromkeys(criterion for spec in algorithms() for criterion in spec.criteria))
