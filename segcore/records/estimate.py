"""Estimate: a number with the interval and the sample size it was measured with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Z_95 = 1.959963984540054
"""Standard errors that a normal 95 % interval reaches to either side."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval and sample size.

    Parameters
    ----------
    value, low, high : float or None
        The number and its 95 % interval; all equal if exact, all ``None`` if undefined.
    sample_size : int or None
        Number of customers it was measured on.
    reason : str or None
        Reason why it is undefined.
    """

    value: float | None
    low: float | None
    high: float | None
    sample_size: int | None
    reason: str | None = None

    @property
    def is_exact(self) -> bool:
        """Tell whether the value was measured on all customers, so that both ends of the interval equal it."""
        return self.value is not None and self.low == self.high

    @classmethod
    def undefined(cls, reason: str) -> Estimate:
        """Build an undefined estimate with its reason."""
        return cls(None, None, None, None, reason)

    @classmethod
    def of_share(cls, share: float, n: int) -> Estimate:
        """Build the estimate of a share of ``n`` customers, at least 1, with Wilson's interval."""
        return cls(share, *wilson_interval(share, n), n)

    def to_json(self) -> dict[str, Any]:
        """Return plain values; ``reason`` only if it is set."""
        plain = {"value": self.value, "low": self.low, "high": self.high, "sample_size": self.sample_size}
        return {**plain, "reason": self.reason} if self.reason else plain

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Estimate:
        """Build the record from the output of ``to_json``."""
        return cls(data["value"], data["low"], data["high"], data["sample_size"], data.get("reason"))


def wilson_interval(share: float, n: float, z: float = Z_95) -> tuple[float, float]:
    """Return Wilson's interval of a share: within [0, 1], even for shares of 0 and 1.

    Parameters
    ----------
    share : float
        In [0, 1].
    n : float
        Size of the sample, at least 0; not a whole number where it was corrected for a finite population.
    z : float
        Standard errors to either side; 95 % by default.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22.
    """
    if n == 0:
        return 0.0, 1.0
    shrink = 1 + z**2 / n
    middle = (share + z**2 / (2 * n)) / shrink
    reach = z / shrink * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # Rounding would miss the ends by a hair, and 1 is said as "100 %", but a hair less as "over 99.9 %".
    return 0.0 if share == 0 else max(0.0, middle - reach), 1.0 if share == 1 else min(1.0, middle + reach)


def difference_interval(first: tuple[float, float], second: tuple[float, float], z: float = Z_95) -> tuple[float, float]:
    """Return Newcombe's interval of the first of two independent shares less the second.

    Parameters
    ----------
    first, second : tuple of float
        A share, in [0, 1], and the size of its sample: see `wilson_interval`.
    z : float
        Standard errors to either side; 95 % by default.

    References
    ----------
    Newcombe (1998), Interval estimation for the difference between independent proportions, Statistics in Medicine 17: method 10.
    """
    (p, _), (q, _) = first, second
    (low, high), (under, over) = wilson_interval(*first, z), wilson_interval(*second, z)
    return p - q - math.hypot(p - low, over - q), p - q + math.hypot(high - p, q - under)
