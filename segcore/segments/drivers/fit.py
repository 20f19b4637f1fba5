"""Models of segments: one classifier each against the rest, cross-fitted, measured and explained."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from segcore.errors import ParameterError
from segcore.prediction.classifier import LEAST_OF_EACH, fit_classifier
from segcore.prediction.contributions import explain_held_out
from segcore.prediction.explained import ColumnGroups
from segcore.prediction.held_out import accuracy, auc
from segcore.records.feature_table import FeatureTable
from segcore.records.finding import Finding
from segcore.records.solution import NOISE
from segcore.segments.drivers.records import Drivers, SegmentDrivers
from segcore.segments.maps.customer_map import draw_sample
from segcore.wording.findings import refusal

MOST_CUSTOMERS = 10_000
MOST_SEGMENTS = 30
_LEAST_OF_EACH = 100  # customers of each segment in a sample
_MOST_CELLS = 4_000_000  # of a segment's SHAP values, 32 MB
_FEWEST = 1_000
_FEW_FEATURES = 2
_FITTING = 0.5  # share of the work on a segment

Progress = Callable[[float], None]


def find_drivers(rows: FeatureTable, labels: np.ndarray, *, seed: int = 0, progress: Progress = lambda share: None) -> Drivers:
    """Fit and explain one classifier per segment against the rest.

    Parameters
    ----------
    rows : FeatureTable
        Features that explain the segments; of jittered copies, only the first counts.
    labels : ndarray of shape (n_rows,), int
        -1 is noise.
    seed : int
        Of the sample, the folds and the trees.
    progress : callable (float) -> None
        Called with the share done, 0 to 1.

    Raises
    ------
    ParameterError
        If all customers are in one segment, or all are noise.

    Notes
    -----
    With more than 10,000 customers or 4 million values, a sample is drawn by segment: 100 of each, or all if there are fewer, and the rest
    in proportion. AUC, sensitivity and specificity do not depend on how many customers of the segment are in it; the base value does. Takes
    about five seconds of one core per segment of 10,000 customers with 25 features, half of them for the SHAP values.
    """
    originals = np.asarray(rows.copies) == 0
    own = np.asarray(labels)[originals]
    found, sizes = np.unique(own, return_counts=True)
    check_segments(found)
    most = min(MOST_CUSTOMERS, max(_FEWEST, _MOST_CELLS // len(rows.names)))
    sample = draw_sample(own, most=most, least=min(_LEAST_OF_EACH, most // len(found)), seed=seed)
    X, y = np.asarray(rows.values)[originals][sample], own[sample]
    groups = ColumnGroups.of(rows)
    ordered = [int(label) for _, label in sorted(zip(-sizes, found, strict=True)) if label != NOISE]
    explained = []
    for done, label in enumerate(ordered):

        def report(share: float, done: int = done) -> None:
            progress((done + share) / len(ordered))

        explained.append(_explain(X, y, label, groups, beyond=done >= MOST_SEGMENTS, seed=seed, progress=report))
    if NOISE in found:
        explained.append(SegmentDrivers(NOISE, int((y == NOISE).sum()), Finding("drivers.noise")))
    customers = rows.customers[originals][sample]
    return Drivers(
        customers, y, groups.features, groups.values(X), len(own), tuple(explained), _notes(len(groups.features), len(y), len(own))
    )


def check_segments(labels: np.ndarray) -> None:
    """Raise `ParameterError` if a solution has no segment, or one segment with all customers."""
    found = np.unique(labels).tolist()
    if found == [NOISE]:
        raise refusal("drivers.no_segments", kind=ParameterError)
    if len(found) < 2:
        raise refusal("drivers.one_segment", kind=ParameterError)


def _explain(
    X: np.ndarray, labels: np.ndarray, label: int, groups: ColumnGroups, *, beyond: bool, seed: int, progress: Progress
) -> SegmentDrivers:
    y = labels == label
    inside, outside = int(y.sum()), int((~y).sum())
    if beyond:
        return SegmentDrivers(label, inside, Finding("drivers.beyond", values={"most": MOST_SEGMENTS}))
    for code, number in (("drivers.few_customers", inside), ("drivers.few_others", outside)):
        if number < LEAST_OF_EACH:
            return SegmentDrivers(label, inside, Finding(code, values={"customers": number, "least": LEAST_OF_EACH}))
    model = fit_classifier(X, y, seed=seed, progress=lambda share: progress(_FITTING * share))
    contributions = explain_held_out(model, X, np.arange(len(y)))
    progress(1.0)
    predicted = model.probabilities > y.mean()
    return SegmentDrivers(label, inside, None, auc(y, model.log_odds), accuracy(y, predicted), groups.add_up(contributions))


def _notes(features: int, sampled: int, customers: int) -> tuple[Finding, ...]:
    found = []
    if features <= _FEW_FEATURES:
        found.append(Finding("drivers.few_features", values={"features": features}))
    if sampled < customers:
        found.append(Finding("drivers.sampled", values={"sampled": sampled, "customers": customers}))
    return tuple(found)
