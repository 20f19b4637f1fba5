"""Rank correlations of columns whose order follows latent normal variables, ties included."""

from __future__ import annotations

import numpy as np

_TERMS = 200
_HALVINGS = 14  # the latent correlation is found to 1e-4


class RankCorrelations:
    """Spearman correlations of columns as a function of the correlations of the normal variables that order them.

    Parameters
    ----------
    ranks : ndarray of shape (n_columns, n_rows), float64
        Midranks of each column in ascending order, with mean 0 and sum of squares 1; all 0 if the column is constant.

    Notes
    -----
    With ``a_k`` the coefficients of a column's midranks in normalised Hermite polynomials of its latent variable, two columns whose
    latent variables have correlation ``r`` have the Spearman correlation ``sum_k a_k b_k r ** k`` in a large sample. Ties make ``a_1``
    smaller: that is how they attenuate correlations. The series ends at its 200th term, which is too early for tied columns with
    ``abs(r)`` above 0.97.

    References
    ----------
    Lancaster (1957), Biometrika 44. Cario and Nelson (1997), "Modeling and generating random vectors with arbitrary marginal
    distributions and correlation matrix".
    """

    REACH = 0.97
    """Latent correlations up to which the series is right."""

    def __init__(self, ranks: np.ndarray) -> None:
        from scipy.special import ndtri

        n = ranks.shape[1]
        cuts = ndtri(np.arange(1, n) / n)
        # A step of the midranks at a cut adds its height times the integral of the polynomial above the cut.
        integrals = np.empty((len(cuts), _TERMS))
        before, now = np.zeros(len(cuts)), np.exp(-0.5 * cuts**2) / np.sqrt(2 * np.pi)
        for k in range(1, _TERMS + 1):
            integrals[:, k - 1] = now / np.sqrt(k)
            before, now = now, (cuts * now - np.sqrt(k - 1) * before) / np.sqrt(k)
        self._coefficients = np.sqrt(n) * np.diff(ranks, axis=1) @ integrals

    def of(self, latent: np.ndarray) -> np.ndarray:
        """Return the Spearman correlations that latent correlations lead to, both of shape (n_columns, n_columns)."""
        found = np.zeros_like(latent)
        for column in self._coefficients.T[::-1]:
            found += np.multiply.outer(column, column)
            found *= latent
        return found

    def latent(self, spearman: np.ndarray) -> np.ndarray:
        """Return the latent correlations that lead to Spearman correlations; -1 or 1 where those are out of reach.

        Parameters
        ----------
        spearman : ndarray of shape (n_columns, n_columns), float64
            Symmetric. Where a column is constant, the latent correlation is 0.
        """
        found = np.zeros_like(spearman)
        step = 0.5
        for _ in range(_HALVINGS):
            found += np.where(self.of(found) < spearman, step, -step)
            step /= 2
        known = np.any(self._coefficients != 0, axis=1)
        # The halving leaves the two ends out by one step.
        found = np.where(np.abs(found) > 1 - 4 * step, np.sign(found), found)
        found[~known] = found[:, ~known] = 0.0
        np.fill_diagonal(found, 1.0)
        return found
