"""Components of core rows and the labels of border rows, from packed pairs (see ``neighbours.Pairs``).

``core`` marks the positions of the tree that are cores, ``core_bits`` the same as 16 bits a leaf, ``following`` gives the first core at or
behind each position, and ``e`` is the index of the radius. Positions are united in a forest of ``parent``, each root being its lowest.

Several threads may unite positions of one forest, and lower borders, at the same time: only roots are linked, by an atomic step, and
what else is written is true whenever it is read.

References
----------
Anderson and Woll (1991), STOC, "Wait-free parallel algorithms for the union-find problem".
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from segcore.clustering.kernels.density.atomics import lower, replace
from segcore.clustering.kernels.density.lanes import LANES, lane_count, lowest_lane
from segcore.clustering.kernels.density.neighbours import Pairs

NONE = int(np.iinfo(np.int32).max)
_ALL = (1 << LANES) - 1
_OPTIONS: dict[str, Any] = {"nogil": True, "cache": True}
_compiled = njit(**_OPTIONS)
# Does without counting references, see neighbours.
_lean = njit(**_OPTIONS | {"_nrt": False})


@_lean
def _find(parent: np.ndarray, row: int) -> int:
    above = parent[row]
    while above != row:
        next_above = parent[above]
        if next_above != above:
            parent[row] = next_above
        row, above = above, next_above
    return row


@_lean
def _join(parent: np.ndarray, a: int, b: int) -> int:
    """Unite the components of two rows; returns the root."""
    while True:
        a, b = _find(parent, a), _find(parent, b)
        if a == b:
            return a
        if b < a:
            a, b = b, a
        # Fails where another thread has linked this root in the meantime.
        if replace(parent, b, b, a):
            return a


@_compiled
def core_bits(core: np.ndarray) -> np.ndarray:
    """Return for each leaf which of its rows are cores."""
    bits = np.zeros((len(core) + LANES - 1) // LANES, np.uint16)
    for row in range(len(core)):
        if core[row]:
            bits[row // LANES] |= 1 << (row % LANES)
    return bits


@_lean
def join_pairs(pairs: Pairs, e: int, core: np.ndarray, core_bits: np.ndarray, parent: np.ndarray, known: np.ndarray) -> None:
    """Unite cores that are neighbours.

    ``known``, int64, holds for each leaf in its lower 16 bits which of its cores are united already, with one another and with the row in
    the bits above; where it is 0, none.
    """
    for i in range(len(pairs.row)):
        row, leaf = pairs.row[i], pairs.leaf[i]
        mask = np.int64(pairs.bits[i, e] & core_bits[leaf])
        if mask == 0 or not core[row]:
            continue
        root = _find(parent, row)
        # Both halves are read and written in one step, so they belong together whichever thread wrote them.
        fact = known[leaf]
        united, member = fact & _ALL, fact >> LANES
        if mask & united and parent[member] != root:
            root = _join(parent, root, member)
        new = mask & ~united
        while new:
            other = leaf * LANES + lowest_lane(new)
            new &= new - 1
            if parent[other] != root:
                root = _join(parent, root, other)
        if mask & united == 0:
            if lane_count(mask) > lane_count(united):
                known[leaf] = mask | np.int64(row) << LANES
        elif mask & ~united:
            known[leaf] = mask | united | np.int64(row) << LANES


@_lean
def join_whole(
    whole: np.ndarray, e: int, start: np.ndarray, stop: np.ndarray, following: np.ndarray, linked: np.ndarray, parent: np.ndarray
) -> None:
    """Unite the cores of nodes whose rows are all neighbours of one another; ``linked`` tells whose cores are united already."""
    for i in range(len(whole)):
        a, b = whole[i, 0], whole[i, 1]
        first, second = following[start[a]], following[start[b]]
        if whole[i, 2] > e or first >= stop[a] or second >= stop[b]:
            continue
        root = _join(parent, first, second)
        for node in (a, b):
            if not linked[node]:
                # Another thread may pass over it from now on: what it relies on is done before the forest is read.
                linked[node] = 1
                row = following[start[node]]
                while row < stop[node]:
                    if parent[row] != root:
                        root = _join(parent, root, row)
                    row = following[row + 1]


@_compiled
def next_core(core: np.ndarray) -> np.ndarray:
    """Return the first core at or behind each position."""
    following = np.empty(len(core) + 1, np.int32)
    following[len(core)] = len(core)
    for row in range(len(core) - 1, -1, -1):
        following[row] = row if core[row] else following[row + 1]
    return following


@_compiled
def number(parent: np.ndarray, core: np.ndarray, by_row: np.ndarray) -> np.ndarray:
    """Give the components of the cores numbers, in the order of their lowest rows; other positions get ``NONE``."""
    label = np.full(len(core), NONE, np.int32)
    found = 0
    for position in by_row:
        if core[position]:
            root = _find(parent, position)
            if label[root] == NONE:
                label[root] = found
                found += 1
    for position in range(len(core)):
        if core[position]:
            label[position] = label[_find(parent, position)]
    return label


@_lean
def border_pairs(pairs: Pairs, e: int, core: np.ndarray, core_bits: np.ndarray, label: np.ndarray, border: np.ndarray) -> None:
    """Lower ``border`` of rows that are not cores to the lowest label of a core neighbour."""
    for i in range(len(pairs.row)):
        row, leaf = pairs.row[i], pairs.leaf[i]
        mask = np.int64(pairs.bits[i, e])
        cores = np.int64(core_bits[leaf])
        mask = (mask & ~cores) if core[row] else (mask & cores)
        while mask:
            other = leaf * LANES + lowest_lane(mask)
            mask &= mask - 1
            to, offer = (other, label[row]) if core[row] else (row, label[other])
            if offer < border[to]:
                lower(border, to, offer)


@_lean
def border_whole(
    whole: np.ndarray,
    e: int,
    start: np.ndarray,
    stop: np.ndarray,
    following: np.ndarray,
    label: np.ndarray,
    lowest: np.ndarray,
    offered: np.ndarray,
) -> None:
    """Offer each node the lowest label among the cores of the nodes it is a neighbour of as a whole.

    ``lowest`` holds the lowest label in a node, -1 where it is not known yet.
    """
    for i in range(len(whole)):
        if whole[i, 2] > e:
            continue
        for a, b in ((whole[i, 0], whole[i, 1]), (whole[i, 1], whole[i, 0])):
            offer = lowest[b]
            if offer < 0:
                offer = NONE
                row = following[start[b]]
                while row < stop[b]:
                    offer = min(offer, label[row])
                    row = following[row + 1]
                lowest[b] = offer
            if offer < offered[a]:
                lower(offered, a, offer)


@_compiled
def spread_offers(offered: np.ndarray, start: np.ndarray, stop: np.ndarray, border: np.ndarray) -> None:
    """Give each border row the lowest label that its node was offered."""
    for node in range(len(offered)):
        if offered[node] < NONE:
            for row in range(start[node], stop[node]):
                border[row] = min(border[row], offered[node])


@_compiled
def write(label: np.ndarray, border: np.ndarray, core: np.ndarray, position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels of all rows in their original order, and which rows are core."""
    labels = np.empty(len(position), np.int32)
    is_core = np.empty(len(position), np.bool_)
    for row in range(len(position)):
        place = position[row]
        is_core[row] = core[place]
        found = label[place] if core[place] else border[place]
        labels[row] = -1 if found == NONE else found
    return labels, is_core


@_compiled
def common_root(parent: np.ndarray, core: np.ndarray, size: int) -> np.ndarray:
    """Return for each ``size`` rows the component of all their cores: -1 for several components, -2 without a core."""
    root = np.full((len(core) + size - 1) // size, -2, np.int64)
    for row in range(len(core)):
        if core[row]:
            mine, place = _find(parent, row), row // size
            root[place] = mine if root[place] in (-2, mine) else -1
    return root
