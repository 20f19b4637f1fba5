"""All departments, or all values of another column, promoted one after the other: where a model finds buyers, and where a habit does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from segcore.errors import DataError, ParameterError, SegcoreError
from segcore.prediction.classifier import draw_folds, fit_classifier
from segcore.records.target_question import CAMPAIGN, TargetQuestion
from segcore.targets.curves import compare_rankings
from segcore.targets.periods.contacts import Contacts
from segcore.targets.periods.three_periods import Opened, Periods, contacts_of, find_periods, history_of, periods_of_purchases
from segcore.targets.rankings import baselines
from segcore.wording.findings import refusal

if TYPE_CHECKING:
    from segcore.records.intake import DataRequest

MOST_VALUES = 30


def compare_promotions(
    opened: Opened, question: TargetQuestion, request: DataRequest, progress: Callable[[float], None] = lambda share: None
) -> list[dict[str, Any]]:
    """Judge the model and the better baseline for every promoted value, on the later period.

    Parameters
    ----------
    opened : Opened
    question : TargetQuestion
        Its value is ``None``.
    request : DataRequest
    progress : callable (float) -> None
        Called with the share done, 0 to 1.

    Returns
    -------
    list of mapping
        One per value, those that most customers buy first, at most 30: ``value``, ``candidates``, ``buyers``, ``base_rate``, ``budget``,
        ``model`` and ``baseline`` (lift at the budget: ``name``, ``value``, ``low``, ``high``), ``winner`` ("model", the name of the
        baseline, or ``None``), and ``reason`` where there is no figure.

    Raises
    ------
    ParameterError
        If there is no such column.
    DataError
        If the data are too short.

    Notes
    -----
    Which baseline is the better one is found out on one half of the judged customers; every figure is of the other half.
    """
    if opened.dataset.kind != "transactions":
        raise refusal("targets.promote_needs_lines", kind=ParameterError, column=question.promote, data=opened.dataset.kind)
    rows = []
    if question.promote == CAMPAIGN and (question.contacts is not None or CAMPAIGN not in opened.raw.names):
        values = _campaigns(contacts_of(opened, question))
        for done, value in enumerate(values, 1):
            rows.append(_row(value, question, lambda asked: find_periods(opened, asked, request)))
            progress(done / len(values))
        return rows
    texts, codes = opened.coded(question.promote or "")
    history = history_of(opened)
    counts = Counter(codes[np.unique(codes * len(history.ids) + history.customers, return_index=True)[1]].tolist())
    common = [code for code, _ in counts.most_common(MOST_VALUES + 1) if code >= 0][:MOST_VALUES]
    for done, code in enumerate(common, 1):
        promoted = history.promoting(codes == code, texts[code])
        rows.append(_row(texts[code], question, lambda asked, promoted=promoted: periods_of_purchases(promoted, asked)))  # type: ignore[misc]
        progress(done / len(common))
    return rows


def _campaigns(contacts: Contacts) -> list[str]:
    counts = Counter(contacts.campaigns.tolist())
    return [name for name, _ in counts.most_common(MOST_VALUES)]


def _row(value: str, question: TargetQuestion, find: Callable[[TargetQuestion], Periods]) -> dict[str, Any]:
    from dataclasses import replace

    empty = dict.fromkeys(("candidates", "buyers", "base_rate", "budget", "model", "baseline", "winner"))
    try:
        found = find(replace(question, value=value))
        return {"value": value, **empty, **_judged(found, question), "reason": None}
    except SegcoreError as error:
        return {"value": value, **empty, "reason": str(error)}


def _judged(found: Periods, question: TargetQuestion) -> dict[str, Any]:
    judged, learned = found.judged, found.learned
    if judged is None or judged.outcome is None:
        raise refusal("targets.no_later_period", kind=DataError)
    if not len(found.listed.customers):
        raise refusal("targets.nobody_left", subject=question.subject, of=question.kind, new=not question.again)
    half = draw_folds(judged.outcome, folds=2, seed=question.seed) == 0
    counts = {
        "candidates": len(found.listed.customers),
        "buyers": int(judged.outcome.sum()),
        "base_rate": float(judged.outcome.mean()) if len(judged.outcome) else None,
    }
    if min(int(part.sum()) for part in (judged.outcome[half], judged.outcome[~half])) < 2:
        raise refusal("targets.few_judged", kind=DataError, buyers=counts["buyers"], of=question.kind)
    outcome = np.asarray(learned.outcome)
    model = fit_classifier(learned.X, outcome, seed=question.seed, owners=learned.owners)
    scores = {"model": model.predict(judged.X), **baselines(judged)}
    budgets = [max(1, round(min(1.0, question.n_contacts / len(found.listed.customers)) * int(part.sum()))) for part in (half, ~half)]
    first = compare_rankings(judged.outcome[half], {name: one[half] for name, one in scores.items()}, budget=budgets[0], seed=question.seed)
    lifts = {name: float(curve.lift.value[curve.place(budgets[0])]) for name, curve in first.curves.items() if name != "model"}
    best = max(lifts, key=lambda name: lifts[name])
    pair = {name: scores[name][~half] for name in ("model", best)}
    second = compare_rankings(judged.outcome[~half], pair, budget=budgets[1], seed=question.seed)
    places = {name: curve.lift.at(curve.place(budgets[1]), curve.n_customers) for name, curve in second.curves.items()}
    lift = {name: {"name": name, "value": one.value, "low": one.low, "high": one.high} for name, one in places.items()}
    winner = second.difference("model", best).winner
    return {**counts, "budget": budgets[1], "model": lift["model"], "baseline": lift[best], "winner": winner}
