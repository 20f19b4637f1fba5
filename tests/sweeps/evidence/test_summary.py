"""What pieces of evidence say together, from pieces worked by hand."""

import json
from dataclasses import replace

import numpy as np
import pytest

from segcore.records.estimate import Estimate
from segcore.records.evidence import SweepEvidence
from segcore.records.plan import Plan
from segcore.records.solution import Solution
from segcore.records.sweep import Sweep, SweepSpec
from segcore.sweeps.evidence.summary import summarize

PARTS = ("placebo", "stability", "prediction_strength", "describability")
N = 8


def sweep_of(*labellings):
    """Return a sweep with one solution per labelling; ``None`` is one that failed."""
    points = tuple({"n_clusters": k, "tol": 1e-4} for k in range(2, 2 + len(labellings)))
    spec = SweepSpec("table", {"name": "x"}, Plan(("a",)), "kmeans", points, "stock", {})
    solutions = tuple(
        Solution(params=point, status="failed", engine="stock", evidence="", seed=0, reason="killed")
        if labels is None
        else replace(
            Solution.from_labels(np.array(labels, dtype=np.int32), params=point, engine="stock", evidence="", seed=0),
            partition=str(labels),
        )
        for point, labels in zip(points, labellings, strict=True)
    )
    return Sweep("id", spec, solutions, None, {})


HALVES, THIRDS = [0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 1, 2, 2, 2]


def records_of(observed, placebos, **more):
    return {
        "observed": {0: {"silhouettes": observed, "rows": 6}},
        "placebo": {number: {"silhouettes": values} for number, values in enumerate(placebos)},
        **{part: dict(enumerate(pieces)) for part, pieces in more.items()},
    }


def test_nothing_is_there_at_first_and_every_part_says_so():
    evidence = summarize(sweep_of(HALVES), {}, n_rows=N)
    (point,) = evidence.points
    assert [getattr(point, part) for part in PARTS] == [None] * 4
    assert point.reasons == dict.fromkeys(PARTS, "Not gathered yet.")
    assert (evidence.level, evidence.placebos, evidence.resamples, evidence.p, evidence.reason) == (None, 0, 0, None, None)
    assert not evidence.is_enough


def test_the_numbers_worked_by_hand():
    records = records_of(
        [0.30, 0.28],
        [[0.20, 0.30], [0.22, 0.26], [0.24, 0.28]],
        resample=[{"jaccards": [[1.0, 0.8], [0.4, 0.9, 1.0]]}, {"jaccards": [[0.5, 1.0], "The fit stopped."]}],
        split=[{"strengths": [0.9, 0.5]}, {"strengths": [0.7, "One half of the customers has no segments."]}],
        description=[{"describability": Estimate(0.8, 0.7, 0.9, N).to_json()}, {"describability": Estimate(0.5, 0.4, 0.6, N).to_json()}],
    )
    evidence = summarize(sweep_of(HALVES, THIRDS), records, n_rows=N, level="all")
    first, second = evidence.points
    assert (first.placebo.mean, first.z, first.placebo.highest, first.placebo.n) == pytest.approx((0.22, 4.0, 0.24, 3))
    assert second.z == pytest.approx(0)
    assert evidence.p == 0.25
    assert (first.least_stability, second.least_stability) == pytest.approx((0.75, 0.4))
    assert (first.stability.n, second.stability.n, first.stability.scheme) == (2, 1, "boot")
    assert (first.prediction_strength.value, first.prediction_strength.standard_error) == pytest.approx((0.8, 0.1))
    assert (second.prediction_strength.value, second.prediction_strength.n) == (0.5, 1)
    assert (first.describability.value, second.describability.value) == (0.8, 0.5)
    assert (evidence.placebos, evidence.resamples, evidence.splits, evidence.sample_size) == (3, 2, 2, 6)
    assert [point.reasons for point in evidence.points] == [{}, {}]
    assert SweepEvidence.from_json(json.loads(json.dumps(evidence.to_json(), allow_nan=False))) == evidence


@pytest.mark.parametrize(
    ("observed", "placebos", "defined", "reason"),
    [
        (None, [0.2, 0.3, 0.4], 3, "The solution has no silhouette on these customers."),
        (0.5, [None, None, 0.4], 1, "Only 1 of 3 data sets without segments had a silhouette here."),
        (0.5, [0.4], 1, "Only 1 of 1 data set without segments had a silhouette here."),
        (0.5, [None, 0.3, 0.3], 2, "All data sets without segments had the same silhouette here."),
        (0.5, [None, 0.2, 0.3], 2, None),
    ],
)
def test_there_is_no_z_without_a_spread_to_compare_with(observed, placebos, defined, reason):
    records = records_of([observed], [[value] for value in placebos])
    (point,) = summarize(sweep_of(HALVES), records, n_rows=N).points
    assert (point.placebo.defined, point.placebo.reason) == (defined, reason)
    assert (point.z is None) == (reason is not None)
    assert "placebo" not in point.reasons


def test_a_failed_solution_has_one_reason_for_all():
    records = records_of([0.3, 0.2], [[0.1, 0.2]], resample=[{"jaccards": [[1.0, 1.0], "The solution has no segments to find again."]}])
    _, failed = summarize(sweep_of(HALVES, None), records, n_rows=N).points
    assert failed.reasons == dict.fromkeys(PARTS, "The solution failed or was skipped.")


def test_a_solution_without_segments_has_reasons():
    records = records_of(
        [None],
        [[0.2], [0.3]],
        resample=[{"jaccards": [[]]}],
        split=[{"strengths": ["One half of the customers has no segments."]}],
        description=[{"describability": Estimate.undefined("Fewer than two segments.").to_json()}],
    )
    (point,) = summarize(sweep_of([-1] * N), records, n_rows=N).points
    assert point.reasons == {
        "stability": "The solution has no segments to find again.",
        "prediction_strength": "One half of the customers has no segments.",
        "describability": "Fewer than two segments.",
    }


def test_a_part_whose_pieces_all_failed_says_why():
    records = {
        "observed": {0: {"reason": "No room."}},
        "placebo": {0: {"reason": "No room."}},
        "resample": {0: {"reason": "It died."}},
        "split": {0: {"reason": "It was slow."}},
        "description": {0: {"reason": "It was tired."}},
    }
    evidence = summarize(sweep_of(HALVES), records, n_rows=N)
    assert evidence.points[0].reasons == {
        "placebo": "No room.",
        "stability": "It died.",
        "prediction_strength": "It was slow.",
        "describability": "It was tired.",
    }
    assert evidence.reason == "No room."
    assert (evidence.placebos, evidence.resamples, evidence.splits) == (0, 0, 0)
    assert summarize(sweep_of(HALVES), records, n_rows=N, reason="Too long.").reason == "Too long."


def test_a_repeated_partition_has_the_description_of_the_first():
    described = {"describability": Estimate(0.8, 0.7, 0.9, N).to_json()}
    points = summarize(sweep_of(HALVES, HALVES), {"description": {0: described}}, n_rows=N).points
    assert [point.describability.value for point in points] == [0.8, 0.8]


def test_features_that_fall_in_groups_and_what_placebos_miss_are_named():
    observed = {"dips": {"a": 0.025, "b": 0.026}, "repaired": True, "correlation_gap": 0.06, "association_gap": 0.1}
    evidence = summarize(sweep_of(HALVES), {"observed": {0: observed}}, n_rows=N)
    assert evidence.grouped == ("a",)
    assert evidence.notes == (
        "The correlations of the features had to be adjusted, because no data set can have exactly these.",
        "The data sets without segments miss the data's correlations by up to 0.06 and associations of categories by up to 0.10.",
    )
    fine = {"dips": {}, "repaired": False, "correlation_gap": 0.05, "association_gap": 0.06}
    assert summarize(sweep_of(HALVES), {"observed": {0: fine}}, n_rows=N).notes == ()


@pytest.mark.parametrize(
    ("placebos", "resamples", "level", "enough"),
    [(19, 50, None, True), (18, 50, "all", False), (19, 49, "auto", False), (99, 49, "all", True), (99, 24, "all", False)],
)
def test_a_verdict_needs_19_placebos_and_50_resamples_or_half_of_them_where_others_failed(placebos, resamples, level, enough):
    (point,) = summarize(sweep_of(HALVES), {}, n_rows=N).points
    assert SweepEvidence((point,), level=level, placebos=placebos, resamples=resamples).is_enough is enough
    assert not SweepEvidence((), level=level, placebos=placebos, resamples=resamples).is_enough
