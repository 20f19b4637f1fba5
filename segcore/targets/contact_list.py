"""List of customers to contact: ranked, with a reason each, and a random hold-out of the same ranks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segcore.prediction.contributions import explain_held_out, explain_others
from segcore.records.feature_table import unique_titles
from segcore.records.target_question import TargetQuestion
from segcore.segments.rules.condition import ColumnTitles
from segcore.targets.periods.snapshots import Snapshot
from segcore.targets.periods.three_periods import Periods
from segcore.targets.rankings import Learned, frame_of
from segcore.targets.reasons import reasons_of
from segcore.wording.numbers import counted

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_BY_ALL_FOLDS = 20_000
"""Ranks with reasons of all folds; of others, one fold's, which names the same strongest reason for 83 % of customers."""


def rank(scores: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Return customers by score, the highest first, equal ones in random order, shape (n_customers,), int."""
    by_chance = np.random.default_rng([seed, 7]).random(len(scores))
    return np.lexsort((by_chance, -scores))


def list_contacts(
    periods: Periods, learned: Learned, question: TargetQuestion, *, order: np.ndarray, probabilities: np.ndarray, held_out: np.ndarray
) -> pd.DataFrame:
    """Return the customers to contact and those held out, one row each, by rank.

    Parameters
    ----------
    periods : Periods
    learned : Learned
    question : TargetQuestion
    order : ndarray of int
        Rows of ``periods.listed``, by rank, shape (n_ranks,): as many as there are contacts and customers held out.
    probabilities : ndarray of shape (n_listed,), float64
        Calibrated, of all candidates.
    held_out : ndarray of shape (n_ranks,), bool
        Who of ``order`` is not contacted.

    Returns
    -------
    DataFrame
        ``customer_id``, ``rank`` from 1, ``probability``, ``expected_value`` (value of a buyer times the probability, less the cost of the
        contact; missing without a value), ``reason`` and ``group``, "contact" or "holdout".
    """
    import pandas as pd

    chosen = periods.listed.take(order)
    p = probabilities[order]
    worth = np.full(len(order), np.nan) if question.worth is None else question.worth * p - (question.cost or 0.0)
    return pd.DataFrame(
        {
            "customer_id": chosen.customers,
            "rank": np.arange(1, len(order) + 1),
            "probability": p,
            "expected_value": worth,
            "reason": _reasons(periods, learned, question, chosen, order),
            "group": np.where(held_out, "holdout", "contact"),
        }
    )


def _reasons(periods: Periods, learned: Learned, question: TargetQuestion, chosen: Snapshot, order: np.ndarray) -> list[str]:
    if question.method == "recency" and chosen.recency is not None:
        return [f"Last order {counted(int(days), 'day')} ago" for days in chosen.recency.tolist()]
    if question.method == "components" and learned.components is not None:
        distances = learned.components.mixture.squared_distances(chosen.X[:, learned.mixed])
        ticked = list(learned.components.first_choice)
        nearest = np.asarray(ticked)[distances[:, ticked].argmin(axis=1)]
        return [f"Near component {label + 1}" for label in nearest.tolist()]
    if question.method == "rules" and learned.rules is not None:
        return _best_rules(learned, chosen)
    if periods.listed_rows is None:
        contributions = explain_others(learned.model, chosen.X, by_all_folds=_BY_ALL_FOLDS)
    else:
        contributions = explain_held_out(learned.model, periods.learned.X, periods.listed_rows[order])
    return reasons_of(contributions.values, chosen.X, np.median(periods.listed.X, axis=0), chosen.entries)


def _best_rules(learned: Learned, chosen: Snapshot) -> list[str]:
    """Return the text of the most important rule that each customer meets."""
    frame, titles = frame_of(chosen), titles_of(chosen)
    found = np.full(len(chosen.customers), "Meets none of the rules", dtype=object)
    if learned.rules is not None:
        for one in reversed(learned.rules.rules):
            if one.raises:
                meets = np.logical_and.reduce([condition.meets(frame[condition.feature]) for condition in one.rule.conditions])
                found[meets] = one.rule.text(titles)
    return [str(text) for text in found]


def list_rows(found: pd.DataFrame) -> pa.Table:
    """Return a stored list for a file."""
    import pyarrow as pa

    return pa.Table.from_pandas(found, preserve_index=False)


def titles_of(found: Snapshot) -> ColumnTitles:
    """Return the titles of the features for rules."""
    flags = frozenset(entry.name for entry in found.entries if entry.kind != "number")
    return ColumnTitles(unique_titles(found.entries), flags)
