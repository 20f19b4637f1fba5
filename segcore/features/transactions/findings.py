"""What was found in one table of transactions, for its features and for those of new customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from segcore.features.categories import Categories


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that is fitted between transactions and features.

    Parameters
    ----------
    cuts : mapping of "recency", "frequency", "monetary" to four cut-points each
    no_clock : str
        Why the times do not tell the time of day; "" where they do.
    typical_spread : float or None
        Days; what customers with fewer than three orders have for the spread of days between orders. ``None`` where nobody has three.
    filled : int
        How many customers of this table have fewer; not kept for others.
    categories : Categories or None
        Those with a share of spend of their own; ``None`` without a column of categories.
    absent : sequence of str
        Features of returns and discounts that are 0 for everybody, since there are none.
    """

    cuts: Mapping[str, Sequence[float]]
    no_clock: str
    typical_spread: float | None
    filled: int
    categories: Categories | None
    absent: Sequence[str]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "rfm": {name: list(cuts) for name, cuts in self.cuts.items()},
            "clock": self.no_clock,
            "spread": self.typical_spread,
            "categories": None if self.categories is None else self.categories.to_json(),
            "absent": list(self.absent),
        }
