"""RFM: scores of recency, frequency and monetary value by fifths of the customers, and the classic segment names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from segcore.records.feature_table import FeatureEntry
from segcore.records.finding import Finding

SEGMENT = "rfm_segment"
MADE_OF = frozenset({"Recency", "invoices", "rfm_recency", "rfm_frequency", "rfm_score"})
"""Features from which the RFM segment is made, or that are made from the same columns."""
_FIFTHS = (1, 2, 3, 4)
# Sums of the same amounts in another order differ in their last digits, but a customer on a cut-point must stay on it.
_DUST = 1e-9

# By the score of recency, 5 (most recent) first, then by that of frequency, 1 to 5.
GRID: Mapping[int, tuple[str, str, str, str, str]] = {
    5: ("New customers", "Potential loyalists", "Potential loyalists", "Champions", "Champions"),
    4: ("Promising", "Potential loyalists", "Potential loyalists", "Loyal customers", "Loyal customers"),
    3: ("About to sleep", "About to sleep", "Need attention", "Loyal customers", "Loyal customers"),
    2: ("Hibernating", "Hibernating", "At risk", "At risk", "Can't lose them"),
    1: ("Lost", "Hibernating", "At risk", "At risk", "Can't lose them"),
}
# From the best customers to the lost ones.
SEGMENTS = (
    "Champions",
    "Loyal customers",
    "Potential loyalists",
    "New customers",
    "Promising",
    "Need attention",
    "About to sleep",
    "At risk",
    "Can't lose them",
    "Hibernating",
    "Lost",
)


def fit_cuts(recency: np.ndarray, orders: np.ndarray, spend: np.ndarray) -> dict[str, list[float]]:
    """Return the 20 %, 40 %, 60 % and 80 % quantiles of each measure, interpolated between customers.

    Parameters
    ----------
    recency, orders, spend : ndarrays of shape (n_customers,), float64
        Days, a number, currency.
    """
    measured = {"recency": recency, "frequency": orders, "monetary": spend}
    return {name: [_quantile(np.sort(values), fifth) for fifth in _FIFTHS] for name, values in measured.items()}


def rfm_scores(recency: np.ndarray, orders: np.ndarray, spend: np.ndarray, cuts: Mapping[str, Sequence[float]]) -> dict[str, np.ndarray]:
    """Return the scores of each customer, 1 to 5, and their sum.

    Parameters
    ----------
    recency, orders, spend : ndarrays of shape (n_customers,), float64
    cuts : mapping
        The output of ``fit_cuts``.

    Returns
    -------
    dict of name to ndarray of shape (n_customers,), float64

    Notes
    -----
    A score is 1 + the number of cut-points below the value; that of recency is 5 minus this number, so that 5 is always best.
    Equal values have equal scores, so the five groups are unequal if many customers share a value.

    References
    ----------
    Hughes (1994), Strategic Database Marketing.
    """
    scores = {
        "rfm_recency": 5.0 - _cuts_below(recency, cuts["recency"]),
        "rfm_frequency": 1.0 + _cuts_below(orders, cuts["frequency"]),
        "rfm_monetary": 1.0 + _cuts_below(spend, cuts["monetary"]),
    }
    return {**scores, "rfm_score": scores["rfm_recency"] + scores["rfm_frequency"] + scores["rfm_monetary"]}


def rfm_segments(recency: np.ndarray, frequency: np.ndarray) -> np.ndarray:
    """Return the name of each customer's segment, shape (n_customers,), text objects.

    Parameters
    ----------
    recency, frequency : ndarrays of shape (n_customers,)
        Scores, 1 to 5.

    References
    ----------
    The eleven names are Putler's ("RFM analysis for successful customer segmentation"). Its ranges of scores overlap; the 25 cells here are
    the widely used map of recency and frequency, in which the lowest of both is called lost.
    """
    names = np.array([GRID[score] for score in range(1, 6)], dtype=object)
    return np.asarray(names[recency.astype(np.int64) - 1, frequency.astype(np.int64) - 1], dtype=object)


def describe_rfm(cuts: Mapping[str, Sequence[float]], columns: Mapping[str, tuple[str, ...]]) -> tuple[FeatureEntry, ...]:
    """Return the dictionary entries of the scores, and of the segment, which is a profile column.

    Parameters
    ----------
    cuts : mapping
        The output of ``fit_cuts``.
    columns : mapping of ``recency``, ``frequency`` and ``monetary`` to the source columns of each
    """
    every = tuple(dict.fromkeys(column for names in columns.values() for column in names))
    recency, frequency, monetary = (cuts[name] for name in ("recency", "frequency", "monetary"))
    return (
        FeatureEntry(
            "rfm_recency",
            "RFM recency score",
            "score of 1 to 5",
            f"5 for a Recency of at most {recency[0]:,.6g} days, 4 up to {recency[1]:,.6g}, 3 up to {recency[2]:,.6g}, 2 up to "
            f"{recency[3]:,.6g}, 1 above.{_fifths(recency, best_first=True)}",
            columns["recency"],
        ),
        FeatureEntry(
            "rfm_frequency",
            "RFM frequency score",
            "score of 1 to 5",
            f"By the number of orders (invoices): {_steps(frequency)}.{_fifths(frequency)}",
            columns["frequency"],
        ),
        FeatureEntry(
            "rfm_monetary",
            "RFM spend score",
            "score of 1 to 5",
            f"By net spend (total_spend): {_steps(monetary)}.{_fifths(monetary)}",
            columns["monetary"],
        ),
        FeatureEntry("rfm_score", "RFM score", "score of 3 to 15", "Sum of the scores of recency, frequency and spend; 15 is best.", every),
        FeatureEntry(
            SEGMENT,
            "RFM segment",
            "",
            f"The classic name for a pair of recency (R) and frequency (F) scores: {_cells()}.",
            tuple(dict.fromkeys((*columns["recency"], *columns["frequency"]))),
            Finding("feature.rfm_segment"),
        ),
    )


def _quantile(ordered: np.ndarray, fifth: int) -> float:
    """Return ``np.quantile(ordered, fifth / 5)``, exactly a customer's value if the quantile falls on one."""
    position, part = divmod((len(ordered) - 1) * fifth, 5)
    low = float(ordered[position])
    return low + part / 5 * (float(ordered[position + 1]) - low) if part else low


def _cuts_below(values: np.ndarray, cuts: Sequence[float]) -> np.ndarray:
    bounds = np.asarray(cuts, dtype=np.float64)
    return np.searchsorted(bounds + _DUST * np.abs(bounds).max(), values, side="left")


def _steps(cuts: Sequence[float]) -> str:
    below = ", ".join(f"{score} up to {cut:,.6g}" for score, cut in enumerate(cuts, start=1))
    return f"{below}, 5 above"


def _fifths(cuts: Sequence[float], *, best_first: bool = False) -> str:
    """Describe the cut-points, and the scores that no customer can have."""
    text = (
        " These bounds split the customers they were fitted to into fifths (interpolated quantiles). Equal values have equal scores, so "
        "the fifths are unequal where many customers share a value."
    )
    empty = [score for score, (low, high) in enumerate(pairwise(cuts), start=2) if low == high]
    if not empty:
        return text
    named = " and ".join(str(6 - score if best_first else score) for score in empty)
    return f"{text} Here bounds coincide, and nobody has the score {named}."


def _cells() -> str:
    """Return the grid as text: ``Champions R5 F4-5; ...``."""
    cells = []
    for segment in SEGMENTS:
        spans: dict[str, list[int]] = {}
        for score in sorted(GRID, reverse=True):
            held = [position for position, name in enumerate(GRID[score], start=1) if name == segment]
            if held:
                spans.setdefault(_span(held), []).append(score)
        cells.append(f"{segment} " + ", ".join(f"R{_span(sorted(scores))} F{held}" for held, scores in spans.items()))
    return "; ".join(cells)


def _span(scores: Sequence[int]) -> str:
    return str(scores[0]) if len(scores) == 1 else f"{scores[0]}-{scores[-1]}"
