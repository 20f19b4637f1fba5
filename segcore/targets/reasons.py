"""Reasons why a customer is on the list, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from segcore.records.feature_table import FeatureEntry, unique_titles
from segcore.segments.profiles.descriptions import phrase_of
from segcore.wording.numbers import number_text, percent_text, unit_text

_MOST, _LEAST_SHARE = 3, 0.15


def reasons_of(
    contributions: np.ndarray, X: np.ndarray, typical: np.ndarray, entries: Sequence[FeatureEntry], *, most: int = _MOST
) -> list[str]:
    """Say for each customer which features raise the prediction: "Many orders (24 vs 11), much spend on MEAT (8 % vs 3 %)".

    Parameters
    ----------
    contributions : ndarray of shape (n_customers, n_features), float64
        SHAP values.
    X : ndarray of shape (n_customers, n_features), float64
    typical : ndarray of shape (n_features,), float64
        Values to compare with: medians of all customers.
    entries : sequence of FeatureEntry
        Of the features.
    most : int
        How many features to name.

    Returns
    -------
    list of str
        The strongest, and others with at least 15 % of all that raises the prediction; of a column's categories only the strongest is
        named. "" where nothing raises it.
    """
    titles = unique_titles(entries)
    raising = np.maximum(contributions, 0.0)
    whole = raising.sum(axis=1)
    ranked = np.argsort(-raising, axis=1, kind="stable")[:, : most + 3]
    texts = []
    for row, order in enumerate(ranked):
        parts: list[str] = []
        blocks: set[str] = set()
        for at in order.tolist():
            entry = entries[at]
            few = raising[row, at] <= _LEAST_SHARE * whole[row]
            if len(parts) == most or raising[row, at] == 0 or (few and parts):
                break
            if entry.block and entry.block in blocks:
                continue
            blocks.add(entry.block)
            parts.append(_part(entry, titles[entry.name], float(X[row, at]), float(typical[at])))
        text = ", ".join(parts)
        texts.append(text[:1].upper() + text[1:])
    return texts


def _part(entry: FeatureEntry, title: str, value: float, typical: float) -> str:
    if entry.kind != "number":
        return title if value > 0.5 else f"not {title}"
    if entry.unit.startswith("share"):
        here, there = percent_text(value), percent_text(typical)
    else:
        here, there = number_text(value, entry.unit), number_text(typical, entry.unit)
    if value == typical or here == there:
        return f"{title} {here}{_short(entry)}"
    return f"{phrase_of(entry.name, title, entry.unit, above=value > typical)} ({here} vs {there}{_short(entry)})"


def _short(entry: FeatureEntry) -> str:
    """Return the unit where the phrase does not say what is counted."""
    return unit_text(entry.unit) if entry.unit == "days" else ""
