"""One plain sentence on what sets a segment apart, made of numbers that the table on the same screen shows too."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from segcore.features.transactions.calendar_names import MONTHS, WEEKDAYS
from segcore.segments.records import FeatureProfile
from segcore.wording.numbers import listed, number_text, percent_text, unit_text

SHIFT_WORTH_SAYING = 0.3
"""Least distance of a segment's mean from the population's, in the population's standard deviations (between Cohen's small and medium)."""

_PHRASES: Mapping[str, str] = {
    "Amount": "an average order line of {}",
    "NumberOfOrders": "{} order lines",
    "Recency": "last seen {} days before the data end",
    "invoices": "{} orders",
    "distinct_items": "{} different items",
    "total_spend": "net spend of {}",
    "log_spend": "net spend of {}",
    "average_basket_value": "{} per order",
    "days_between_orders": "{} days between orders",
    "tenure_days": "{} days from first to last order",
    **{f"share_{day}": f"{{}} of order lines on {day}s" for day in WEEKDAYS},
    **{day: f"{{}} order lines on {day}s" for day in WEEKDAYS},
    "rfm_recency": "an RFM score of {} for recency",
    "rfm_frequency": "an RFM score of {} for frequency",
    "rfm_monetary": "an RFM score of {} for spend",
    "rfm_score": "an RFM score of {} of 15",
    "share_night": "{} of order lines at night",
    **{f"share_{part}": f"{{}} of order lines in the {part}" for part in ("morning", "afternoon", "evening")},
    "discount_share": "{} off the full price",
    "returns_share": "{} of lines cancelled",
    "returned_value_share": "{} of spend returned",
    "days_between_orders_spread": "{} days of spread between orders",
    "spend_trend": "a spend trend of {}",
    "n_ratings": "{} ratings",
    "mean_rating": "a mean rating of {}",
    "rating_spread": "a spread of ratings of {}",
    "share_top": "{} top ratings",
    "share_low": "{} low ratings",
    "active_days": "{} days with a rating",
}
_BEGINNINGS: Mapping[str, str] = {"spend_share_": "{} of spend on ", "rating_share_": "{} of ratings on "}


def sets_apart(features: Sequence[FeatureProfile], *, most: int = 3) -> str:
    """Return what sets a segment apart in one sentence.

    Parameters
    ----------
    features : sequence of FeatureProfile
        Every feature of the segment.
    most : int
        How many features to name.

    Notes
    -----
    Features are ranked by how far the mean is shifted, in standard deviations of all customers, times one plus the compactness
    where it is positive: a shift that the segment's members share counts for more than one carried by a few of them. The median is
    quoted where it differs in the same direction as the mean, the mean elsewhere, and the sentence says which. Of what customers have
    or have not the share of those that have it is told, and of a column's categories only the one that tells most.
    """
    shifted = [feature for feature in features if feature.shift is not None and abs(feature.shift) >= SHIFT_WORTH_SAYING]
    if not shifted:
        return "Close to all customers in every feature: no average is shifted by more than 0.3 standard deviations."
    strongest = _one_a_column(sorted(shifted, key=_strength, reverse=True))[:most]
    return _capital(listed([_compared(feature) for feature in strongest])) + "."


def _one_a_column(features: Sequence[FeatureProfile]) -> list[FeatureProfile]:
    """Return the features without those dummies that come after another one of their column."""
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


def _compared(feature: FeatureProfile) -> str:
    if feature.is_share:
        here_text, there_text = percent_text(feature.mean), percent_text(feature.population_mean)
        if here_text == there_text:
            here_text, there_text = f"{100 * feature.mean:.4g} %", f"{100 * feature.population_mean:.4g} %"
        return f"{here_text} with {feature.title} (all customers: {there_text})"
    here, there, by_median = _typical(feature)
    if feature.name == "log_spend" and feature.unit and by_median:
        here, there = (_spend(value) for value in (here, there))
    elif feature.name == "log_spend" and feature.unit:
        return f"mean {feature.title} of {number_text(here)} (all customers: {number_text(there)})"
    here_text, there_text = number_text(here, feature.unit), number_text(there, feature.unit)
    if here_text == there_text:
        here_text, there_text = f"{here:.4g}", f"{there:.4g}"
    return f"{_phrase(feature).format(here_text)} ({'median' if by_median else 'mean'}; all customers: {there_text})"


def _typical(feature: FeatureProfile) -> tuple[float, float, bool]:
    """Return the medians here and over all customers where they differ in the direction of the means, else the means; and which."""
    here, there = feature.median, feature.population_median
    if here is not None and there is not None and (here - there) * (feature.mean - feature.population_mean) > 0:
        return here, there, True
    return feature.mean, feature.population_mean, False


def _phrase(feature: FeatureProfile) -> str:
    # A customer table may have columns of these names, which then mean what their owner means; its columns have no unit.
    known = _PHRASES.get(feature.name) if feature.unit else None
    if known:
        return known
    for beginning, phrase in _BEGINNINGS.items():
        if feature.unit and feature.name.startswith(beginning):
            return phrase + _braced(feature.name.removeprefix(beginning))
    if feature.name in MONTHS:
        return f"{{}} order lines in {feature.name}"
    if feature.name.removeprefix("share_") in MONTHS:
        return f"{{}} of order lines in {feature.name.removeprefix('share_')}"
    return _braced(feature.title) + " of {}" + unit_text(feature.unit)


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _spend(logarithm: float) -> float:
    """Undo ``sign(x) * log1p(|x|)``; exact for a median, which a monotone function carries along."""
    return math.copysign(math.expm1(abs(logarithm)), logarithm)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
