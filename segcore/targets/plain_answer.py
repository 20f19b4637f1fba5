"""Answer to the question whom to reach as plain values, and what its figures are drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segcore.errors import DataError
from segcore.prediction.contributions import Contributions
from segcore.prediction.explained import ColumnGroups, Explained
from segcore.prediction.held_out import auc, calibration_bins
from segcore.records.feature_table import FeatureEntry, unique_titles
from segcore.records.target_question import TargetQuestion, TargetsAnswer
from segcore.segments.maps.customer_map import Area, CustomerMap
from segcore.targets.buyers.buyer_components import map_components
from segcore.targets.buyers.buyer_groups import group_buyers
from segcore.targets.buyers.buyer_rules import BuyerRules
from segcore.targets.contact_list import titles_of
from segcore.targets.curves import RankingComparison, RankingCurve
from segcore.targets.periods.snapshots import Snapshot
from segcore.targets.periods.three_periods import Periods
from segcore.targets.rankings import Learned, frame_of
from segcore.wording.targets import buyers_text

if TYPE_CHECKING:
    import pandas as pd

    from segcore.store.store import Store

_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Customers with a known outcome on whom methods are compared, and the budget that corresponds to the question's.

    Parameters
    ----------
    rows : ndarray of int, or None
        Rows of the customers learned from; ``None`` for those of the later period.
    outcome : ndarray of shape (n_judged,), bool
    scores : mapping of str to ndarray of shape (n_judged,), float64
    budget : int
        The same share of these customers as the question's budget is of the candidates.
    """

    rows: np.ndarray | None
    outcome: np.ndarray
    scores: Mapping[str, np.ndarray]
    budget: int


def curve_json(curve: RankingCurve, question: TargetQuestion) -> dict[str, Any]:
    """Return a curve: budgets, lift with its interval, gain, rate, and profit if a buyer has a value."""
    lift, gain, rate = curve.lift, curve.gain, curve.rate
    found = {
        "budget": curve.budgets.tolist(),
        **{"lift": lift.value.tolist(), "low": lift.low.tolist(), "high": lift.high.tolist()},
        "gain": gain.to_json(),
        "rate": rate.to_json(),
    }
    if question.worth is not None:
        found["profit"] = curve.profit(value=question.worth, cost=question.cost or 0.0).to_json()
    return found


def judged_json(periods: Periods, judged: Judged) -> dict[str, Any]:
    """Return on whom methods are compared."""
    return {
        "customers": len(judged.outcome),
        "buyers": int(judged.outcome.sum()),
        "budget": judged.budget,
        "later": judged.rows is None,
        "learned_customers": len(periods.learned.customers),
        "learned_buyers": int(np.asarray(periods.learned.outcome).sum()),
    }


def later_json(periods: Periods, comparison: RankingComparison) -> dict[str, Any] | None:
    """Return the judged period with the lift of each method at the budget; ``None`` without a later period."""
    if periods.judged is None:
        return None
    place = {name: curve.place(comparison.budget) for name, curve in comparison.curves.items()}
    lifts = {name: curve.lift.at(place[name], curve.n_customers) for name, curve in comparison.curves.items()}
    at_budget = {name: {"value": lift.value, "low": lift.low, "high": lift.high} for name, lift in lifts.items()}
    return {"from": periods.judged_from, "to": periods.judged_to, "lift_at_budget": at_budget}


def rules_json(found: BuyerRules | None, method: str, candidates: Snapshot) -> list[dict[str, Any]]:
    """Return the rules of one method, with their text."""
    if found is None:
        return []
    titles = titles_of(candidates)
    return [{"method": method, **one.to_json(), "words": one.rule.text(titles)} for one in found.rules]


def components_json(learned: Learned, candidates: Snapshot, question: TargetQuestion) -> dict[str, Any] | None:
    """Return the components of the buyers; ``None`` without any."""
    found = learned.components
    if found is None:
        return None
    names = [candidates.names[at] for at in learned.mixed]
    near = found.mixture.inside(candidates.X[:, learned.mixed])
    ticked = set(found.first_choice)
    return {
        "sentence": found.words(buyers_text({"kind": question.kind})),
        "covariance_type": found.mixture.params["covariance_type"],
        "features": names,
        "bic": [{"covariance_type": kind, "n_components": n, "bic": value} for (kind, n), value in found.bic.items()],
        "p_value": None if found.evidence is None else found.evidence.p_value,
        "components": [
            {
                "component": one.label + 1,
                "ticked": one.label in ticked,
                "share": one.share.to_json(),
                "mean": dict(zip(names, one.mean, strict=True)),
                "buyers_inside": one.buyers_inside.to_json(),
                "near": one.near.to_json(),
                "candidates": int(near[:, one.label].sum()),
                "spend": None if one.spend is None else one.spend.to_json(),
            }
            for one in found.components
        ],
    }


def model_json(learned: Learned, periods: Periods, judged: Judged) -> dict[str, Any]:
    """Return how well the model predicts, on the later period if there is one, and what it rests on."""
    if judged.rows is None:
        outcome, probabilities = judged.outcome, judged.scores["model"]
    else:
        outcome, probabilities = np.asarray(periods.learned.outcome), learned.model.probabilities
    area = auc(outcome, probabilities) if min(outcome.sum(), (~outcome).sum()) >= 2 else None
    titles = unique_titles(periods.learned.entries)
    order = np.argsort(-learned.explained.importance, kind="stable")[:_MOST_SHOWN]
    return {
        "auc": None if area is None else {"value": area.value, "low": area.low, "high": area.high},
        "measured_on": "later period" if judged.rows is None else "held out",
        "calibration": [one.to_json() for one in calibration_bins(outcome, probabilities)],
        "features": [
            {"feature": periods.learned.names[at], "title": titles[periods.learned.names[at]], "importance": float(importance)}
            for at, importance in ((at, learned.explained.importance[at]) for at in order.tolist())
            if importance > 0
        ],
    }


def groups_json(learned: Learned, periods: Periods, question: TargetQuestion) -> dict[str, Any] | None:
    """Return the groups of customers with similar SHAP values."""
    known, rows = periods.learned, learned.explained_rows
    try:
        found = group_buyers(learned.explained, np.asarray(known.outcome)[rows], frame_of(known.take(rows)), seed=question.seed)
    except DataError:
        return None  # no feature contributes: the model's area says so
    titles, plain = titles_of(known), unique_titles(known.entries)
    return {
        "customers": len(rows),
        "agreement": found.agreement,
        "labels": found.labels.tolist(),
        "groups": [
            {
                "group": one.label + 1,
                **one.found.to_json(),
                "log_odds": one.log_odds,
                "strongest": [{"feature": name, "title": plain[name], "contribution": value} for name, value in one.strongest(known.names)],
                "rule": None if one.rules.chosen is None else one.rules.chosen.text(titles),
                "no_rule": one.rules.reason,
            }
            for one in found.groups
        ],
    }


def store_parts(store: Store, learned: Learned, periods: Periods) -> dict[str, str]:
    """Store what figures are drawn from: values, SHAP values and outcomes of the customers explained, and the map of components."""
    known, rows = periods.learned, learned.explained_rows
    outcome = np.asarray(known.outcome)
    parts = {
        "features": store.put_json([entry.to_json() for entry in known.entries]),
        "customers": store.put_json(known.customers[rows].tolist()),
        "values": store.put_array(known.X[rows]),
        "outcome": store.put_array(outcome[rows]),
        "contributions": store.put_array(learned.explained.values),
        "base": store.put_array(learned.explained.base),
    }
    if periods.listed.until is not None:
        parts["candidates"] = store.put_frame(_read_by_rules(learned, periods.listed))
    if learned.components is None:
        return parts
    places = map_components(learned.components, known.X[:, learned.mixed], outcome, known.customers)
    areas = [
        {"component": label, "customers": area.customers, "mean": area.mean.tolist(), "covariance": _plain(area.covariance)}
        for label, area in places.areas.items()
    ]
    plane = {"shares": list(places.shares or ()), "areas": areas, "dimensions": places.dimensions}
    shown = places.shown
    return parts | {
        "map": store.put_json({**plane, "customers": places.customers[shown].tolist()}),
        "map_places": store.put_array(places.places[shown]),
        "map_labels": store.put_array(places.labels[shown]),
        "map_values": store.put_array(learned.components.mixture.standardised(known.X[shown][:, learned.mixed])),
    }


def _read_by_rules(learned: Learned, candidates: Snapshot) -> pd.DataFrame:
    """Return the features that the rules read, one row per candidate: those of order lines are in no other table on the list's day."""
    import pandas as pd

    rules = [one.rule for found in (learned.rules, learned.search) if found is not None for one in found.rules]
    used = {condition.feature for rule in rules for condition in rule.conditions}
    columns = {name: candidates.X[:, at] for at, name in enumerate(candidates.names) if name in used}
    return pd.DataFrame({"customer_id": candidates.customers, **columns})


def _plain(covariance: np.ndarray | None) -> list[list[float]] | None:
    return None if covariance is None else covariance.tolist()


def explained_of(store: Store, answer: TargetsAnswer) -> tuple[Explained, np.ndarray]:
    """Return the customers explained, with the SHAP values of the model, and who of them bought, shape (n_customers,), bool.

    Raises
    ------
    StoreError
        If a part was lost.
    """
    parts = answer.parts
    groups = ColumnGroups.of_entries([FeatureEntry.from_json(entry) for entry in store.json(parts["features"])])
    contributions = Contributions(np.asarray(store.array(parts["contributions"])), np.asarray(store.array(parts["base"])))
    customers = np.array(store.json(parts["customers"]), dtype=object)
    values = groups.values(np.asarray(store.array(parts["values"])))
    return Explained(customers, groups.features, values, groups.add_up(contributions)), np.asarray(store.array(parts["outcome"]))


def map_of_buyers(store: Store, answer: TargetsAnswer) -> CustomerMap | None:
    """Return the linear map of the buyers with their components, and of others; ``None`` without components.

    Raises
    ------
    StoreError
        If a part was lost.
    """
    parts = answer.parts
    if "map" not in parts:
        return None
    record = store.json(parts["map"])
    areas = {
        area["component"]: Area(
            area["customers"], np.array(area["mean"]), None if area["covariance"] is None else np.array(area["covariance"])
        )
        for area in record["areas"]
    }
    places, labels = np.asarray(store.array(parts["map_places"])), np.asarray(store.array(parts["map_labels"]))
    customers = np.array(record["customers"], dtype=object)
    shares = (record["shares"][0], record["shares"][1])
    return CustomerMap(customers, places, labels, shares, areas, np.arange(len(labels)), record["dimensions"], of_mixture=True)
