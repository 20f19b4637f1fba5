"""Clustering algorithms, one file each; a new one is a file and a line in ``ALGORITHMS``."""

from __future__ import annotations

from segcore.algorithms.dbscan import DBSCAN
from segcore.algorithms.gaussian_mixture import GAUSSIAN_MIXTURE
from segcore.algorithms.hdbscan import HDBSCAN
from segcore.algorithms.kmeans import KMEANS
from segcore.algorithms.minibatch_kmeans import MINIBATCH_KMEANS
from segcore.algorithms.specification import AlgorithmSpec
from segcore.algorithms.ward import WARD
from segcore.errors import ParameterError

ALGORITHMS: tuple[AlgorithmSpec, ...] = (KMEANS, MINIBATCH_KMEANS, GAUSSIAN_MIXTURE, WARD, HDBSCAN, DBSCAN)

__all__ = ["ALGORITHMS", "AlgorithmSpec", "algorithm"]


def algorithm(name: str) -> AlgorithmSpec:
    """Return an algorithm by its name, or raise `ParameterError` naming those there are."""
    for spec in ALGORITHMS:
        if spec.name == name:
            return spec
    raise ParameterError.unknown("algorithm", name, [spec.name for spec in ALGORITHMS])
