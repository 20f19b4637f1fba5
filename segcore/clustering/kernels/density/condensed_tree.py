"""Segments of HDBSCAN from a minimum spanning tree: single linkage, condensed for a least size, the most stable branches selected.

Every sum and comparison is made in scikit-learn's order, so that segments and their numbers are equal also where stabilities tie.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from segcore.clustering.kernels.density.reachability import SpanningTree

_compiled = njit(nogil=True, cache=True, error_model="numpy")


class Linkage(NamedTuple):
    """The merges of single linkage; node ``n_rows + i`` is what merge ``i`` makes.

    Parameters
    ----------
    left, right : ndarray of shape (n_rows - 1,), int64
        Rows or nodes.
    distance : ndarray of shape (n_rows - 1,), float64
        Ascending.
    size : ndarray of shape (2 * n_rows - 1,), int64
        Rows in each node, those of the rows themselves being 1.
    """

    left: np.ndarray
    right: np.ndarray
    distance: np.ndarray
    size: np.ndarray


def single_linkage(tree: SpanningTree) -> Linkage:
    """Return the merges of a spanning tree, nearest first."""
    # The library sorts like this, unstably, and equal edges must be in the same order.
    order = np.argsort(tree.distance)
    n_merges = len(order)
    merges = Linkage(
        np.empty(n_merges, dtype=np.int64),
        np.empty(n_merges, dtype=np.int64),
        tree.distance[order],
        np.ones(2 * n_merges + 1, dtype=np.int64),
    )
    _link(tree.source[order], tree.target[order], merges.left, merges.right, merges.size)
    return merges


@_compiled
def _link(source, target, left, right, size):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    n_rows = source.size + 1
    parent = np.arange(size.size)
    for merge in range(source.size):
        node = n_rows + merge
        left[merge], right[merge] = _top(parent, source[merge]), _top(parent, target[merge])
        parent[left[merge]] = node
        parent[right[merge]] = node
        size[node] = size[left[merge]] + size[right[merge]]


@_compiled
def _top(parent, node):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    top = node
    while parent[top] != top:
        top = parent[top]
    while parent[node] != top:
        parent[node], node = top, parent[node]
    return top


def stable_segments(linkage: Linkage, min_cluster_size: int) -> np.ndarray:
    """Return the labels of the branches with the largest excess of mass; -1 is noise.

    Parameters
    ----------
    linkage : Linkage
    min_cluster_size : int
        At least 2.

    Returns
    -------
    ndarray of shape (n_rows,), int32

    References
    ----------
    Campello, Moulavi, Zimek and Sander (2015), ACM TKDD 10.
    """
    return _stable_segments(*linkage, min_cluster_size)


@_compiled
def _stable_segments(left, right, distance, size, least):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    branch_of, parent, stability = _condense(left, right, distance, size, least)
    label = _select(parent, stability)
    labels = np.empty(branch_of.size, dtype=np.int32)
    for row in range(branch_of.size):
        labels[row] = label[branch_of[row]]
    return labels


@_compiled
def _condense(left, right, distance, size, least):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return which branch each row falls out of, each branch's parent and its stability; branches are numbered breadth first."""
    n_rows = left.size + 1
    most = 2 * (n_rows // least) + 2
    branch_of = np.zeros(n_rows, dtype=np.int64)
    parent, stability, birth = np.full(most, -1), np.zeros(most), np.zeros(most)
    n_branches = 1
    queue, branch = np.empty(n_rows, dtype=np.int64), np.empty(n_rows, dtype=np.int64)
    fallen = np.empty(2 * n_rows, dtype=np.int64)
    queue[0], branch[0] = 2 * n_rows - 2, 0
    begin, end = 0, 1
    while begin < end:
        merge, own = queue[begin] - n_rows, branch[begin]
        begin += 1
        density = 1.0 / distance[merge] if distance[merge] > 0.0 else np.inf
        sides = (left[merge], right[merge])
        splits = size[sides[0]] >= least and size[sides[1]] >= least
        for side in sides:
            if size[side] < least:
                _fall(left, right, side, own, branch_of, fallen)
                for _ in range(size[side]):
                    stability[own] += density - birth[own]
                continue
            into = own
            if splits:
                stability[own] += (density - birth[own]) * size[side]
                into = n_branches
                parent[into], birth[into] = own, density
                n_branches += 1
            queue[end], branch[end] = side, into
            end += 1
    return branch_of, parent[:n_branches], stability[:n_branches]


@_compiled
def _fall(left, right, node, own, branch_of, waiting):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Note for all rows of a node that they leave the branch ``own``."""
    n_rows = branch_of.size
    waiting[0] = node
    count = 1
    while count:
        count -= 1
        node = waiting[count]
        if node < n_rows:
            branch_of[node] = own
        else:
            waiting[count], waiting[count + 1] = left[node - n_rows], right[node - n_rows]
            count += 2


@_compiled
def _select(parent, stability):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return the label that the rows of each branch get: of the selected branch it lies in, else -1. The root is never selected."""
    n_branches = parent.size
    below = np.zeros(n_branches)
    selected = np.ones(n_branches, dtype=np.bool_)
    for branch in range(n_branches - 1, 0, -1):
        if below[branch] > stability[branch]:
            selected[branch] = False
            stability[branch] = below[branch]
        below[parent[branch]] += stability[branch]
    label = np.full(n_branches, -1, dtype=np.int32)
    count = 0
    # Parents have smaller numbers, so one pass outwards settles who lies within a selected branch.
    within = np.zeros(n_branches, dtype=np.bool_)
    for branch in range(1, n_branches):
        within[branch] = within[parent[branch]] or (parent[branch] > 0 and selected[parent[branch]])
        if within[branch]:
            label[branch] = label[parent[branch]]
        elif selected[branch]:
            label[branch] = count
            count += 1
    return label


def compile_kernels() -> None:
    """Compile what the functions above need, for the types they are called with."""
    edges = np.arange(3)
    stable_segments(single_linkage(SpanningTree(edges, edges + 1, np.array([1.0, 3.0, 2.0]))), 2)
