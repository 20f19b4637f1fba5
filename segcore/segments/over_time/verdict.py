"""Verdict on a kept solution: keep it or segment again, with the reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from segcore.records.finding import Finding
from segcore.segments.over_time.over_time_records import OverTime, SegmentChange
from segcore.segments.over_time.refit import LEAST_DIFFERENCE
from segcore.wording.findings import note_json, sentence
from segcore.wording.numbers import segment_title

Answer = Literal["keep", "again"]
_MOST_SEGMENTS = 3
_LEAST_NAMED = 0.01  # of the customers: "from 25 % to 25 %" says nothing
_UNSTABLE = 0.5
_LONGER = 1.1


@dataclass(frozen=True, slots=True)
class Verdict:
    """Answer to the question whether to segment again.

    Parameters
    ----------
    answer : {"keep", "again"}
    changed : bool
        Whether anything changed beyond chance: sizes, features, or the segments that the later customers fall into.
    headline : Finding
        The answer in a sentence.
    reasons : tuple of Finding
        Reasons for the answer, the most important first.
    """

    answer: Answer
    changed: bool
    headline: Finding
    reasons: tuple[Finding, ...]

    def text(self) -> str:
        """Return the answer, then its reasons, one sentence each."""
        return " ".join(sentence(one) for one in (self.headline, *self.reasons))

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        reasons = [note_json(one) for one in self.reasons]
        return {"answer": self.answer, "changed": self.changed, "text": sentence(self.headline), "reasons": reasons}


def judge(found: OverTime, names: Mapping[int, str], titles: Mapping[str, str] | None = None) -> Verdict:
    """Return the verdict.

    Parameters
    ----------
    found : OverTime
    names : mapping of int to str
        Of the kept segments.
    titles : mapping of str to str, or None
        Of the features, for the sentences; ``None`` uses their names.

    Notes
    -----
    *Segment again* if another number of segments has become clearly better, or if a fit of the later customers with the same settings
    disagrees with the kept solution more than any half of the earlier customers does with the other half, and more than 5 % of the
    customers would move. Otherwise the segments still fit. Sizes and features may then have changed, each judged by the critical value of
    its stability index: if nothing changed, the probability that any of them is reported is 1 %. Customers moving between segments is not a
    reason: they also move when the customers as a whole do not change.
    """
    structure, changes = _structure(found), _changes(found, names, titles or {})
    if structure:
        headline = Finding("over_time.again")
    elif found.refit is None:
        headline = Finding("over_time.unchecked_changed" if changes else "over_time.keep_unchecked")
    else:
        headline = Finding("over_time.keep_changed" if changes else "over_time.keep")
    fits = []
    if found.refit is not None and not structure:
        fits.append(Finding("over_time.fits", values={"share": found.refit.would_move, "agreement": found.refit.agreement}))
        if found.refit.least_agreement < _UNSTABLE:
            fits.append(Finding("over_time.unstable", "warning", {"least": found.refit.least_agreement}))
    reasons = (*_lengths(found), *structure, *changes, *fits, *_moved(found))
    return Verdict("again" if structure else "keep", bool(structure or changes), headline, reasons)


def _lengths(found: OverTime) -> list[Finding]:
    """Return a caution if one period is longer than the other, because counts and sums then differ for that reason alone."""
    before, after = found.periods.days() or (0.0, 0.0)
    if not before or 1 / _LONGER <= after / before <= _LONGER:
        return []
    return [Finding("over_time.other_length", "warning", {"earlier_days": round(before), "later_days": round(after)})]


def _structure(found: OverTime) -> list[Finding]:
    refit = found.refit
    if refit is None:
        return []
    reasons = []
    if refit.better is not None:
        other = next(one for one in refit.others if one.n_segments == refit.better)
        kept = sum(one.label >= 0 and one.then > 0 for one in found.segments)
        values = {"n_segments": other.n_segments, "kept": kept, "then": other.then, "now": other.now, "by_chance": other.by_chance}
        reasons.append(Finding("over_time.other_number", values=values))
    if refit.agreement < refit.least_agreement and refit.would_move > LEAST_DIFFERENCE:
        values = {"share": refit.would_move, "agreement": refit.agreement, "least": refit.least_agreement}
        reasons.append(Finding("over_time.disagrees", values=values))
    return reasons


def _changes(found: OverTime, names: Mapping[int, str], titles: Mapping[str, str]) -> list[Finding]:
    reasons = []
    if found.sizes.drifted:
        first, *others = sorted(found.segments, key=lambda one: -abs(_difference(one)))[:_MOST_SEGMENTS]
        most = [first, *(one for one in others if abs(_difference(one)) >= _LEAST_NAMED)]
        segments = [{"name": segment_title(one.label, names), "then": one.then_share.value, "now": one.now_share.value} for one in most]
        reasons.append(Finding("over_time.sizes", values={"segments": segments, "psi": found.sizes.psi, "critical": found.sizes.critical}))
    drifted = sorted((one for one in found.drift if one.drifted), key=lambda one: -one.psi)
    if drifted:
        features = [{"name": titles.get(one.name, one.name), "psi": one.psi, "critical": one.critical} for one in drifted]
        reasons.append(Finding("over_time.drift", values={"features": features, "of": len(found.drift)}))
    return reasons


def _difference(one: SegmentChange) -> float:
    return float(one.difference.value or 0.0)


def _moved(found: OverTime) -> list[Finding]:
    customers = found.customers
    both, moved = customers.in_both, customers.moved
    worth = np.clip(customers.revenue_then, 0.0, None)
    whole = float(worth[both].sum()) if both.any() else 0.0
    revenue = float(worth[moved].sum() / whole) if np.isfinite(whole) and whole > 0 else None
    return [Finding("over_time.moved", values={"moved": int(moved.sum()), "both": int(both.sum()), "revenue": revenue})]


def followed_sentences(found: OverTime) -> list[str]:
    """Return who is in both data sets, new, gone and set aside, and why customers moved, one sentence each."""
    counts = {"both": found.count("both"), "new": found.count("new"), "gone": found.count("gone"), "aside": found.count("aside")}
    who = [Finding("over_time.who", values=counts)]
    if found.customers.moved.any():
        code = "over_time.causes" if found.rows_differ is not None else "over_time.one_cause"
        values = found.causes() if found.rows_differ is not None else {"is_dated": found.periods.earlier_last is not None}
        who.append(Finding(code, values=values))
    if found.rows_differ:
        who.append(Finding("over_time.rows_differ", values={"customers": found.rows_differ, "both": counts["both"]}))
    if found.no_refit:
        who.append(Finding("over_time.no_refit", values={"reason": found.no_refit}))
    return [sentence(one) for one in who]
