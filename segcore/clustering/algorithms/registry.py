"""Clustering algorithms, one file each; a new one is a file and a line in ``ALGORITHMS``."""

from __future__ import annotations

from segcore.clustering.algorithms.dbscan import DBSCAN
from segcore.clustering.algorithms.gaussian_mixture import GAUSSIAN_MIXTURE
from segcore.clustering.algorithms.hdbscan import HDBSCAN
from segcore.clustering.algorithms.kmeans import KMEANS
from segcore.clustering.algorithms.minibatch_kmeans import MINIBATCH_KMEANS
from segcore.clustering.algorithms.specification import AlgorithmSpec
from segcore.clustering.algorithms.ward import WARD
from segcore.errors import ParameterError

ALGORITHMS: tuple[AlgorithmSpec, ...] = (KMEANS, MINIBATCH_KMEANS, GAUSSIAN_MIXTURE, WARD, HDBSCAN, DBSCAN)

__all__ = ["ALGORITHMS", "AlgorithmSpec", "algorithm"]


def algorithm(name: str) -> AlgorithmSpec:
    """Return an algorithm by its name, or raise `ParameterError` naming those there are."""
    for spec in ALGORITHMS:
        if spec.name == name:
            return spec
    raise ParameterError.unknown("algorithm", name, [spec.name for spec in ALGORITHMS])
