import os
import subprocess
import sys

import pytest

from segcore.system.child_process import CHECKOUT

CODE = """
import sys
from segcore.clustering.kernels.kmeans.literal import threads_of_scikit_learn
before = threads_of_scikit_learn()
assert "sklearn" not in sys.modules
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads
assert before == _openmp_effective_n_threads() == threads_of_scikit_learn(), before
"""


@pytest.mark.parametrize("setting", ["", "3,2"])
def test_threads_are_those_that_scikit_learn_would_take(setting):
    """The order of its sums, and with it the last bit of a centre, hangs on them. OpenMP reads its setting once, so in new processes."""
    subprocess.run([sys.executable, "-c", CODE], check=True, cwd=CHECKOUT, env={**os.environ, "OMP_NUM_THREADS": setting})
