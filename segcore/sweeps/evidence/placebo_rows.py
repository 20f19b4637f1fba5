"""Placebo rows: data without segments that keep each feature's values and the features' rank correlations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from segcore.sweeps.evidence.copula_columns import CopulaColumns
from segcore.sweeps.evidence.latent_correlations import fit_latent


class PlaceboRows:
    """Data sets without segments, made of a matrix by a Gaussian copula.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features), float64
        Prepared features, all finite. Constant features stay as they are.
    blocks : sequence of lists of int
        The positions of the dummies of each categorical column, scaled or not. Customers with equal dummies are of one category, so
        that those with no dummy set are a category too.
    seed : int
        At least 0; of the placebos, and of the simulation that fits the correlations.

    Attributes
    ----------
    repaired : bool
        Whether the latent correlations had to be changed because they were not those of any data, as with more features than rows:
        see `correlation_gap` for the consequence.
    correlation_gap : float
        Largest difference between the mean Spearman correlation of two features over many placebos and the data's; a category counts
        as a feature that is 1 or 0, towards numbers only.
    association_gap : float
        Largest difference between the mean Cramér's V of two categorical columns over many placebos and the data's; 0 with fewer
        than two such columns.

    Notes
    -----
    Each placebo orders every feature's own values by a normal variable. The correlations of these latent variables are such that the
    mean Spearman correlations over placebos are the data's where that is possible, within 0.02 for numbers and 0.03 for categories; ties
    would attenuate them otherwise. Between numbers they follow from `segcore.sweeps.evidence.rank_correlations.RankCorrelations`;
    elsewhere a simulation corrects them.

    A column with m categories has m - 1 latent variables. The first category takes the customers with the highest values of the first
    variable, as many as it has in the data; the second takes its own from the others, and so on. The categories are in the order of
    their means in the other features along the direction in which these differ most, so that ordered categories can follow a number.
    Given the other features, the latent variables of a column are independent.

    The correlations of two categorical columns aim lower than the data's by as much as chance adds to Cramér's V, because each
    placebo adds it again.

    Placebos have no more than the rank correlations of the data: a relation that is not monotone is lost, and a single feature that
    falls in groups keeps them. Where a category depends on several numbers so closely that they nearly determine it, as with segments
    that it follows, the gap reaches 0.1.

    With 5,000 rows, fitting takes 0.05 s for 21 numbers and 0.3 s if a column of 5 categories is among them; a placebo takes 6 ms.

    References
    ----------
    Nelsen (2006), An Introduction to Copulas, 2.3 and 5. Bergsma (2013), "A bias-correction for Cramér's V and Tschuprow's T", Journal
    of the Korean Statistical Society 42.

    Examples
    --------
    >>> X = np.array([[1.0, 0.0], [2.0, 0.0], [4.0, 1.0], [8.0, 1.0]])
    >>> placebos = PlaceboRows(X, [], seed=0)
    >>> np.sort(placebos.rows(3), axis=0).tolist() == X.tolist()
    True
    """

    def __init__(self, X: np.ndarray, blocks: Sequence[Sequence[int]], *, seed: int) -> None:
        self._columns = CopulaColumns(np.asarray(X, dtype=np.float64), blocks)
        self._seed = seed
        fit = fit_latent(self._columns, seed=seed)
        self._root = fit.root
        self.repaired = fit.repaired
        self.correlation_gap = fit.correlation_gap
        self.association_gap = fit.association_gap

    def rows(self, number: int) -> np.ndarray:
        """Return one placebo; it does not depend on which others were asked for before.

        Parameters
        ----------
        number : int
            At least 0.

        Returns
        -------
        ndarray of shape (n_rows, n_features), float64, C order
        """
        rng = np.random.default_rng([self._seed, number])
        return self._columns.rows(self._root @ rng.standard_normal((self._columns.n_latent, self._columns.n_rows)))
