"""Intervals of estimates."""

from __future__ import annotations

import math

Z_95 = 1.959963984540054
"""Standard errors that a normal 95 % interval reaches to either side."""


def wilson_interval(share: float, n: float, z: float = Z_95) -> tuple[float, float]:
    """Return Wilson's interval of a share: within [0, 1], also where nobody or everybody counts.

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
    return max(0.0, middle - reach), min(1.0, middle + reach)
