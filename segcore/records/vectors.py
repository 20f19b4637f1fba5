"""Vectors of customers from what they bought, basket by basket, and how they are to be made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from segcore.errors import ParameterError
from segcore.records.plan import MAX_SEED
from segcore.records.taste import AUTO, LENGTHS, Lengths

VectorMethod = Literal["dbow", "dm"]
VECTOR_METHODS: tuple[VectorMethod, ...] = get_args(VectorMethod)
USUAL_DIMENSIONS = 64
WHOLE = {
    "dimensions": (2, 1024),
    "window": (1, 100),
    "products": (2, 1_000_000),
    "epochs": (1, 1000),
    "negative": (1, 100),
    "least_count": (1, MAX_SEED),
    "least_products": (1, MAX_SEED),
    "seed": (0, MAX_SEED),
}
REAL = {"exponent": (-2.0, 2.0), "sample": (0.0, 1.0)}
"""Lowest and highest value of each whole, and of each real, number of `Vectors`."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """How vectors of customers are made: doc2vec, with customers as documents and products as words.

    Parameters
    ----------
    dimensions : int
        Length of a vector, 2 to 1024.
    method : {"dbow", "dm"}
        Distributed bag of words: a customer's vector predicts each product bought. Distributed memory: together with the products
        before and after it in the same order.
    window : int
        Products before and after, of ``dm``; 1 to 100.
    products : int
        How many products are words; the others, the least frequent ones, are one word together.
    epochs : int or "auto"
        Passes over the baskets, 1 to 1000; "auto" makes more of them where there are few lines: see
        `segcore.features.vectors.documents.usual_epochs`.
    exponent : float
        Products that were not bought are drawn in proportion to their frequency to this power; -2 to 2.
    negative : int
        How many of them are drawn for each that was bought; 1 to 100.
    sample : float
        Products with a greater share of the lines are skipped at random, 0 to 1; 0 skips none.
    least_count : int
        Products on fewer lines are no words of their own; at least 1.
    least_products : int
        Customers with fewer lines of such products are set apart; at least 1.
    lengths : {"unit", "kept"}
        Whether vectors are scaled to length 1: their length follows how much a customer bought.
    seed : int
        Seed of every random draw, 0 to 2**32 - 1.

    Raises
    ------
    ParameterError
        If a field is outside its domain.

    References
    ----------
    Le and Mikolov (2014), Distributed representations of sentences and documents. Caselles-Dupré et al. (2018), Word2vec applied to
    recommendation: hyperparameters matter (the exponent).
    """

    dimensions: int = USUAL_DIMENSIONS
    method: VectorMethod = "dbow"
    window: int = 8
    products: int = 4000
    epochs: int | Literal["auto"] = AUTO
    exponent: float = 0.75
    negative: int = 5
    sample: float = 0.0
    least_count: int = 1
    least_products: int = 5
    lengths: Lengths = "unit"
    seed: int = 0

    def __post_init__(self) -> None:
        """Check each field."""
        for what, value, known in (("method", self.method, VECTOR_METHODS), ("lengths", self.lengths, LENGTHS)):
            if value not in known:
                raise ParameterError.unknown(what, value, known)
        for name, (low, high) in WHOLE.items():
            value = getattr(self, name)
            if name == "epochs" and value == AUTO:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise ParameterError.out_of_range(name, value, low, high)
        for name, (lowest, highest) in REAL.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not lowest <= value <= highest:
                raise ParameterError.out_of_range(name, value, lowest, highest)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Vectors:
        """Build the record from the output of ``to_json``."""
        return cls(**data)
