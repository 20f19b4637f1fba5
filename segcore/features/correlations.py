"""Correlations of features, and the pairs that are near-duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NEAR_DUPLICATE = 0.95
"""Absolute correlation from which two features count as near-duplicates."""


@dataclass(frozen=True, slots=True, eq=False)
class Correlations:
    """Pearson's correlation of each pair of features.

    Parameters
    ----------
    names : tuple of str
        The features that vary.
    r : ndarray of shape (n, n), float64
        In [-1, 1].
    constant : tuple of str
        Features that do not vary, and so have no correlation.
    blocks : tuple of str
        For each of ``names``, the column to which the dummy belongs, or "". Dummies of one column exclude each other by definition,
        so they never form a pair.
    """

    names: tuple[str, ...]
    r: np.ndarray
    constant: tuple[str, ...]
    blocks: tuple[str, ...] = ()

    def pairs(self, threshold: float = 0.0, most: int | None = None) -> tuple[tuple[str, str, float], ...]:
        """Return the pairs with an absolute correlation of at least ``threshold``, the strongest first, at most ``most`` of them."""
        rows, columns = np.triu_indices(len(self.names), k=1)
        size = np.abs(self.r[rows, columns])
        wanted = size >= threshold
        if self.blocks:
            of = np.array(self.blocks, dtype=object)
            wanted &= (of[rows] != of[columns]) | (of[rows] == "")
        found = np.flatnonzero(wanted)
        found = found[np.argsort(-size[found], kind="stable")][:most]
        return tuple((self.names[rows[pair]], self.names[columns[pair]], float(self.r[rows[pair], columns[pair]])) for pair in found)

    def near_duplicates(self, threshold: float = NEAR_DUPLICATE) -> tuple[tuple[str, str, float], ...]:
        """Return the pairs with an absolute correlation of at least ``threshold``, the strongest first."""
        return self.pairs(threshold)

    def among(self, names: Sequence[str]) -> Correlations:
        """Return the correlations of some of the features, in the order given."""
        at = [self.names.index(name) for name in names]
        blocks = tuple(self.blocks[position] for position in at) if self.blocks else ()
        return Correlations(tuple(names), self.r[np.ix_(at, at)], (), blocks)


def correlations(names: Sequence[str], values: np.ndarray, blocks: Sequence[str] | None = None) -> Correlations:
    """Correlate features with each other.

    Parameters
    ----------
    names : sequence of str
    values : ndarray of shape (n_customers, n_features), float64
    blocks : sequence of str, or None
        For each feature, the column to which the dummy belongs, or "".
    """
    varies = np.ptp(values, axis=0) > 0 if len(values) else np.zeros(len(names), dtype=bool)
    kept = [name for name, moves in zip(names, varies, strict=True) if moves]
    constant = tuple(name for name, moves in zip(names, varies, strict=True) if not moves)
    if not kept:
        return Correlations((), np.empty((0, 0)), constant)
    r = np.atleast_2d(np.corrcoef(values if varies.all() else values[:, varies], rowvar=False))
    of = tuple(block for block, moves in zip(blocks or [""] * len(names), varies, strict=True) if moves)
    return Correlations(tuple(kept), np.clip(r, -1.0, 1.0), constant, of)
