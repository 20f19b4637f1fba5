"""Components and borders of many threads that work on the same forest."""

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from segcore.clustering.kernels.density import components
from segcore.clustering.kernels.density.lanes import LANES
from segcore.clustering.kernels.density.neighbours import Pairs
from segcore.system.cores import in_turns

N_ROWS, N_PAIRS, N_BUFFERS = 3_200, 1_500, 64


@pytest.fixture(name="pairs")
def random_pairs():
    random = np.random.default_rng(0)
    row, leaf = (random.integers(0, last, N_PAIRS).astype(np.int32) for last in (N_ROWS, N_ROWS // LANES))
    bits = (1 << random.integers(0, LANES, (N_PAIRS, 1)) | 1 << random.integers(0, LANES, (N_PAIRS, 1))).astype(np.uint16)
    return Pairs(row, leaf, bits, np.empty((0, 3), np.int32))


def buffers(pairs):
    parts = (np.array_split(array, N_BUFFERS) for array in pairs[:3])
    return [Pairs(*part, pairs.whole) for part in zip(*parts, strict=True)]


def edges(pairs, core):
    """Return the two ends of each pair, one pair of rows each, of which both are cores."""
    i, lane = np.nonzero(pairs.bits >> np.arange(LANES) & 1)
    a, b = pairs.row[i], pairs.leaf[i] * LANES + lane
    return a, b, core[a] & core[b]


@pytest.mark.parametrize("threads", [1, 8])
def test_threads_that_unite_the_same_rows_find_the_components_of_the_graph(pairs, threads):
    core = np.random.default_rng(1).random(N_ROWS) < 0.5
    parent, known = np.arange(N_ROWS, dtype=np.int32), np.zeros(N_ROWS // LANES, np.int64)
    bits = components.core_bits(core)
    in_turns(
        [lambda part=part: components.join_pairs(part, 0, core, bits, parent, known) for part in buffers(pairs)],
        threads=threads,
    )
    label = components.number(parent, core, np.arange(N_ROWS))

    a, b, both = edges(pairs, core)
    graph = coo_matrix((np.ones(both.sum()), (a[both], b[both])), shape=(N_ROWS, N_ROWS))
    _, expected = connected_components(graph, directed=False)
    # Components are numbered by their lowest row, and so are those of the oracle once only cores are left.
    _, first, inverse = np.unique(expected[core], return_index=True, return_inverse=True)
    np.testing.assert_array_equal(label[core], np.argsort(np.argsort(first))[inverse])
    assert (label[~core] == components.NONE).all()


@pytest.mark.parametrize("threads", [1, 8])
def test_threads_that_lower_the_same_borders_find_the_lowest_label(pairs, threads):
    random = np.random.default_rng(2)
    core = random.random(N_ROWS) < 0.3
    label = np.where(core, random.integers(0, 1_000, N_ROWS), components.NONE).astype(np.int32)
    border, bits = np.full(N_ROWS, components.NONE, np.int32), components.core_bits(core)
    in_turns(
        [lambda part=part: components.border_pairs(part, 0, core, bits, label, border) for part in buffers(pairs)],
        threads=threads,
    )

    a, b, _ = edges(pairs, core)
    expected = np.full(N_ROWS, components.NONE)
    for row, other in ((a, b), (b, a)):
        seeks = ~core[row] & core[other]
        np.minimum.at(expected, row[seeks], label[other[seeks]])
    np.testing.assert_array_equal(border, expected)
