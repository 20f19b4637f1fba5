"""Groups of customers with similar reasons to buy: clusters of the SHAP values of a classifier that did not see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segcore.clustering.algorithms.kmeans import KMEANS
from segcore.clustering.quality.silhouette import SilhouetteScorer
from segcore.clustering.specification.task import SweepTask
from segcore.errors import ParameterError
from segcore.prediction.contributions import Contributions
from segcore.records.estimate import Estimate
from segcore.segments.maps.neighbour_layout import neighbour_layout
from segcore.segments.rules.rule import SegmentRules
from segcore.segments.rules.search import find_rules
from segcore.targets.buyers.selected_customers import Selection, measure_selection, require_buyers
from segcore.wording.findings import refusal

if TYPE_CHECKING:
    from segcore.segments.rules.condition import Frame

MOST_EXPLAINED = 10_000
_COUNTS = tuple(range(2, 9))
_STARTS = 5
_NEIGHBOURS = 200


@dataclass(frozen=True, slots=True)
class BuyerGroup:
    """Customers with similar contributions.

    Parameters
    ----------
    label : int
        From 0, the highest mean log-odds first.
    found : Selection
        The group's customers as a selection: its precision is the real share of buyers, its lift how often that is everybody's.
    log_odds : float
        Mean of what the classifier predicts, before calibration.
    contributions : tuple of float
        Mean SHAP value of each feature, in log-odds: above 0, it raises the chance to buy.
    rules : SegmentRules
        The shortest rule that finds the group by its features, or why there is none.
    """

    label: int
    found: Selection
    log_odds: float
    contributions: tuple[float, ...]
    rules: SegmentRules

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "label": self.label,
            "found": self.found.to_json(),
            "log_odds": self.log_odds,
            "contributions": list(self.contributions),
            **self.rules.to_json(),
        }

    def strongest(self, names: Sequence[str], most: int = 3) -> tuple[tuple[str, float], ...]:
        """Return the features with the largest mean contributions, whatever their sign, each with its contribution.

        Parameters
        ----------
        names : sequence of str, one per feature
        most : int
        """
        order = np.argsort(-np.abs(self.contributions), kind="stable")[:most]
        return tuple((names[at], self.contributions[at]) for at in order.tolist() if self.contributions[at] != 0)


@dataclass(frozen=True, slots=True, eq=False)
class BuyerGroups:
    """Clusters of SHAP values beside who really buys.

    Parameters
    ----------
    labels : ndarray of shape (n_customers,), int
        Group of each customer explained.
    silhouettes : mapping of int to Estimate
        Of each number of groups tried.
    groups : tuple of BuyerGroup
        The first is the one that the classifier predicts to buy most. It is not picked by who bought, so that its precision and recall
        are not too good.
    agreement : float
        Adjusted Rand index of groups and buyers: 1 if the groups are the buyers and the others, 0 as by chance.
    """

    labels: np.ndarray
    silhouettes: Mapping[int, Estimate]
    groups: tuple[BuyerGroup, ...]
    agreement: float


def draw_explained(n_customers: int, *, seed: int = 0) -> np.ndarray:
    """Return which customers to explain, ascending: all of at most 10,000, else so many at random, with the true share of buyers."""
    if n_customers <= MOST_EXPLAINED:
        return np.arange(n_customers)
    return np.sort(np.random.default_rng(seed).choice(n_customers, MOST_EXPLAINED, replace=False))


def group_buyers(explained: Contributions, bought: np.ndarray, frame: Frame, *, n_groups: int | None = None, seed: int = 0) -> BuyerGroups:
    """Cluster held-out SHAP values by k-means, and compare the groups with who really bought.

    Parameters
    ----------
    explained : Contributions
        Of at most 10,000 customers, see `draw_explained`, each explained by trees that did not see them, as `explain_held_out` does.
    bought : ndarray of shape (n_customers,), bool
        Of the same customers.
    frame : DataFrame, or mapping of str to column
        What the rules are made of, one row per customer, such as the features in their units.
    n_groups : int or None
        2 to 8; by default the number with the highest silhouette.
    seed : int
        Of k-means and of the rules.

    Raises
    ------
    DataError
        If there are too few buyers or others, no feature contributes anything, or there are fewer different customers than groups.
    ParameterError
        If ``n_groups`` is out of range.

    Notes
    -----
    SHAP values have the same unit, log-odds, so that they are clustered unscaled: features without influence do not count. The clusters
    are in the space of the values, not on a map of them.

    References
    ----------
    Lundberg, Erion and Lee (2018), arXiv:1802.03888, 4 (supervised clustering).
    """
    from sklearn.metrics import adjusted_rand_score

    if n_groups is not None and n_groups not in _COUNTS:
        raise ParameterError.out_of_range("n_groups", n_groups, _COUNTS[0], _COUNTS[-1])
    require_buyers(bought)
    distinct = len(np.unique(explained.values, axis=0))
    tried = [number for number in _COUNTS if number <= distinct and n_groups in (None, number)]
    if distinct < _COUNTS[0]:
        raise refusal("targets.no_contribution", customers=len(bought))
    if not tried:
        raise refusal("targets.few_distinct", customers=len(bought), distinct=distinct)
    found = _clusterings(explained.values, tried, seed)
    scores = dict(zip(found, SilhouetteScorer(explained.values, seed=seed).score_all(list(found.values())), strict=True))
    heights = {number: -1.0 if one.value is None else one.value for number, one in scores.items()}
    best = max(found, key=lambda number: (heights[number], -number))
    labels = _richest_first(found[best], explained.log_odds)
    rules = {one.label: one for one in find_rules(frame, labels, seed=seed)}
    groups = tuple(_group(label, labels == label, explained, bought, rules[label]) for label in np.unique(labels).tolist())
    return BuyerGroups(labels, scores, groups, float(adjusted_rand_score(bought, labels)))


def look_at_contributions(values: np.ndarray, *, seed: int = 0, progress: Callable[[float], None] = lambda share: None) -> np.ndarray:
    """Place customers on a map by UMAP so that similar contributions are near: to look at, not to cluster.

    Parameters
    ----------
    values : ndarray of shape (n_customers, n_features), float64
        SHAP values; of more than 10,000 different ones, the others are placed among a sample.
    seed : int
    progress : callable (float) -> None
        Called with the share done, 0 to 1.

    Returns
    -------
    ndarray of shape (n_customers, 2), float64
        Without a unit: only who is near whom means something.

    Raises
    ------
    DataError
        If fewer than four customers differ.

    Notes
    -----
    With 200 neighbours, of fewer customers all, and a least distance of 0, as for finding clusters. See `neighbour_layout`.

    References
    ----------
    McInnes, Healy and Melville (2018), arXiv:1802.03426.
    """
    found = neighbour_layout(values, "umap", most=MOST_EXPLAINED, n_neighbors=_NEIGHBOURS, min_dist=0.0, seed=seed, progress=progress)
    return found.places


def _clusterings(values: np.ndarray, numbers: Sequence[int], seed: int) -> dict[int, np.ndarray]:
    points = [{"n_clusters": number, "tol": 1e-4, "n_init": _STARTS} for number in numbers]
    found = {int(one.params["n_clusters"]): one.labels for one in KMEANS.fit(SweepTask(values, points, "shared", seed))}
    return {number: labels for number in numbers if (labels := found[number]) is not None}


def _richest_first(labels: np.ndarray, log_odds: np.ndarray) -> np.ndarray:
    """Return the labels numbered by the groups' mean log-odds, the highest first."""
    known, place = np.unique(labels, return_inverse=True)
    means = np.bincount(place, log_odds) / np.bincount(place)
    rank = np.empty(len(known), dtype=np.int64)
    rank[np.argsort(-means, kind="stable")] = np.arange(len(known))
    return rank[place]


def _group(label: int, mine: np.ndarray, explained: Contributions, bought: np.ndarray, rules: SegmentRules) -> BuyerGroup:
    means = explained.values[mine].mean(axis=0)
    return BuyerGroup(label, measure_selection(mine, bought), float(explained.log_odds[mine].mean()), tuple(means.tolist()), rules)
