"""How many of the contacted will buy: a 95 % prediction interval from calibrated probabilities and what is known of their level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from segcore.errors import ParameterError

LEAST_EXPECTED = 10
"""Buyers expected among the known customers by whom a level is judged, if there are as many."""
_FLATTEST, _SHARPEST = 1e-6, 1e8  # of the beta distribution; beyond, logarithms of the gamma function lose their digits


@dataclass(frozen=True, slots=True, eq=False)
class KnownOutcomes:
    """Customers whose outcome is known, with the probabilities that were predicted without it.

    Parameters
    ----------
    probabilities : ndarray of shape (n_known,), float64
        Held out, 0 to 1.
    y : ndarray of shape (n_known,), bool
        Who bought.
    """

    probabilities: np.ndarray
    y: np.ndarray


@dataclass(frozen=True, slots=True)
class Level:
    """Observed against expected buyers among known customers who are ranked like the chosen ones.

    Parameters
    ----------
    customers, observed : int
        Customers, and buyers among them.
    expected : float
        Sum of their probabilities.
    error : float
        Standard deviation of ``ratio`` if the probabilities are right.
    """

    customers: int
    observed: int
    expected: float
    error: float

    @property
    def ratio(self) -> float:
        """Observed over expected buyers; 1 where none are expected."""
        return self.observed / self.expected if self.expected > 0 else 1.0

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        names = ("customers", "observed", "expected", "ratio", "error")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class ExpectedBuyers:
    """Buyers to expect among the contacted, with the 95 % prediction interval.

    Parameters
    ----------
    contacts : int
    buyers : float
        Expected number.
    low, high : int
        The number will be in this interval, ends included, 95 of 100 times.
    factor, error : float
        What the sum of the probabilities was multiplied by, and its relative standard deviation.
    known : Level
        In the period that the probabilities were learned in.
    later : Level or None
        In a later period, if one was judged.
    """

    contacts: int
    buyers: float
    low: int
    high: int
    factor: float
    error: float
    known: Level
    later: Level | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        names = ("contacts", "buyers", "low", "high", "factor", "error")
        levels = {"known": self.known.to_json(), "later": None if self.later is None else self.later.to_json()}
        return {**{name: getattr(self, name) for name in names}, **levels}


def expect_buyers(probabilities: np.ndarray, known: KnownOutcomes, *, later: KnownOutcomes | None = None) -> ExpectedBuyers:
    """Predict how many of the chosen customers buy.

    Parameters
    ----------
    probabilities : ndarray of shape (n_contacts,), float64
        Calibrated, of those who are contacted; 0 to 1, at least one.
    known : KnownOutcomes
        Of the period that the probabilities were learned in.
    later : KnownOutcomes or None
        Of a later period than the probabilities were learned in.

    Raises
    ------
    ParameterError
        If nobody is chosen or known, or a probability is outside its range.

    Notes
    -----
    Two things make the number uncertain: chance, given the probabilities, and the level of the probabilities at these ranks. The level is
    known no better than as many equally ranked known customers can show, so its error is that of observed over expected there; a
    deviation beyond two errors is added. It is not corrected by that deviation in the period it was learned in: calibration has already
    used those outcomes, and over 100 draws of planted responses the deviation said nothing about other customers. A later period
    does correct it, by the weighted mean of 1 and the observed ratio; a shift beyond chance is believed, and its square is added to the
    variance, because it was seen once and may come again either way.

    The number is beta-binomial with the mean and variance of independent buyers with unequal probabilities, and the error of the level on
    top. Time grows with ``n_contacts + n_known``.
    """
    _check("The probabilities of the chosen customers", probabilities)
    for one in (known, later):
        if one is not None:
            _check("The probabilities of the known customers", one.probabilities)
            if one.y.shape != one.probabilities.shape:
                raise ParameterError(f"{len(one.probabilities):,} known customers need as many outcomes, got {len(one.y):,}.")
    least = float(probabilities.min())
    here = judge_level(known, least)
    factor, variance = 1.0, here.error**2 + max(0.0, (here.ratio - 1) ** 2 - 4 * here.error**2)
    there = None
    if later is not None:
        there = judge_level(later, least)
        shift = max(0.0, (there.ratio - 1) ** 2 - there.error**2 - variance)
        trust = (variance + shift) / max(variance + shift + there.error**2, 1e-300)
        factor = 1 + trust * (there.ratio - 1)
        variance = (trust * there.error**2 + shift) / max(factor, 0.1) ** 2
    # Capped one by one, as on the list, so that the list adds up to the number.
    p = np.minimum(1.0, max(factor, 0.0) * probabilities)
    low, high = _interval(p, variance)
    return ExpectedBuyers(len(probabilities), float(p.sum()), low, high, factor, float(np.sqrt(variance)), here, there)


def judge_level(known: KnownOutcomes, least: float) -> Level:
    """Compare observed with expected buyers among known customers with at least a probability.

    Parameters
    ----------
    known : KnownOutcomes
    least : float
        Lowest probability among the chosen. If fewer than `LEAST_EXPECTED` buyers are expected above it, the next ranks are taken too.
    """
    order = np.argsort(-known.probabilities, kind="stable")
    p = known.probabilities[order]
    enough = int(np.searchsorted(np.cumsum(p), LEAST_EXPECTED)) + 1
    n = min(max(int((p >= least).sum()), enough), len(p))
    expected, chance = float(p[:n].sum()), float((p[:n] * (1 - p[:n])).sum())
    error = np.sqrt(chance) / expected if expected > 0 else 1.0
    return Level(n, int(known.y[order[:n]].sum()), expected, float(error))


def _interval(probabilities: np.ndarray, variance: float) -> tuple[int, int]:
    """Return the 2.5 % and 97.5 % quantiles of the number of buyers; ``variance`` is the relative one of the level."""
    from scipy.stats import betabinom

    total, squares = float(probabilities.sum()), float((probabilities**2).sum())
    if total == 0:
        return 0, 0
    # As many customers with one probability have the same mean and, but for rounding, the same variance.
    n = min(len(probabilities), max(1, int(np.ceil(total)), round(total**2 / squares)))
    rate = min(total / n, 1 - 1e-9)
    sharp = np.clip((1 - rate) / (rate * max(variance, 1e-300)) - 1, _FLATTEST, _SHARPEST)
    upto = np.cumsum(betabinom.pmf(np.arange(n + 1), n, rate * sharp, (1 - rate) * sharp))
    low, high = np.searchsorted(upto, [0.025, 0.975])
    return int(low), int(min(high, n))


def _check(what: str, probabilities: np.ndarray) -> None:
    if not len(probabilities):
        raise ParameterError(f"{what} are missing: at least one customer is needed.")
    if not np.all((probabilities >= 0) & (probabilities <= 1)):
        raise ParameterError(f"{what} must be between 0 and 1.")
