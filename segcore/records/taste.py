"""Taste: features of customers from the items that they bought or rated, and how they are to be made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from segcore.errors import ParameterError
from segcore.records.plan import MAX_SEED

Of = Literal["item", "category"]
Matrix = Literal["zero", "centred", "log", "binary", "tfidf"]
Method = Literal["pca", "svd", "nmf", "raw"]
Lengths = Literal["unit", "kept"]
OF: tuple[Of, ...] = get_args(Of)
MATRICES: tuple[Matrix, ...] = get_args(Matrix)
METHODS: tuple[Method, ...] = get_args(Method)
LENGTHS: tuple[Lengths, ...] = get_args(Lengths)
AUTO: Literal["auto"] = "auto"
USUAL_COMPONENTS = 10
MOST_COMPONENTS = 200
USUAL_SEGMENTS = 25
"""Of a first look at ratings, beside the numbers that every sweep begins with."""


@dataclass(frozen=True, slots=True)
class Taste:
    """How features are made from the matrix of customers and items.

    Parameters
    ----------
    of : {"item", "category"}
        What the columns of the matrix are.
    matrix : {"zero", "centred", "log", "binary", "tfidf"} or None
        The values: as they are, less the customer's mean, their logarithm, 1, or weighted by how rare the item is; 0 where a customer
        has none of the item. ``None`` is the usual one for the kind of data: see `segcore.features.taste.matrix.usual_matrix`.
    components : {"pca", "svd", "nmf", "raw"}
        Principal components, singular vectors, non-negative factors, or the items themselves.
    n : int or "auto"
        Number of components, 1 to 200; "auto" chooses by parallel analysis. Not used for ``raw``.
    least_items : int
        Customers with fewer items are set apart; at least 1.
    least_customers : int
        Items with fewer customers are left out; at least 1.
    seed : int
        Seed of every random draw, 0 to 2**32 - 1.
    lengths : {"unit", "kept"} or None
        Whether each customer's row is scaled to length 1, so that how much a customer has does not count. ``None`` is "kept" for ``zero``,
        else "unit": see `segcore.features.taste.matrix.usual_lengths`.

    Raises
    ------
    ParameterError
        If a field is outside its domain.
    """

    of: Of = "item"
    matrix: Matrix | None = None
    components: Method = "pca"
    n: int | Literal["auto"] = USUAL_COMPONENTS
    least_items: int = 1
    least_customers: int = 1
    seed: int = 0
    lengths: Lengths | None = None

    def __post_init__(self) -> None:
        """Check each field."""
        for what, value, known in (
            ("column of a matrix", self.of, OF),
            ("matrix", self.matrix or MATRICES[0], MATRICES),
            ("components", self.components, METHODS),
            ("lengths", self.lengths or LENGTHS[0], LENGTHS),
        ):
            if value not in known:
                raise ParameterError.unknown(what, value, known)
        if self.n != AUTO:
            _check_whole("number of components", self.n, 1, MOST_COMPONENTS)
        for name in ("least_items", "least_customers"):
            _check_whole(name, getattr(self, name), 1, MAX_SEED)
        _check_whole("seed", self.seed, 0, MAX_SEED)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Taste:
        """Build the record from the output of ``to_json``."""
        return cls(**data)


def _check_whole(name: str, value: Any, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ParameterError.out_of_range(name, value, low, high)
