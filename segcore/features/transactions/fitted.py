"""Everything fitted between transactions and features, which new customers pass through too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from segcore.features.categories import Categories
from segcore.records.finding import Finding
from segcore.wording.findings import sentence


@dataclass(frozen=True, slots=True)
class Fitted:
    """Everything that is fitted between transactions and features.

    Parameters
    ----------
    cuts : mapping of "recency", "frequency", "monetary" to four cut-points each
    no_clock : Finding or None
        Why the times do not show the time of day; ``None`` where they do.
    typical_spread : float or None
        Days; what customers with fewer than three orders have for the spread of days between orders. ``None`` where nobody has three.
    filled : int
        How many customers of this table have fewer; not kept for others.
    categories : Categories or None
        Those with a share of spend of their own; ``None`` without a column of categories.
    absent : sequence of str
        Features of returns and discounts that are 0 for all customers, because there are none.
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
    """Return ``no_clock`` of what ``to_json`` returned; before version 0.4 only its text was kept."""
    if "no_clock" in data:
        return None if data["no_clock"] is None else Finding.from_json(data["no_clock"])
    return Finding("text", values={"text": data["clock"]}) if data["clock"] else None
