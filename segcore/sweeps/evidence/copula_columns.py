"""The columns of a matrix as a copula sees them: the values of each, and the order that latent normal variables put them in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_FEW_ROWS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Category:
    """The categories of one categorical column, in the order in which they take their rows.

    Parameters
    ----------
    columns : ndarray of shape (n_dummies,), int
        Positions of the dummies in the matrix.
    patterns : ndarray of shape (n_categories, n_dummies), float64
        The dummies of each category.
    sizes : ndarray of shape (n_categories,), int
        Rows of each category.
    codes : ndarray of shape (n_rows,), int
        The category of each row of the matrix.
    """

    columns: np.ndarray
    patterns: np.ndarray
    sizes: np.ndarray
    codes: np.ndarray

    @property
    def left(self) -> np.ndarray:
        """Rows that the earlier categories leave to each category but the last, shape (n_categories - 1,)."""
        return np.asarray(np.cumsum(self.sizes[::-1])[:0:-1])


class CopulaColumns:
    """Numbers and categorical columns of a matrix, and how latent variables order them.

    Parameters
    ----------
    X : ndarray of shape (n_rows, n_features), float64
        All finite.
    blocks : sequence of sequences of int
        The positions of the dummies of each categorical column.

    Attributes
    ----------
    n_rows, n_numbers, n_latent : int
        Latent variables are first those of the numbers, then those of each categorical column: one per category but the last.
    categories : list of Category
    column_of_score : ndarray of shape (n_scores,), int
        The column that each row of `scores` belongs to, numbered from 0.
    free : ndarray of shape (n_latent,), int
        The rows of `scores` that have a latent variable.
    shapes : ndarray of shape (n_latent, n_rows), float64
        What each latent variable orders: the midranks of a number, or 0 and 1 in the proportion in which a category takes rows from
        those left to it. In ascending order, with mean 0 and sum of squares 1; all 0 if constant.
    gains : ndarray of shape (n_latent,), float64
        In [0, 1]: how much of a correlation among the rows left to a category is a correlation among all rows.
    """

    def __init__(self, X: np.ndarray, blocks: Sequence[Sequence[int]]) -> None:
        in_blocks = {column for block in blocks for column in block}
        self._numbers = np.array([column for column in range(X.shape[1]) if column not in in_blocks], dtype=np.intp)
        self._values = np.sort(X[:, self._numbers].T, axis=1)
        self._orders = np.argsort(X[:, self._numbers].T, axis=1, kind="stable")
        self._ranks = np.array([_midranks(values) for values in self._values]).reshape(self._values.shape)
        self.n_rows, self.n_numbers = len(X), len(self._numbers)
        own_ranks = _in_order(self._orders, self._ranks)
        self.categories = [_ordered(X, np.array(block, dtype=np.intp), own_ranks) for block in blocks if len(block)]
        n_scores = [1] * self.n_numbers + [len(category.sizes) for category in self.categories]
        self.column_of_score = np.repeat(np.arange(len(n_scores)), n_scores)
        last = np.cumsum(n_scores)[self.n_numbers :] - 1
        self.free = np.setdiff1d(np.arange(sum(n_scores)), last)
        self.n_latent = len(self.free)
        steps, gains = [], [np.ones(self.n_numbers)]
        for category in self.categories:
            share, overall = category.sizes[:-1] / category.left, category.sizes[:-1] / self.n_rows
            steps += [_standardised((np.arange(self.n_rows) >= round(self.n_rows * (1 - each))).astype(float)) for each in share]
            gains.append(np.sqrt(category.left / self.n_rows * (1 - share) / (1 - overall)))
        self.shapes = np.vstack([self._ranks, *steps])
        self.gains = np.concatenate(gains)

    def rows(self, latent: np.ndarray) -> np.ndarray:
        """Return the matrix whose columns are ordered by latent variables of shape (n_latent, n_rows)."""
        found = np.empty((self.n_rows, self.n_numbers + sum(len(category.columns) for category in self.categories)))
        found[:, self._numbers] = _in_order(np.argsort(latent[: self.n_numbers], axis=1), self._values).T
        for category, codes in zip(self.categories, self._codes(latent), strict=True):
            found[:, category.columns] = category.patterns[codes]
        return found

    def scores(self, latent: np.ndarray | None = None) -> np.ndarray:
        """Return the midranks of each number, and of each category as 0 or 1: their products are Spearman correlations.

        Parameters
        ----------
        latent : ndarray of shape (n_latent, n_rows), or None
            What orders the columns; ``None`` for the order of the matrix itself.

        Returns
        -------
        ndarray of shape (n_numbers + number of all categories, n_rows), float64
            Each row has mean 0 and sum of squares 1, or is all 0 if the column is constant.
        """
        orders = self._orders if latent is None else np.argsort(latent[: self.n_numbers], axis=1)
        codes = [category.codes for category in self.categories] if latent is None else self._codes(latent)
        found = [_in_order(orders, self._ranks)]
        for category, own in zip(self.categories, codes, strict=True):
            share = (category.sizes / self.n_rows)[:, None]
            spread = np.sqrt(self.n_rows * share * (1 - share))
            found.append(((own == np.arange(len(share))[:, None]) - share) / np.where(spread > 0, spread, 1.0))
        return np.vstack(found)

    def correlations_among_left(self) -> np.ndarray:
        """Return the correlations of the matrix among the rows left to a category, shape (n_latent, n_latent).

        They are nearer to 0 if few rows are left, because chance is large there.
        """
        scores = self.scores()[self.free]
        among = [category.codes >= np.arange(len(category.sizes) - 1)[:, None] for category in self.categories]
        left = np.vstack([np.ones((self.n_numbers, self.n_rows)), *among])
        count, scores_left = left @ left.T, scores * left
        at_least = np.maximum(count, 1.0)
        sums = scores_left @ left.T
        squares = np.maximum(scores**2 * left @ left.T - sums**2 / at_least, 0.0)
        scale = np.sqrt(squares * squares.T)
        found = (scores_left @ scores_left.T - sums * sums.T / at_least) / np.where(scale > 1e-9, scale, np.inf)
        return np.clip(np.where(count < self.n_rows, found * count / (count + _FEW_ROWS), found), -1.0, 1.0)

    def associations(self, correlations: np.ndarray) -> np.ndarray:
        """Return Cramér's V of each two categorical columns, shape (n_columns, n_columns), with 0 on the diagonal.

        Parameters
        ----------
        correlations : ndarray of shape (n_scores, n_scores), float64
            Products of `scores`.
        """
        found = np.zeros((len(self.categories), len(self.categories)))
        rest = [1 - category.sizes / self.n_rows for category in self.categories]
        for one in range(len(found)):
            for other in range(one):
                phi = correlations[np.ix_(self.scores_of(one), self.scores_of(other))]
                # Chi-squared over n is the sum of (n_kl / n - p_k q_l) ** 2 / (p_k q_l), in which phi divides by the roots of
                # p_k (1 - p_k) and q_l (1 - q_l).
                found[one, other] = found[other, one] = np.sqrt(rest[one] @ phi**2 @ rest[other] / max(1, min(phi.shape) - 1))
        return found

    def scores_of(self, categorical: int) -> np.ndarray:
        """Return which rows of `scores` belong to a categorical column, counted from 0."""
        return np.flatnonzero(self.column_of_score == self.n_numbers + categorical)

    def _codes(self, latent: np.ndarray) -> list[np.ndarray]:
        """Return the category of each row, shape (n_rows,), for each categorical column."""
        found = []
        at = self.n_numbers
        for category in self.categories:
            last = len(category.sizes) - 1
            codes, left = np.full(self.n_rows, last), np.arange(self.n_rows)
            for code, size in enumerate(category.sizes[:-1]):
                order = np.argpartition(-latent[at + code, left], size - 1)
                codes[left[order[:size]]] = code
                left = left[order[size:]]
            found.append(codes)
            at += last
        return found


def _in_order(orders: np.ndarray, ascending: np.ndarray) -> np.ndarray:
    """Return rows of ascending values in given orders, all of shape (n_columns, n_rows)."""
    found = np.empty_like(ascending)
    np.put_along_axis(found, orders, ascending, axis=1)
    return found


def _midranks(ascending: np.ndarray) -> np.ndarray:
    """Return the standardised midranks of sorted values, both of shape (n_rows,)."""
    _, first, counts = np.unique(ascending, return_index=True, return_counts=True)
    return _standardised(np.repeat(first + (counts - 1) / 2, counts))


def _standardised(ascending: np.ndarray) -> np.ndarray:
    """Return values with mean 0 and sum of squares 1; all 0 if they are constant."""
    if not len(ascending) or ascending[0] == ascending[-1]:
        return np.zeros(len(ascending))
    apart = ascending - ascending.mean()
    return np.asarray(apart / np.sqrt(np.sum(apart**2)))


def _ordered(X: np.ndarray, columns: np.ndarray, ranks: np.ndarray) -> Category:
    """Return the categories of dummies, ordered along the direction in which their mean ranks in the numbers differ most."""
    patterns, codes, sizes = np.unique(X[:, columns], axis=0, return_inverse=True, return_counts=True)
    codes = codes.ravel()
    sums = np.array([np.bincount(codes, row, len(sizes)) for row in ranks]).reshape(len(ranks), len(sizes))
    # The sign of a singular vector is arbitrary, but either end may come first.
    position = np.linalg.svd(sums / np.sqrt(sizes), full_matrices=False)[2][0] if sums.size else np.zeros(len(sizes))
    order = np.argsort(position / np.sqrt(sizes), kind="stable")
    return Category(columns, patterns[order], sizes[order], np.argsort(order)[codes])
