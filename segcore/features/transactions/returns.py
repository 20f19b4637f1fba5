"""Returns, cancellations and discounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from segcore.features.grouping import ratio
from segcore.records.feature_table import FeatureEntry
from segcore.records.finding import Finding

_ABSENT = {
    "discount_share": "feature.no_discounts",
    "reduced_spend_share": "feature.no_reduced_spend",
    "returns_share": "feature.no_cancelled",
    "returned_value_share": "feature.no_negative",
}


def returned_value_share(returned: np.ndarray, spend: np.ndarray) -> np.ndarray:
    """Return the ratio of returned to spent amounts, at most 1; 1 for customers with returns only, 0 with neither."""
    return np.minimum(ratio(returned, spend, otherwise=1.0), 1.0) * (returned > 0)


def discount_share(discount: np.ndarray, spend: np.ndarray) -> np.ndarray:
    """Return discounts divided by the full price, 0 to 1; 0 for customers who bought nothing."""
    return ratio(discount, spend + discount)


def reduced_spend_share(reduced: np.ndarray, spend: np.ndarray) -> np.ndarray:
    """Return the spend on lines with a discount divided by all spend, 0 to 1; 0 for customers without spend."""
    return ratio(reduced, spend)


def none_of(made: Mapping[str, np.ndarray]) -> list[str]:
    """Return which of the four features are 0 for every customer, and so distinguish nobody."""
    return [name for name in _ABSENT if name in made and not made[name].any()]


def describe_returns(
    roles: Mapping[str, str], money: tuple[str, ...], amount: str, cancelled: str, *, absent: Sequence[str]
) -> tuple[FeatureEntry, ...]:
    """Return the dictionary entries of the four shares.

    Parameters
    ----------
    roles : mapping of role to column name
    money : tuple of str
        The columns of a line's amount.
    amount, cancelled : str
        A line's amount, and the cancelled lines, in words.
    absent : sequence of str
        The output of ``none_of``.
    """
    dropped = {name: Finding(code) for name, code in _ABSENT.items() if name in absent}
    discount = roles.get("discount")
    marks = tuple(dict.fromkeys(roles[role] for role in ("order", "quantity") if role in roles)) or money
    return (
        FeatureEntry(
            "discount_share",
            "Discount share",
            "share of full price",
            f"Sum of {discount or 'the discounts'}, ignoring its sign, divided by that sum plus the sum of positive {amount}, not counting "
            f"{cancelled}; 0 if both are 0. Missing discounts count as 0.",
            (discount, *money) if discount else (),
            dropped.get("discount_share") if discount else Finding("feature.no_role", values={"role": "discount"}),
        ),
        FeatureEntry(
            "reduced_spend_share",
            "Share of spend at a reduced price",
            "share of spend",
            f"Sum of positive {amount} on lines with a value other than 0 in {discount or 'the discounts'}, divided by that on all lines, "
            f"not counting {cancelled}; 0 without spend. It tells how sensitive to prices a customer is.",
            (discount, *money) if discount else (),
            dropped.get("reduced_spend_share") if discount else Finding("feature.no_role", values={"role": "discount"}),
        ),
        FeatureEntry(
            "returns_share",
            "Share of cancelled lines",
            "share of lines",
            f"Number of {cancelled} divided by NumberOfOrders.",
            marks,
            dropped.get("returns_share"),
        ),
        FeatureEntry(
            "returned_value_share",
            "Share of spend returned",
            "share of spend",
            f"Sum of negative {amount}, without its sign, divided by the sum of positive {amount}, not counting {cancelled}; at most 1. 1 "
            "for customers with nothing but returns, 0 for those without returns.",
            tuple(dict.fromkeys((*money, *marks))),
            dropped.get("returned_value_share"),
        ),
    )
