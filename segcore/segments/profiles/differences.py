"""Differences between a segment and the other customers: of means, and of shares as an index; with intervals and tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from segcore.records.estimate import Z_95, Estimate
from segcore.system.cores import in_turns

FALSE_DISCOVERIES = 0.05
"""Rate of false discoveries at which a share counts as different from that of the other customers."""
_FEWEST_EXPECTED = 5
_ONE = "An interval of a mean needs at least two customers in the segment and two others."


class Groups:
    """Counts, means, medians and spreads of every feature in each group of customers, and over all customers.

    Parameters
    ----------
    values : ndarray of shape (n_customers, n_features), float64
        Finite; at least one customer.
    labels : ndarray of shape (n_customers,), int

    Attributes
    ----------
    labels : ndarray of shape (n_groups,), int
        Ascending.
    customers : ndarray of shape (n_groups,), int64
    means, medians, squares : ndarray of shape (n_groups, n_features), float64
        Means, medians, and sums of squared deviations from the means.
    overall_means, overall_medians, overall_stds : ndarray of shape (n_features,), float64
        Over all customers (ddof 0); the deviation of a constant feature is exactly 0.
    """

    def __init__(self, values: np.ndarray, labels: np.ndarray) -> None:
        self.labels, place, self.customers = np.unique(labels, return_inverse=True, return_counts=True)
        # Small integers are sorted by counting.
        order = np.argsort(place.astype(np.min_scalar_type(len(self.labels))), kind="stable")
        stops = np.cumsum(self.customers)
        n_features = values.shape[1]
        self.means, self.medians, self.squares = np.empty((3, len(self.labels), n_features))
        self.overall_means, self.overall_medians, self.overall_stds = np.empty((3, n_features))

        def middle(own: np.ndarray) -> float:
            # np.median also checks for NaN, which doubles the time.
            low, high = (len(own) - 1) // 2, len(own) // 2
            found = np.partition(own, (low, high))
            return float(found[low] + (found[high] - found[low]) / 2)

        def measure(feature: int) -> None:
            column = np.ascontiguousarray(values[:, feature])[order]
            for group, (start, stop) in enumerate(zip(stops - self.customers, stops, strict=True)):
                own = column[start:stop]
                self.means[group, feature], self.medians[group, feature] = own.mean(), middle(own)
                self.squares[group, feature] = np.square(own - self.means[group, feature]).sum()
            self.overall_means[feature], self.overall_medians[feature] = column.mean(), middle(column)
            self.overall_stds[feature] = column.std() if np.ptp(column) > 0 else 0.0

        in_turns([partial(measure, feature) for feature in range(n_features)])

    def differences(self, label: int) -> list[Estimate]:
        """Return for each feature how far the segment's mean is from that of all other customers.

        Parameters
        ----------
        label : int

        Returns
        -------
        list of Estimate
            In standard deviations of all customers (ddof 0); ``sample_size`` is the number of customers in the segment. Undefined, with the
            reason, if all customers are alike, or if the segment or the rest has fewer than two customers.

        Notes
        -----
        The interval is that of Welch's unequal-variances t; the standard deviation counts as known. It covers chance in drawing the
        customers, not the fact that the segments were found in these very features.

        References
        ----------
        Welch (1947), Biometrika 34.
        """
        from scipy.special import stdtrit

        mine = self.labels == label
        here, there = int(self.customers[mine].sum()), int(self.customers[~mine].sum())
        if here < 2 or there < 2:
            return [Estimate.undefined(_ONE)] * self.means.shape[1]
        mean, rest = self.means[mine][0], self._mean(~mine)
        errors = np.stack([self.squares[mine][0] / (here - 1) / here, self._squares(~mine, rest) / (there - 1) / there])
        error = np.sqrt(errors.sum(axis=0))
        with np.errstate(divide="ignore", invalid="ignore"):
            freedom = errors.sum(axis=0) ** 2 / (errors**2 / np.array([[here - 1], [there - 1]])).sum(axis=0)
            reach = np.where(error > 0, stdtrit(freedom, 0.975) * error, 0.0) / self.overall_stds
            found = (mean - rest) / self.overall_stds
        return [
            Estimate(float(value), float(value - by), float(value + by), here)
            if np.isfinite(value)
            else Estimate.undefined("All customers are alike in it.")
            for value, by in zip(found, reach, strict=True)
        ]

    def _mean(self, which: np.ndarray) -> np.ndarray:
        counts = self.customers[which]
        return np.asarray((counts[:, None] * self.means[which]).sum(axis=0) / counts.sum())

    def _squares(self, which: np.ndarray, mean: np.ndarray) -> np.ndarray:
        """Return the sums of squared deviations of some groups' customers from a mean, without cancellation."""
        return np.asarray((self.squares[which] + self.customers[which][:, None] * (self.means[which] - mean) ** 2).sum(axis=0))


def index_of(inside: int, customers: int, outside: int, others: int) -> Estimate:
    """Return the index of a value in a segment: 100 times its share there over its share among all customers.

    Parameters
    ----------
    inside, customers : int
        Customers of the segment with the value, and in all.
    outside, others : int
        The same for all other customers.

    Returns
    -------
    Estimate
        ``sample_size`` is ``customers``. Undefined if nobody has the value, or the segment is empty.

    Notes
    -----
    The segment is a part of all customers, so the two shares are not independent. The interval is derived from Katz's for the ratio R of
    the share in the segment to that among the others: with the segment's share w of all customers, the index is ``100 R / (w R + 1 - w)``.
    If one of the two has no customer with the value, each count is raised by one half for the interval.

    References
    ----------
    Katz, Baptista, Azen and Pike (1978), Biometrics 34. Gart and Nam (1988), Biometrics 44 (the added half).
    """
    if not customers or not inside + outside:
        return Estimate.undefined("No customer has the value." if customers else "The segment has no customers.")
    if not others:
        return Estimate(100.0, 100.0, 100.0, customers)
    weight = customers / (customers + others)
    value = 100 * (inside / customers) / ((inside + outside) / (customers + others))
    more = 0.0 if inside and outside else 0.5
    a, n, b, m = inside + more, customers + more, outside + more, others + more
    reach = Z_95 * math.sqrt(max(1 / a - 1 / n + 1 / b - 1 / m, 0.0))
    low, high = (_from_ratio(a / n / (b / m) * math.exp(by), weight) for by in (-reach, reach))
    # Because of the added half, the index may lie outside the interval.
    return Estimate(value, min(low if inside else 0.0, value), max(high if outside else 100 / weight, value), customers)


def _from_ratio(ratio: float, weight: float) -> float:
    return 100 * ratio / (weight * ratio + 1 - weight)


def p_value(inside: int, customers: int, outside: int, others: int) -> float:
    """Return the p-value of the hypothesis that the share is the same in the segment and among the others, two-sided.

    Parameters
    ----------
    inside, customers, outside, others : int
        See `index_of`.

    Notes
    -----
    Pearson's chi-squared without correction; Fisher's exact test where fewer than five customers are expected in a cell.

    References
    ----------
    Pearson (1900), Philosophical Magazine 50; Fisher (1935), Journal of the Royal Statistical Society 98.
    """
    total, having = customers + others, inside + outside
    if not customers or not others or having in (0, total):
        return 1.0
    expected = min(customers, others) * min(having, total - having) / total
    if expected < _FEWEST_EXPECTED:
        return _fisher(inside, customers, having, total)
    z = (inside - customers * having / total) * math.sqrt(total**3 / (customers * others * having * (total - having)))
    return math.erfc(abs(z) / math.sqrt(2))


def _fisher(inside: int, customers: int, having: int, total: int) -> float:
    """Return the probability of tables that are at most as probable as this one."""
    from scipy.special import gammaln

    found = np.arange(max(0, customers + having - total), min(customers, having) + 1)
    logs = -(
        gammaln(found + 1) + gammaln(customers - found + 1) + gammaln(having - found + 1) + gammaln(total - customers - having + found + 1)
    )
    chances = np.exp(logs - logs.max())
    # Equally probable tables differ by rounding.
    likely = chances <= chances[inside - found[0]] * (1 + 1e-7)
    return min(1.0, float(chances[likely].sum() / chances.sum()))


def adjusted(p_values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for multiple tests, in the same order: rejecting those up to q keeps the false discovery rate at q.

    References
    ----------
    Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(-p, kind="stable")
    ranks = np.arange(len(p), 0, -1)
    found = np.empty_like(p)
    found[order] = np.minimum.accumulate(np.minimum(p[order] * len(p) / ranks, 1.0))
    return [float(value) for value in found]
