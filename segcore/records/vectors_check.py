"""Check of vectors: how well they predict the next basket and attributes of customers, next to plain rivals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from segcore.records.estimate import Estimate

Verdict = Literal["vectors", "shares", "alike", "unknown"]


@dataclass(frozen=True, slots=True)
class NextBasket:
    """Recall at 10: the share of the different products of each customer's next order that are among ten recommended.

    Parameters
    ----------
    cust2vec : Estimate
        Mean over customers; products scored by the vectors.
    shares : Estimate
        By what truncated SVD rebuilds of the customers' counts (TF-IDF), with as many dimensions.
    own_favourites : Estimate
        The customer's most frequent products so far, then the most popular ones.
    popular : Estimate
        The products on most lines, the same for all.
    over_shares, over_favourites : Estimate
        Mean difference between ``cust2vec`` and the other for the same customer, -1 to 1.
    cut : str or None
        ISO date and time from which orders were held out; ``None`` if they cannot be.
    share_after : float
        Share of the orders that were held out, 0 to 1.
    """

    cust2vec: Estimate
    shares: Estimate
    own_favourites: Estimate
    popular: Estimate
    over_shares: Estimate
    over_favourites: Estimate
    cut: str | None = None
    share_after: float = 0.0

    @classmethod
    def undefined(cls, reason: str) -> NextBasket:
        """Build the record where nothing can be predicted, with the reason."""
        nothing = Estimate.undefined(reason)
        return cls(nothing, nothing, nothing, nothing, nothing, nothing)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return _plain(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> NextBasket:
        """Build the record from the output of ``to_json``."""
        return cls(**_estimates(data))


@dataclass(frozen=True, slots=True)
class AttributeCheck:
    """How well an attribute of customers is predicted, out of fold: shares predicted correctly.

    Parameters
    ----------
    column : str
    values : int
        Number of different values, at least 2.
    cust2vec, shares : Estimate
        From the vectors, and from as many dimensions of truncated SVD.
    majority : Estimate
        Share of the most frequent value, which always predicting that gets right.
    over_shares : Estimate
        Mean difference between ``cust2vec`` and ``shares`` for the same customer, -1 to 1.
    by_construction : bool
        Whether the attribute comes from purchases itself, so that predicting it from purchases is in part circular.
    """

    column: str
    values: int
    cust2vec: Estimate
    shares: Estimate
    majority: Estimate
    over_shares: Estimate
    by_construction: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return _plain(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> AttributeCheck:
        """Build the record from the output of ``to_json``."""
        return cls(**_estimates(data))


@dataclass(frozen=True, slots=True)
class VectorsCheck:
    """What vectors of customers are good for.

    Parameters
    ----------
    dimensions : int
        Of the vectors and of the plain rival.
    next_basket : NextBasket
    attributes : tuple of AttributeCheck
        Of each column that describes enough customers.
    """

    dimensions: int
    next_basket: NextBasket
    attributes: tuple[AttributeCheck, ...]

    @property
    def verdict(self) -> Verdict:
        """Which predicts the next basket better: the 95 % interval of the difference lies above 0, below 0, or on both sides."""
        difference = self.next_basket.over_shares
        if difference.low is None or difference.high is None:
            return "unknown"
        return "vectors" if difference.low > 0 else "shares" if difference.high < 0 else "alike"

    def to_json(self) -> dict[str, Any]:
        """Return plain values, as ``vectors-check --json`` prints them."""
        return {
            "dimensions": self.dimensions,
            "verdict": self.verdict,
            "next_basket": self.next_basket.to_json(),
            "attributes": [one.to_json() for one in self.attributes],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> VectorsCheck:
        """Build the record from the output of ``to_json``."""
        attributes = tuple(AttributeCheck.from_json(one) for one in data["attributes"])
        return cls(data["dimensions"], NextBasket.from_json(data["next_basket"]), attributes)


def _plain(record: NextBasket | AttributeCheck) -> dict[str, Any]:
    values = {entry.name: getattr(record, entry.name) for entry in fields(record)}
    return {name: value.to_json() if isinstance(value, Estimate) else value for name, value in values.items()}


def _estimates(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: Estimate.from_json(value) if isinstance(value, Mapping) else value for name, value in data.items()}
