"""Short description of what sets a segment apart, with the numbers of the table on the same screen."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from segcore.features.transactions.calendar_names import MONTHS, WEEKDAYS
from segcore.segments.profiles.records import FeatureProfile
from segcore.wording.numbers import number_text, percent_text, unit_text
from segcore.wording.quotes import value_text

SHIFT_WORTH_SAYING = 0.3
"""Least distance of a segment's mean from the population's, in the population's standard deviations (between Cohen's small and medium)."""

# Phrases for segments above and below all customers.
_PHRASES: Mapping[str, tuple[str, str]] = {
    "Amount": ("large order lines", "small order lines"),
    "NumberOfOrders": ("many order lines", "few order lines"),
    "Recency": ("not seen for long", "seen recently"),
    "invoices": ("many orders", "few orders"),
    "distinct_items": ("many different items", "few different items"),
    "total_spend": ("high spend", "low spend"),
    "log_spend": ("high spend", "low spend"),
    "average_basket_value": ("high order values", "low order values"),
    "days_between_orders": ("long gaps between orders", "short gaps between orders"),
    "tenure_days": ("customers for long", "new customers"),
    **{f"share_{day}": (f"many order lines on {day}s", f"few order lines on {day}s") for day in WEEKDAYS},
    **{day: (f"many order lines on {day}s", f"few order lines on {day}s") for day in WEEKDAYS},
    **{f"share_{month}": (f"many order lines in {month}", f"few order lines in {month}") for month in MONTHS},
    **{month: (f"many order lines in {month}", f"few order lines in {month}") for month in MONTHS},
    "rfm_recency": ("high RFM recency score", "low RFM recency score"),
    "rfm_frequency": ("high RFM frequency score", "low RFM frequency score"),
    "rfm_monetary": ("high RFM spend score", "low RFM spend score"),
    "rfm_score": ("high RFM score", "low RFM score"),
    "share_night": ("many order lines at night", "few order lines at night"),
    **{
        f"share_{part}": (f"many order lines in the {part}", f"few order lines in the {part}")
        for part in ("morning", "afternoon", "evening")
    },
    "discount_share": ("high discounts", "low discounts"),
    "reduced_spend_share": ("much spend at a reduced price", "little spend at a reduced price"),
    "returns_share": ("many cancelled lines", "few cancelled lines"),
    "returned_value_share": ("many returns by value", "few returns by value"),
    "days_between_orders_spread": ("irregular orders", "regular orders"),
    "spend_trend": ("rising spend", "falling spend"),
    "n_ratings": ("many ratings", "few ratings"),
    "mean_rating": ("high ratings", "low ratings"),
    "rating_spread": ("varied ratings", "uniform ratings"),
    "share_top": ("many top ratings", "few top ratings"),
    "share_low": ("many low ratings", "few low ratings"),
    "promoted_orders": ("bought it often", "bought it seldom"),
    "promoted_days_ago": ("bought it long ago", "bought it recently"),
    "promoted_spend_share": ("much spend on it", "little spend on it"),
    "earlier_responses": ("often responded", "seldom responded"),
    "earlier_contacts": ("often contacted", "seldom contacted"),
    "active_days": ("many days with a rating", "few days with a rating"),
}
_OF_TASTE = re.compile(r"Taste \d+: ([^;]+)")
_BEGINNINGS: Mapping[str, tuple[str, str]] = {
    "spend_share_": ("much spend on ", "little spend on "),
    "rating_share_": ("many ratings on ", "few ratings on "),
}


def sets_apart(features: Sequence[FeatureProfile], *, most: int = 3) -> str:
    """Describe what sets a segment apart: "High spend (3,226 vs 1,210), many orders (104 vs 43). Medians.".

    Parameters
    ----------
    features : sequence of FeatureProfile
        Every feature of the segment.
    most : int
        How many features to name.

    Notes
    -----
    Features are ranked by how far the mean is shifted, in standard deviations of all customers, times one plus the compactness where it is
    positive: a shift that the whole segment shares counts more than a shift due to a few customers. The median is quoted if it differs in
    the same direction as the mean, otherwise the mean, and the text says which. A binary feature is quoted as the share of customers that
    have it; of a column's categories only the strongest is named.
    """
    shifted = [feature for feature in features if feature.shift is not None and abs(feature.shift) >= SHIFT_WORTH_SAYING]
    if not shifted:
        return "Close to all customers in every feature: no average is more than 0.3 standard deviations away."
    strongest = _one_a_column(sorted(shifted, key=_strength, reverse=True))[:most]
    found = [_compared(feature) for feature in strongest]
    kinds = {kind for *_, kind in found if kind}
    several = len(kinds) > 1
    parts = [f"{phrase} ({values}{f', {kind}' if several and kind else ''})" for phrase, values, kind in found]
    end = "" if several or not kinds else f" {kinds.pop().capitalize()}s."
    return f"{_capital(', '.join(parts))}.{end}"


def _one_a_column(features: Sequence[FeatureProfile]) -> list[FeatureProfile]:
    """Return the features, keeping only the first dummy of each column."""
    columns: set[str] = set()
    found = []
    for feature in features:
        if feature.block in columns:
            continue
        found.append(feature)
        columns |= {feature.block} - {""}
    return found


def _strength(feature: FeatureProfile) -> float:
    return abs(feature.shift or 0.0) * (1 + max(feature.compactness or 0.0, 0.0))


def _compared(feature: FeatureProfile) -> tuple[str, str, str]:
    """Return the phrase, the segment's value against that of all customers, and which average they are ("" for shares of customers)."""
    feature = replace(feature, title=value_text(feature.title), other=value_text(feature.other))
    if feature.is_share:
        here, there, title = feature.mean, feature.population_mean, feature.title
        if here < there and feature.other:
            here, there, title = 1 - here, 1 - there, feature.other
        here_text, there_text = percent_text(here), percent_text(there)
        if here_text == there_text:
            here_text, there_text = f"{100 * here:.4g} %", f"{100 * there:.4g} %"
        return f"{'often' if here > there else 'seldom'} {title}", f"{here_text} vs {there_text}", ""
    here, there, by_median = _typical(feature)
    unit = feature.unit
    if feature.name == "log_spend" and unit and by_median:
        here, there = (_spend(value) for value in (here, there))
    here_text, there_text = number_text(here, unit), number_text(there, unit)
    if here_text == there_text:
        here_text, there_text = f"{here:.4g}", f"{there:.4g}"
    return _phrase(feature, above=here > there), f"{here_text} vs {there_text}{_short_unit(unit)}", "median" if by_median else "mean"


def _short_unit(unit: str) -> str:
    """Return the unit if the phrase does not say what is counted, else ""."""
    return unit_text(unit) if unit == "days" else ""


def _typical(feature: FeatureProfile) -> tuple[float, float, bool]:
    """Return the medians here and over all customers if they differ in the direction of the means, else the means; and which of the two."""
    here, there = feature.median, feature.population_median
    if here is not None and there is not None and (here - there) * (feature.mean - feature.population_mean) > 0:
        return here, there, True
    return feature.mean, feature.population_mean, False


def _phrase(feature: FeatureProfile, *, above: bool) -> str:
    if feature.name == "log_spend" and feature.unit and not _typical(feature)[2]:
        return f"{'high' if above else 'low'} {feature.title}"
    return phrase_of(feature.name, feature.title, feature.unit, above=above)


def strongest_item(title: str) -> str:
    """Return the first item in the title of a component of taste, such as "Star Wars" of "Taste 2: Star Wars; Alien …"; else ""."""
    found = _OF_TASTE.match(title)
    return found[1].removesuffix(" …") if found else ""


def phrase_of(name: str, title: str, unit: str, *, above: bool) -> str:
    """Return the phrase for customers above or below all others in a number: "many orders", "low balance".

    Parameters
    ----------
    name, title, unit : str
        As in the data dictionary.
    above : bool
    """
    item = strongest_item(title)
    if item:
        return f"{'high' if above else 'low'} on {item}"
    # A customer table may have columns with these names but another meaning; its columns have no unit.
    if unit:
        known = _PHRASES.get(name)
        if known:
            return known[0 if above else 1]
        for beginning, phrases in _BEGINNINGS.items():
            if name.startswith(beginning):
                return phrases[0 if above else 1] + name.removeprefix(beginning)
    return f"{'high' if above else 'low'} {title}"


def _spend(logarithm: float) -> float:
    """Undo ``sign(x) * log1p(|x|)``; exact for a median, which a monotone function preserves."""
    return math.copysign(math.expm1(abs(logarithm)), logarithm)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
