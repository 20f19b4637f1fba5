"""Kneedle: where a falling curve bends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def knees(x: Sequence[float], y: Sequence[float]) -> list[float]:
    """Return the x of every knee of a convex, decreasing curve, ascending.

    Parameters
    ----------
    x : sequence of float
        At least two, ascending.
    y : sequence of float
        Finite and not all equal, one per x.

    Notes
    -----
    A knee is a local maximum of the difference curve (the curve turned upside down, minus the diagonal, both scaled to 0 to 1) after
    which the curve falls by more than the mean step of x before it rises again: sensitivity 1. The ends of the curve count as maxima, and
    so do points of a plateau. The results are those of ``kneed.KneeLocator(x, y, S=1, curve="convex", direction="decreasing",
    online=True).all_knees``; that package imports scipy.signal, which takes longer than a small sweep.

    References
    ----------
    Satopaa et al. (2011), "Finding a kneedle in a haystack".
    """
    scaled_x, scaled_y = (_scaled(np.asarray(values, dtype=np.float64)) for values in (x, y))
    difference = (scaled_y.max() - scaled_y) - scaled_x
    before, after = (np.concatenate(ends) for ends in ((difference[:1], difference[:-1]), (difference[1:], difference[-1:])))
    highest = (difference >= before) & (difference >= after)
    lowest = (difference <= before) & (difference <= after)
    mean_step = abs(np.diff(scaled_x).mean())
    found: list[float] = []
    candidate: int | None = None  # the last maximum, unless a minimum has come since
    for at in range(len(difference) - 1):
        if highest[at]:
            candidate = at
        if lowest[at]:
            candidate = None
        if candidate is not None and difference[at + 1] < difference[candidate] - mean_step and x[candidate] not in found:
            found.append(x[candidate])
    return found


def _scaled(values: np.ndarray) -> np.ndarray:
    scaled: np.ndarray = (values - values.min()) / (values.max() - values.min())
    return scaled
