"""Share of training rows that get their own label when scored, for algorithms where it can be less than 1."""

from __future__ import annotations

import numpy as np

from segcore.records.estimate import Estimate, wilson_interval

_MOST_ROWS = 2_000
_Z = 1.96


def agreement_rows(n_rows: int, seed: int) -> np.ndarray:
    """Return the rows to score again, ascending: all up to 2,000, else 2,000 drawn at random without replacement."""
    if n_rows <= _MOST_ROWS:
        return np.arange(n_rows)
    return np.sort(np.random.default_rng(seed).choice(n_rows, _MOST_ROWS, replace=False))


def agreement(kept: np.ndarray, n_rows: int) -> Estimate:
    """Estimate the share of all rows that keep their label, from those scored again.

    Parameters
    ----------
    kept : ndarray of shape (n_scored,), bool
        Whether each of the rows drawn got its own label.
    n_rows : int
        Number of all rows.

    Notes
    -----
    Exact if all were scored; otherwise Wilson's interval, narrowed by the sample's share of all rows.
    """
    share, n = float(np.mean(kept)), len(kept)
    if n == n_rows:
        return Estimate(share, share, share, n)
    low, high = wilson_interval(share, n * (n_rows - 1) / (n_rows - n), _Z)
    # At the ends rounding would leave the share just outside its own interval.
    return Estimate(share, min(share, low), max(share, high), n)
