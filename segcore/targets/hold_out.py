"""Hold-out: customers of the same ranks who are not contacted, so that what the contact changed can be measured."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from segcore.errors import ParameterError
from segcore.records.estimate import Z_95
from segcore.targets.curves import check_budget

POWER = 0.8
"""Probability of detecting the difference that a hold-out is planned for."""
UNTOUCHED = 0.5
"""Buyers without a contact, as a share of those with one, for which `plan_hold_out` plans."""
LARGEST_SHARE = 0.5
"""Largest hold-out of `plan_hold_out`, as a share of the contacts."""
_STRATA = 20


@dataclass(frozen=True, slots=True)
class HoldOut:
    """Size of a hold-out and what it can detect: two-sided test at 5 %, power 80 %.

    Parameters
    ----------
    contacts, size : int
        Customers contacted, and held out.
    rate : float
        Share of buyers expected among the contacted.
    detectable : float or None
        Smallest detectable difference: by how much fewer of the hold-out must buy, as a share; ``None`` if not even a hold-out without any
        buyer would be told from the contacted.
    wanted : float
        Difference that was planned for, as a share.
    """

    contacts: int
    size: int
    rate: float
    detectable: float | None
    wanted: float

    @property
    def is_enough(self) -> bool:
        """Tell whether the wanted difference can be detected."""
        return self.detectable is not None and self.detectable <= self.wanted + 1e-9

    @property
    def listed(self) -> int:
        """Customers that the list needs: contacts and hold-out, from the same ranks."""
        return self.contacts + self.size

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        names = ("contacts", "size", "rate", "detectable", "wanted", "is_enough", "listed")
        return {name: getattr(self, name) for name in names}


def hold_out_power(contacts: int, hold_out: int, *, rate: float, untouched: float) -> float:
    """Return how probable it is that the test finds the difference between the contacted and the hold-out.

    Parameters
    ----------
    contacts, hold_out : int
        Customers, at least 1.
    rate, untouched : float
        Share of buyers with a contact and without, 0 to 1.

    Notes
    -----
    Two-sided z test of two proportions at 5 %, pooled under no effect. The chance of a difference the wrong way round is left out.

    References
    ----------
    Fleiss, Levin and Paik (2003), Statistical methods for rates and proportions, 3rd edition, chapter 4.
    """
    from scipy.special import ndtr

    pooled = (contacts * rate + hold_out * untouched) / (contacts + hold_out)
    none = math.sqrt(pooled * (1 - pooled) * (1 / contacts + 1 / hold_out))
    effect = math.sqrt(rate * (1 - rate) / contacts + untouched * (1 - untouched) / hold_out)
    gap = abs(rate - untouched) - Z_95 * none
    if effect == 0:
        return float(gap > 0)
    return float(ndtr(gap / effect))


def hold_out_size(contacts: int, *, rate: float, untouched: float) -> int | None:
    """Return the smallest hold-out that detects a difference with 80 % power; ``None`` if none of any size does.

    Parameters
    ----------
    contacts : int
        At least 1.
    rate, untouched : float
        Share of buyers with a contact and without, 0 to 1.

    Examples
    --------
    >>> hold_out_size(1000, rate=0.12, untouched=0.06)
    234
    """
    _check(contacts, rate=rate, untouched=untouched)
    largest = 1_000 * contacts  # the contacted are then nearly all of the error that is left
    if hold_out_power(contacts, largest, rate=rate, untouched=untouched) < POWER:
        return None
    few, enough = 0, largest
    while enough - few > 1:
        middle = (few + enough) // 2
        if hold_out_power(contacts, middle, rate=rate, untouched=untouched) >= POWER:
            enough = middle
        else:
            few = middle
    return enough


def detectable_difference(contacts: int, hold_out: int, *, rate: float) -> float | None:
    """Return the smallest difference that is detected with 80 % power, as a share of customers; ``None`` if not even ``rate`` is.

    Parameters
    ----------
    contacts, hold_out : int
        Customers, at least 1 and at least 0.
    rate : float
        Share of buyers among the contacted, 0 to 1. The hold-out has fewer.
    """
    _check(contacts, rate=rate, untouched=0.0)
    if hold_out < 1 or hold_out_power(contacts, hold_out, rate=rate, untouched=0.0) < POWER:
        return None
    small, found = 0.0, rate
    for _ in range(60):
        middle = (small + found) / 2
        if hold_out_power(contacts, hold_out, rate=rate, untouched=rate - middle) >= POWER:
            found = middle
        else:
            small = middle
    return found


def plan_hold_out(contacts: int, *, rate: float, customers: int, untouched: float | None = None) -> HoldOut:
    """Plan a hold-out that detects the effect of the contact, unless it would be more than half as many as the contacts.

    Parameters
    ----------
    contacts : int
        Budget: all of them are contacted, and the hold-out comes on top. 1 to ``customers``.
    rate : float
        Share of buyers expected among the contacted, 0 to 1.
    customers : int
        Customers there are; the hold-out is at most those that are not contacted.
    untouched : float or None
        Share of buyers expected without a contact; ``None`` means half of ``rate``.

    Returns
    -------
    HoldOut
        As large as the limits allow if that is not enough; see `HoldOut.is_enough`.
    """
    without = UNTOUCHED * rate if untouched is None else untouched
    check_budget(contacts, customers)
    needed = hold_out_size(contacts, rate=rate, untouched=without)
    most = min(int(LARGEST_SHARE * contacts), customers - contacts)
    size = most if needed is None else min(needed, most)
    return HoldOut(contacts, size, rate, detectable_difference(contacts, size, rate=rate), abs(rate - without))


def draw_hold_out(listed: int, size: int, *, seed: int = 0) -> np.ndarray:
    """Draw who is held out of a ranked list: equally many in each part of it, each customer with the same probability.

    Parameters
    ----------
    listed : int
        Customers of the list, sorted by rank: contacts and hold-out.
    size : int
        Of the hold-out, 0 to ``listed - 1``.
    seed : int

    Returns
    -------
    ndarray of shape (listed,), bool
        True for the hold-out.

    Notes
    -----
    The list is cut into up to 20 parts of equal size. Sizes that are not whole are rounded with one random start, which keeps their sum.
    """
    if listed < 1:
        raise ParameterError.out_of_range("The number of customers on the list", listed, 1, None)
    if not 0 <= size < listed:
        raise ParameterError.out_of_range("The size of the hold-out", size, 0, listed - 1)
    draw = np.random.default_rng(seed)
    edges = np.linspace(0, listed, min(_STRATA, max(size, 1)) + 1).round().astype(np.int64)
    # Rounding to 9 digits keeps a whole number whole, where a hair less would lose one customer.
    upto = np.floor(np.round(edges * (size / listed), 9) + draw.random()).astype(np.int64)
    held = np.zeros(listed, dtype=bool)
    for first, last, many in zip(edges[:-1], edges[1:], np.diff(upto), strict=True):
        held[first + draw.choice(last - first, size=many, replace=False)] = True
    return held


def _check(contacts: int, *, rate: float, untouched: float) -> None:
    if contacts < 1:
        raise ParameterError.out_of_range("The number of contacts", contacts, 1, None)
    for name, got in (("The share of buyers with a contact", rate), ("The share of buyers without a contact", untouched)):
        if not 0 <= got <= 1:
            raise ParameterError.out_of_range(name, got, 0, 1)
