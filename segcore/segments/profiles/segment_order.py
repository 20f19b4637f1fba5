"""The order in which profiles show segments, their titles, and their colours."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from segcore.records.solution import NOISE
from segcore.wording.numbers import segment_title


@dataclass(frozen=True, slots=True, eq=False)
class SegmentOrder:
    """The segments, the largest first, equal sizes by label; then the noise.

    Parameters
    ----------
    labels : tuple of int
    titles : tuple of str
    place : ndarray of shape (n_customers,), int64
        Position of each customer's segment in that order.
    """

    labels: tuple[int, ...]
    titles: tuple[str, ...]
    place: np.ndarray

    @classmethod
    def of(cls, labels: np.ndarray, names: Mapping[int, str]) -> SegmentOrder:
        """Order the segments of customers; ``names`` are the analyst's."""
        found, place, sizes = np.unique(labels, return_inverse=True, return_counts=True)
        order = sorted(range(len(found)), key=lambda group: (found[group] == NOISE, -sizes[group], found[group]))
        moved = np.empty(len(found), np.int64)
        moved[order] = np.arange(len(order))
        ordered = tuple(int(found[group]) for group in order)
        return cls(ordered, tuple(segment_title(label, names) for label in ordered), moved[place])


def colour_places(labels: Sequence[int], kept: Mapping[int, int]) -> dict[int, int]:
    """Return the position of each segment's colour in the list of colours; noise has none.

    Parameters
    ----------
    labels : sequence of int
        In the order of `SegmentOrder`.
    kept : mapping of segment to int
        Positions that segments keep from an earlier solution. The other segments get the first free ones, in order.

    Examples
    --------
    >>> colour_places([2, 0, 1, -1], {0: 0, 1: 4})
    {2: 1, 0: 0, 1: 4}
    """
    taken = {kept[label] for label in labels if label in kept}
    free = (place for place in itertools.count() if place not in taken)
    return {label: kept[label] if label in kept else next(free) for label in labels if label != NOISE}
