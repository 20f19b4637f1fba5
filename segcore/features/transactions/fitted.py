"""Values fitted to transactions when building features, reused for new customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from segcore.features.categories import Categories
from segcore.records.finding import Finding
from segcore.wording.findings import sentence


@dataclass(frozen=True, slots=True)
class Fitted:
    """Values fitted to transactions when building features.

    Parameters
    ----------
    cuts : mapping of "recency", "frequency", "monetary" to four cut-points each
    no_clock : Finding or None
        Why the times lack the time of day; ``None`` if they have it.
    typical_spread : float or None
        Days; the spread of days between orders used for customers with fewer than three orders. ``None`` if nobody has three.
    filled : int
        Number of customers in this table with fewer than three orders; not stored for later tables.
    categories : Categories or None
        Categories with their own share of spend; ``None`` without a category column.
    absent : sequence of str
        Features of returns and discounts that are 0 for all customers.
    """

    cuts: Mapping[str, Sequence[float]]
    no_clock: Finding | None
    typical_spread: float | None
    filled: int
    categories: Categories | None
    absent: Sequence[str]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "rfm": {name: list(cuts) for name, cuts in self.cuts.items()},
            "clock": "" if self.no_clock is None else sentence(self.no_clock),
            "no_clock": None if self.no_clock is None else self.no_clock.to_json(),
            "spread": self.typical_spread,
            "categories": None if self.categories is None else self.categories.to_json(),
            "absent": list(self.absent),
        }


def known_clock(data: Mapping[str, Any]) -> Finding | None:
    """Return ``no_clock`` from the output of ``to_json``; before version 0.4 only its text was stored."""
    if "no_clock" in data:
        return None if data["no_clock"] is None else Finding.from_json(data["no_clock"])
    return Finding("text", values={"text": data["clock"]}) if data["clock"] else None
