"""Customers that something selects, such as a rule, and how many of them buy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from segcore.records.estimate import Estimate
from segcore.segments.rules.rule import share_of
from segcore.segments.rules.search import halves
from segcore.wording.findings import refusal

LEAST_OF_EACH = 10
"""Fewest buyers, and fewest others, that can be described: half of them are held out."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Selected customers, at the true share of buyers, with 95 % intervals.

    Parameters
    ----------
    customers, buyers : int
        Selected, and buyers among them.
    support : Estimate
        Share of all customers who are selected.
    precision : Estimate
        Share of the selected who are buyers.
    recall : Estimate
        Share of the buyers who are selected.
    lift : Estimate
        Precision over the share of buyers among all customers, which counts as known.
    """

    customers: int
    buyers: int
    support: Estimate
    precision: Estimate
    recall: Estimate
    lift: Estimate

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        estimates = {name: getattr(self, name).to_json() for name in ("support", "precision", "recall", "lift")}
        return {"customers": self.customers, "buyers": self.buyers, **estimates}


def measure_selection(selected: np.ndarray, bought: np.ndarray) -> Selection:
    """Measure a selection on customers that it was not made from.

    Parameters
    ----------
    selected, bought : ndarray of shape (n_customers,), bool
        At least one customer bought.
    """
    customers, buyers, both = int(selected.sum()), int(bought.sum()), int((selected & bought).sum())
    precision = share_of(both, customers)
    lift = times(precision, len(bought) / buyers)
    return Selection(customers, both, share_of(customers, len(bought)), precision, share_of(both, buyers), lift)


def halve(bought: np.ndarray, *, seed: int, most: int, owners: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to fit to and those to measure on, as `segcore.segments.rules.search.halves` does; a customer's rows stay together.

    Parameters
    ----------
    bought : ndarray of shape (n_rows,), bool
    seed : int
    most : int
        Rows to fit to, about.
    owners : ndarray of shape (n_rows,), object, or None
        Customer of each row; ``None`` if each has one.
    """
    if owners is None:
        return halves(bought.astype(np.int64), seed, most=most)
    names, of = np.unique(owners.astype(str), return_inverse=True)
    ever = np.bincount(of, weights=bought) > 0
    fitted, held_out = (np.isin(of, half).nonzero()[0] for half in halves(ever.astype(np.int64), seed, most=len(names)))
    if len(fitted) > most:
        fitted = np.sort(np.random.default_rng(seed).choice(fitted, most, replace=False))
    return fitted, held_out


def times(estimate: Estimate, factor: float) -> Estimate:
    """Return an estimate and its interval times a known factor."""
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return estimate
    return Estimate(estimate.value * factor, estimate.low * factor, estimate.high * factor, estimate.sample_size)


def require_buyers(bought: np.ndarray) -> None:
    """Refuse to describe too few buyers, or buyers among too few others.

    Raises
    ------
    DataError
        If there are fewer than `LEAST_OF_EACH` of either.
    """
    buyers = int(bought.sum())
    if min(buyers, len(bought) - buyers) < LEAST_OF_EACH:
        raise refusal("targets.few_of_either", buyers=buyers, customers=len(bought), least=LEAST_OF_EACH)
