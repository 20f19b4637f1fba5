"""Answer to the question whom to reach: learned, judged, listed, and stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from segcore import __version__
from segcore.errors import DataError
from segcore.records.feature_table import unique_titles
from segcore.records.finding import Finding, Remedy
from segcore.records.target_question import METHODS, TargetQuestion, TargetsAnswer
from segcore.store.damage import if_readable
from segcore.system.digests import digest
from segcore.targets.contact_list import list_contacts, rank
from segcore.targets.curves import compare_rankings, most_profitable
from segcore.targets.expected_buyers import ExpectedBuyers, KnownOutcomes, expect_buyers
from segcore.targets.hold_out import HoldOut, detectable_difference, draw_hold_out, plan_hold_out
from segcore.targets.leaks import Leak, find_leaks
from segcore.targets.periods.snapshots import OWN, Snapshot
from segcore.targets.periods.three_periods import Periods, find_periods, open_again
from segcore.targets.plain_answer import (
    Judged,
    components_json,
    curve_json,
    groups_json,
    judged_json,
    later_json,
    model_json,
    rules_json,
    store_parts,
)
from segcore.targets.promotions import compare_promotions
from segcore.targets.rankings import Learned, learn, score_held_out, score_others
from segcore.targets.uplift import find_imbalance, measure_uplift, score_uplift
from segcore.wording.findings import refusal, sentence

if TYPE_CHECKING:
    from segcore.records.intake import DataRequest, Intake
    from segcore.store.store import Store

_EDITION = 4  # of the stored record; raising it invalidates the records stored before
_SEAL = "sha256"  # of the rest of the record: it is read by many who expect each of its parts
_LEAST = 10


def answer_key(intake: Intake, question: TargetQuestion) -> str:
    """Return the key under which the store has the answer to a question about loaded data."""
    from segcore.data.databases.stored_extract import require_file
    from segcore.intake.take_in import content_of_file

    if question.contacts is not None:
        require_file("contacts", question.contacts)
    contacts = None if question.contacts is None else content_of_file(question.contacts)
    asked = {"table": intake.table, "data": dict(intake.data), "question": question.to_json(), "contacts": contacts}
    return digest({"targets": _EDITION, "segcore": __version__, **asked})


def known_answer(store: Store, key: str) -> TargetsAnswer | None:
    """Return the stored answer, if the question was answered before and nothing of it was lost."""
    record = store.intake(key)
    if record is None or "question" not in record:
        return None

    def read() -> TargetsAnswer:
        if record.pop(_SEAL) != digest(record):
            raise ValueError("the answer is not what was stored")
        found = TargetsAnswer.from_json(record)
        store.check_objects((found.contacts, *found.parts.values()))
        return found

    return if_readable(read)


def find_targets(
    store: Store, intake: Intake, request: DataRequest, question: TargetQuestion, progress: Callable[[float], None] = lambda share: None
) -> TargetsAnswer:
    """Answer whom to reach, from the store if the same question was answered before.

    Parameters
    ----------
    store : Store
    intake : Intake
        Of the loaded data.
    request : DataRequest
        That led to it: its rows are read again.
    question : TargetQuestion
    progress : callable (float) -> None
        Called with the share done, 0 to 1.

    Raises
    ------
    SegcoreError
        If the data cannot answer it, in one sentence.
    """
    key = answer_key(intake, question)
    known = known_answer(store, key)
    if known is not None:
        return known
    opened = open_again(store, intake, request)
    progress(0.1)
    periods = find_periods(opened, question, request)
    progress(0.3)
    answer = _answer(store, periods, question, str(intake.data["name"]), lambda share: progress(0.3 + 0.65 * share))
    record = answer.to_json()
    store.put_intake(key, {**record, _SEAL: digest(record)})
    progress(1.0)
    return answer


def find_promotions(
    store: Store, intake: Intake, request: DataRequest, question: TargetQuestion, progress: Callable[[float], None] = lambda share: None
) -> list[dict[str, Any]]:
    """Return what `compare_promotions` finds for a question without a value, from the store if it was asked before."""
    key = answer_key(intake, question)
    known = known_promotions(store, key)
    if known is not None:
        return known
    opened = open_again(store, intake, request)
    progress(0.1)
    found = compare_promotions(opened, question, request, lambda share: progress(0.1 + 0.9 * share))
    store.put_intake(key, {"promotions": found})
    return found


def known_promotions(store: Store, key: str) -> list[dict[str, Any]] | None:
    """Return what is stored of `find_promotions`."""
    record = store.intake(key)
    return None if record is None or "promotions" not in record else if_readable(lambda: [dict(one) for one in record["promotions"]])


def _answer(store: Store, found: Periods, question: TargetQuestion, data: str, progress: Callable[[float], None]) -> TargetsAnswer:
    _require_enough(found, question)
    periods, notes = _without_leaks(found, question)
    learned = learn(periods, question, lambda share: progress(0.5 * share))
    candidates = periods.listed
    contacts = min(question.n_contacts, len(candidates.customers))
    if question.n_contacts > contacts:
        notes.append(Finding("targets.budget_above_all", values={"budget": question.n_contacts, "customers": contacts}))
    judged = _judge(periods, learned, contacts)
    if question.method not in judged.scores:
        raise refusal("targets.no_method", method=question.method, methods=[name for name in METHODS if name in judged.scores])
    comparison = compare_rankings(judged.outcome, judged.scores, budget=judged.budget, seed=question.seed)
    progress(0.6)
    scores = (
        score_others(learned, candidates) if periods.listed_rows is None else score_held_out(learned, periods.learned, periods.listed_rows)
    )
    order = rank(scores[question.method], seed=question.seed)
    first = scores["model"][order[:contacts]]
    rate = min(1.0, _expected(learned, periods, judged, first).factor * float(first.mean()))
    held = _hold_out(question, contacts, rate, len(candidates.customers))
    chosen = order[: contacts + held.size]
    apart = draw_hold_out(len(chosen), held.size, seed=question.seed)
    expected = _expected(learned, periods, judged, scores["model"][chosen[~apart]])
    # All figures of the list are at the level that the interval is around, so that they add up to it.
    probabilities = np.minimum(1.0, expected.factor * scores["model"])
    listed = list_contacts(periods, learned, question, order=chosen, probabilities=probabilities, held_out=apart)
    progress(0.8)
    document = {
        "subject": question.subject,
        "kind": question.kind,
        "base_rate": float(judged.outcome.mean()),
        "customers": len(candidates.customers),
        "budget": contacts,
        "expected": {**expected.to_json(), "profit": _profit(question, expected)},
        "stop": _stop(question, probabilities),
        "holdout": {"size": held.size, "detects": held.detectable, "wanted": held.wanted},
        "curves": {name: curve_json(curve, question) for name, curve in comparison.curves.items()},
        "judged": judged_json(periods, judged),
        "comparison": [one.to_json() for one in comparison.differences if question.method in (one.first, one.second)],
        "later_period": later_json(periods, comparison),
        "rules": [*rules_json(learned.rules, "rulefit", candidates), *rules_json(learned.search, "search", candidates)],
        "components": components_json(learned, candidates, question),
        "model": model_json(learned, periods, judged),
        "groups": groups_json(learned, periods, question),
        "uplift": _uplift(periods, question),
    }
    progress(0.95)
    parts = store_parts(store, learned, periods)
    return TargetsAnswer(question, data, document, (*periods.notes, *notes), store.put_frame(listed), parts)


def _require_enough(found: Periods, question: TargetQuestion) -> None:
    """Raise if there are too few buyers to learn from, too few others, or nobody to contact."""
    outcome = found.learned.outcome if found.learned.outcome is not None else np.zeros(0, dtype=bool)
    # Customers, of whom several windows have a row each.
    names = found.learned.customers.astype(str)
    customers, buyers = len(np.unique(names)), len(np.unique(names[outcome]))
    values: dict[str, Any] = {
        "subject": question.subject,
        "buyers": buyers,
        "customers": customers,
        "least": _LEAST,
        "of": question.kind,
        "new": question.kind == "purchase" and not question.again,
    }
    wider = "include_earlier" if values["new"] else None
    if buyers < _LEAST:
        raise refusal("targets.few_buyers", remedy=wider, **values)
    if customers - buyers < _LEAST:
        raise refusal("targets.few_others", **values)
    if not len(found.listed.customers):
        raise refusal("targets.nobody_left", remedy=wider, **values)
    if found.judged is not None and found.judged.outcome is not None and not found.judged.outcome.any():
        raise refusal("targets.no_judged_buyers", first=found.judged_from, last=found.judged_to, **values)


def _without_leaks(found: Periods, question: TargetQuestion) -> tuple[Periods, list[Finding]]:
    """Return the periods without features that are all alike or tell the outcome by themselves, and findings on the latter."""
    known = found.learned
    entries = {entry.name: entry for entry in known.entries}
    leaks = find_leaks(known.X, np.asarray(known.outcome), known.names, seed=question.seed)
    # Rules for columns name those of a table; features of order lines are made of several.
    named = {leak.feature: entries[leak.feature].block or leak.feature for leak in leaks}
    leaks = tuple(leak for leak in leaks if not {leak.feature, named[leak.feature]} & set(question.keep))
    constant = [name for at, name in enumerate(known.names) if np.ptp(known.X[:, at]) == 0 or _says_again(known, at)]
    columns = list(dict.fromkeys(named[leak.feature] for leak in leaks))
    # The other categories of a leaking column would tell the same together.
    leaking = {entry.name for entry in known.entries if entry.name in columns or (entry.block and entry.block in columns)}
    dropped = sorted({*constant, *(leak.feature for leak in leaks), *leaking})
    if len(dropped) == len(known.names):
        if leaks:
            raise refusal("targets.only_leaks", kind=DataError, remedy=Remedy("keep_leak", {"column": columns[0]}), columns=columns)
        raise refusal("targets.nothing_varies", kind=DataError, customers=len(known.customers))
    titles = unique_titles(known.entries)
    strongest = {named[leak.feature]: leak for leak in reversed(leaks)}
    notes = [_leak_note(name, titles.get(name, name), strongest[name]) for name in columns]
    judged = None if found.judged is None else found.judged.without(dropped)
    return replace(found, learned=known.without(dropped), judged=judged, listed=found.listed.without(dropped)), notes


def _says_again(known: Snapshot, at: int) -> bool:
    """Tell whether a feature of what is promoted is also one of its category, such as the share of spend on a department."""
    if known.names[at] not in OWN:
        return False
    return any(np.allclose(known.X[:, at], known.X[:, other]) for other, name in enumerate(known.names) if name not in OWN)


def _leak_note(column: str, title: str, leak: Leak) -> Finding:
    values = {"feature": column, "title": title, "auc": leak.area.value}
    return Finding("targets.leak", "warning", values, Remedy("keep_leak", {"column": column}))


def _judge(periods: Periods, learned: Learned, contacts: int) -> Judged:
    if periods.judged is not None and periods.judged.outcome is not None:
        rows, outcome, scores = None, periods.judged.outcome, score_others(learned, periods.judged)
    else:
        rows = learned.held_out
        outcome, scores = np.asarray(periods.learned.outcome)[rows], score_held_out(learned, periods.learned, rows)
    share = contacts / len(periods.listed.customers)
    return Judged(rows, outcome, scores, int(np.clip(round(share * len(outcome)), 1, len(outcome))))


def _hold_out(question: TargetQuestion, contacts: int, rate: float, customers: int) -> HoldOut:
    planned = plan_hold_out(contacts, rate=rate, customers=customers)
    if question.holdout is None:
        return planned
    size = min(question.holdout, customers - contacts)
    return replace(planned, size=size, detectable=detectable_difference(contacts, size, rate=rate))


def _expected(learned: Learned, periods: Periods, judged: Judged, probabilities: np.ndarray) -> ExpectedBuyers:
    """Return how many of the contacted will buy, with a 95 % prediction interval."""
    known = KnownOutcomes(learned.model.probabilities, np.asarray(periods.learned.outcome))
    later = KnownOutcomes(judged.scores["model"], judged.outcome) if judged.rows is None else None
    return expect_buyers(probabilities, known, later=later)


def _profit(question: TargetQuestion, expected: ExpectedBuyers) -> float | None:
    """Return what the contacts bring in less what they cost; ``None`` without a value of a buyer."""
    return None if question.worth is None else question.worth * expected.buyers - (question.cost or 0.0) * expected.contacts


def _stop(question: TargetQuestion, probabilities: np.ndarray) -> dict[str, Any] | None:
    """Return the number of contacts with the largest expected profit; ``None`` without a value of a buyer."""
    if question.worth is None:
        return None
    return most_profitable(probabilities, value=question.worth, cost=question.cost or 0.0).to_json()


def _uplift(periods: Periods, question: TargetQuestion) -> dict[str, Any] | None:
    """Return how the treatment changed who bought; ``None`` without a declared treatment."""
    if periods.treated is None:
        return None
    outcome, known = np.asarray(periods.learned.outcome), periods.learned
    scores = score_uplift(known.X, outcome, periods.treated, seed=question.seed)
    share = min(1.0, question.n_contacts / len(periods.listed.customers))
    found = measure_uplift(outcome, periods.treated, scores, budget=max(1, round(share * len(outcome))), seed=question.seed)
    imbalance = find_imbalance(known.X, periods.treated, known.names)
    return {**found.to_json(), "imbalance": None if imbalance is None else sentence(imbalance)}
