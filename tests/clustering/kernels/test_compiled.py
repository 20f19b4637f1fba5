"""No user waits for a compiler: what ``make install`` compiles is all that a sweep, its measuring and its scoring ever call."""

import json
import os
import subprocess
import sys

import pytest

from segcore.clustering.algorithms.registry import algorithms

SMALL = {
    "kmeans": ["n_clusters=2,3,20", "tol=0.001,0.0001", "n_init=1,2"],
    "minibatch_kmeans": ["n_clusters=2,3"],
    "gaussian_mixture": ["n_components=2,3"],
    "ward": ["n_clusters=2,3"],
    "hdbscan": ["min_cluster_size=3,5", "min_samples=2,3"],
    "dbscan": ["min_samples=3,5", "eps=0.5,1.0"],
}
PROBE = """
import json, sys
import numpy as np
from numba.core import event
from segcore.clustering.algorithms.registry import algorithm
from segcore.clustering.quality.silhouette import SilhouetteScorer

name, grid = sys.argv[1], json.loads(sys.argv[2])
with event.install_recorder("numba:compile") as compiled:
    for rows, features in ((40, 2), (300, 3), (700, 21), (500, 60)):
        X = np.random.default_rng(rows).normal(size=(rows, features)) + 4 * (np.arange(rows) % 3)[:, None]
        for data in (X, np.vstack([X, X])):
            spec = algorithm(name)
            found = list(spec.sweep(data, spec.parse_grid(grid).points(), "shared", seed=0))
            SilhouetteScorer(data).score_all([solution.labels for solution in found if solution.labels is not None])
            SilhouetteScorer(data, pairs=1000).score_all([solution.labels for solution in found if solution.labels is not None])
            for solution in found:
                if solution.labels is not None:
                    arrays = {key: array.copy() for key, array in solution.arrays.items()}
                    for array in arrays.values():
                        array.setflags(write=False)  # as they come from the store
                    spec.scoring.assign(data[:7], arrays, solution.params)
print(json.dumps([record.data["dispatcher"].py_func.__qualname__ + str(record.data["args"]) for _, record in compiled.buffer]))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return the environment of a machine on which the kernels were compiled as ``make install`` does it."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path_factory.mktemp("kernels"))}
    subprocess.run([sys.executable, "-m", "segcore.clustering.kernels"], check=True, env=environment)
    return environment


@pytest.mark.slow
@pytest.mark.parametrize("name", [spec.name for spec in algorithms()])
def test_nothing_is_compiled_after_the_installation(installed, name):
    done = subprocess.run(
        [sys.executable, "-c", PROBE, name, json.dumps(SMALL[name])], check=True, env=installed, stdout=subprocess.PIPE, text=True
    )
    assert json.loads(done.stdout.splitlines()[-1]) == []
