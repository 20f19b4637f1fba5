"""A rule that finds a segment's customers: its conditions, its coverage and its precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from segcore.records.estimate import Estimate
from segcore.segments.rules.condition import NAMES, ColumnTitles, Condition
from segcore.wording.numbers import share_text


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions that must all hold, and how well they find a segment among customers who were not used in the search.

    Parameters
    ----------
    conditions : tuple of Condition
        One or more; `find_rules` returns at most three.
    coverage : Estimate
        Share of the segment's customers that the rule finds.
    precision : Estimate
        Share of the customers found that are in the segment.
    """

    conditions: tuple[Condition, ...]
    coverage: Estimate
    precision: Estimate

    def text(self, titles: ColumnTitles = NAMES) -> str:
        """Return the conditions in words."""
        return " and ".join(condition.text(titles) for condition in self.conditions)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""

        def plain(estimate: Estimate) -> dict[str, Any]:
            return {"value": estimate.value, "low": estimate.low, "high": estimate.high}

        return {
            "conditions": [condition.to_json() for condition in self.conditions],
            "text": self.text(),
            "coverage": plain(self.coverage),
            "precision": plain(self.precision),
        }


@dataclass(frozen=True, slots=True)
class SegmentRules:
    """The rules of one segment.

    Parameters
    ----------
    label : int
    chosen : Rule or None
        The shortest rule that is about as good as the best; ``None`` if for every length coverage or precision is below 0.7 on the half
        that was searched, or certainly below 0.7 on the other half.
    frontier : tuple of Rule
        The best rule with one, two and three conditions, as long as a further condition helps.
    reason : str or None
        Why no rule was chosen.
    """

    label: int
    chosen: Rule | None
    frontier: tuple[Rule, ...]
    reason: str | None = None

    def sentence(self, titles: ColumnTitles = NAMES) -> str:
        """Return what the rule finds, or why there is no rule, in words."""
        if self.chosen is None:
            return self.reason or ""
        coverage, precision = share_text(self.chosen.coverage), share_text(self.chosen.precision)
        return f"{coverage} of its customers are found by {self.chosen.text(titles)}; {precision} of those found are in this segment."

    def to_json(self) -> dict[str, Any]:
        """Return plain values: the chosen rule first, then the rest of the frontier; if there is no short rule, the reason."""
        if self.chosen is None:
            return {"rules": [], "no_rule": self.reason}
        others = [rule for rule in self.frontier if rule is not self.chosen]
        return {"rules": [rule.to_json() for rule in (self.chosen, *others)]}


def share_of(part: int, whole: int) -> Estimate:
    """Return a share with Wilson's 95 % interval; undefined if nobody is found."""
    if not whole:
        return Estimate.undefined("It finds nobody among the customers it is measured on.")
    return Estimate.of_share(part / whole, whole)
