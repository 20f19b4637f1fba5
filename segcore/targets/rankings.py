"""Methods that rank customers: what each learns from the customers whose outcome is known, and how it scores others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from segcore.errors import DataError
from segcore.prediction.classifier import Classifier, fit_classifier
from segcore.prediction.contributions import Contributions, explain_held_out
from segcore.records.target_question import TargetQuestion
from segcore.targets.buyers.buyer_components import BuyerComponents, describe_components
from segcore.targets.buyers.buyer_groups import draw_explained
from segcore.targets.buyers.buyer_rules import BuyerRules, find_buyer_rules
from segcore.targets.periods.snapshots import Snapshot
from segcore.targets.periods.three_periods import Periods

Found = TypeVar("Found")
PAST, RANDOM = "past buyers", "random"
_MOST_IN_MIXTURE = 8


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What was learned from the customers whose outcome is known.

    Parameters
    ----------
    model : Classifier
    explained : Contributions
        Held-out SHAP values of ``explained_rows``.
    explained_rows : ndarray of shape (n_explained,), int
    components : BuyerComponents or None
        ``None`` where the buyers are too few or all alike.
    mixed : ndarray of int
        Features that the components are made of: those that matter most to the model.
    rules, search : BuyerRules or None
        By RuleFit, and by the search for short rules.
    """

    model: Classifier
    explained: Contributions
    explained_rows: np.ndarray
    components: BuyerComponents | None
    mixed: np.ndarray
    rules: BuyerRules | None
    search: BuyerRules | None

    @property
    def held_out(self) -> np.ndarray:
        """Rows of the customers whom neither components nor rules were fitted to, ascending."""
        parts = [found.held_out for found in (self.components, self.rules) if found is not None]
        rows = np.arange(len(self.model.fold))
        for part in parts:
            rows = np.intersect1d(rows, part)
        return rows


def learn(periods: Periods, question: TargetQuestion, progress: Callable[[float], None]) -> Learned:
    """Fit every method to the customers whose outcome is known.

    Parameters
    ----------
    periods : Periods
    question : TargetQuestion
    progress : callable (float) -> None
        Called with the share done, 0 to 1.

    Raises
    ------
    ParameterError
        If there are too few of either outcome for a model.
    """
    known, outcome = periods.learned, _outcome(periods.learned)
    owners = known.owners
    model = fit_classifier(known.X, outcome, seed=question.seed, owners=owners, progress=lambda share: progress(0.3 * share))
    rows = draw_explained(len(outcome), seed=question.seed)
    explained = explain_held_out(model, known.X, rows)
    progress(0.4)
    mixed = np.sort(np.argsort(-explained.importance, kind="stable")[:_MOST_IN_MIXTURE])
    components = _if_enough(lambda: describe_components(known.X[:, mixed], outcome, spend=periods.worth, seed=question.seed, owners=owners))
    progress(0.7)
    frame = frame_of(known)
    rules = _if_enough(lambda: find_buyer_rules(frame, outcome, method="rulefit", seed=question.seed, owners=owners))
    progress(0.85)
    search = _if_enough(lambda: find_buyer_rules(frame, outcome, method="search", seed=question.seed, owners=owners))
    progress(1.0)
    return Learned(model, explained, rows, components, mixed, rules, search)


def _if_enough(find: Callable[[], Found]) -> Found | None:
    try:
        return find()
    except DataError:
        return None


def _outcome(known: Snapshot) -> np.ndarray:
    if known.outcome is None:
        raise ValueError("The outcome of these customers is not known.")
    return known.outcome


def frame_of(found: Snapshot) -> Mapping[str, np.ndarray]:
    """Return the features of customers as columns by name."""
    return {name: found.X[:, at] for at, name in enumerate(found.names)}


def score_others(learned: Learned, found: Snapshot) -> dict[str, np.ndarray]:
    """Return the scores of customers by every method and baseline, each of shape (n_customers,), the highest first.

    Parameters
    ----------
    learned : Learned
    found : Snapshot
        Customers at another moment than those learned from.
    """
    return _scored(learned, found, learned.model.predict(found.X))


def score_held_out(learned: Learned, known: Snapshot, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return the scores of some of the customers learned from, ``rows`` of shape (n_rows,): the model's are held out."""
    return _scored(learned, known.take(rows), learned.model.probabilities[rows])


def _scored(learned: Learned, found: Snapshot, probabilities: np.ndarray) -> dict[str, np.ndarray]:
    scores = {"model": probabilities}
    if learned.components is not None:
        scores["components"] = learned.components.scores(found.X[:, learned.mixed], learned.components.first_choice)
    if learned.rules is not None and learned.rules.together is not None:
        scores["rules"] = learned.rules.scores(frame_of(found))
    return {**scores, **baselines(found)}


def baselines(found: Snapshot) -> dict[str, np.ndarray]:
    """Return the scores of customers by what needs no model: recency, earlier purchases or responses, and nothing at all."""
    scores = {} if found.recency is None else {"recency": -found.recency}
    if np.ptp(found.before) > 0:
        scores[PAST] = found.before
    return {**scores, RANDOM: np.zeros(len(found.customers))}
