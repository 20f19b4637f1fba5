import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segcore.records.estimate import Estimate
from segcore.records.plan import Plan
from segcore.records.preparation import Preparation
from segcore.records.solution import Quality, Solution, partition_digest
from segcore.records.sweep import Sweep, SweepSpec
from segcore.system.digests import canonical_json

SPEC = SweepSpec(
    table="t.json",
    data={"name": "a shop", "kind": "transactions", "fingerprint": "f", "filters": []},
    plan=Plan(("Amount", "Recency")),
    algorithm="kmeans",
    points=({"n_clusters": 2, "tol": 0.001},),
    engine="stock",
    versions={"segcore": "0.1.0"},
)


def with_changed(**fields):
    return SweepSpec.from_json({**SPEC.to_json(), **fields})


def test_sizes_are_counted_and_noise_is_no_segment():
    solution = Solution.from_labels(np.array([3, -1, 0, 3, 3]), params={"eps": 0.5}, engine="stock", evidence="", seed=0)
    assert (solution.segments, solution.sizes, solution.n_noise) == ((0, 3), (1, 3), 1)
    assert solution.n_segments == 2
    assert solution.noise_share == 0.2


def test_a_failed_point_has_no_noise_share_and_survives_json():
    solution = Solution(params={"eps": 0.5}, status="failed", engine="stock", evidence="", seed=0, reason="out of memory")
    read = Solution.from_json(json.loads(canonical_json(solution.to_json())))
    assert read.noise_share is None
    assert (read.status, read.reason, read.quality) == ("failed", "out of memory", None)


@given(st.lists(st.integers(-1, 5), min_size=1, max_size=40))
def test_sizes_and_noise_add_up_to_the_rows_through_json(labels):
    solution = Solution.from_labels(np.array(labels), params={"k": 1}, engine="stock", evidence="proof", seed=3)
    read = Solution.from_json(json.loads(canonical_json(solution.to_json())))
    assert sum(read.sizes) + read.n_noise == len(labels)
    assert read.segments == tuple(sorted({label for label in labels if label >= 0}))


def test_quality_keeps_every_digit_and_every_reason_through_json():
    quality = Quality(
        inertia=1 / 3,
        silhouette=Estimate(0.1, 0.05, 0.15, 2000),
        calinski_harabasz=None,
        davies_bouldin=2.5,
        compactness={0: {"Amount": 0.5, "Recency": None}},
        mean_compactness={"Amount": 0.5, "Recency": None},
        reasons={"calinski_harabasz": "one segment"},
    )
    assert Quality.from_json(json.loads(canonical_json(quality.to_json()))) == quality


def test_an_exact_estimate_is_its_own_interval():
    assert Estimate(0.3, 0.3, 0.3, 100).is_exact
    assert not Estimate(0.3, 0.2, 0.4, 100).is_exact
    assert not Estimate.undefined("one segment").is_exact


def test_the_same_question_has_the_same_id_whatever_the_data_is_called():
    assert with_changed(data={**SPEC.data, "name": "renamed"}).id == SPEC.id


@pytest.mark.parametrize(
    "change",
    [
        {"table": "u.json"},
        {"features": ["Recency", "Amount"]},
        {"outliers": "kit"},
        {"repeats": 2},
        {"scaler": "none"},
        {"points": [{"n_clusters": 3, "tol": 0.001}]},
        {"engine": "intel"},
        {"seed": 1},
        {"versions": {"segcore": "0.2.0"}},
        {"data": {**SPEC.data, "fingerprint": "g"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_any_other_question_has_another_id(change):
    assert with_changed(**change).id != SPEC.id


def test_a_preparation_keeps_every_digit_through_json():
    preparation = Preparation(("a", "b"), "standard", (1 / 3, 1e-300), (2 / 3, 1e300), "2011-12-09T12:50:00")
    assert Preparation.from_json(json.loads(canonical_json(preparation.to_json()))) == preparation


@given(st.lists(st.integers(-1, 6), min_size=1, max_size=40), st.permutations(range(7)))
def test_equal_partitions_have_one_digest_however_they_are_numbered(labels, names):
    labels = np.array(labels, dtype=np.int32)
    renamed = np.array([label if label < 0 else names[label] for label in labels], dtype=np.int32)
    assert partition_digest(labels) == partition_digest(renamed)


@pytest.mark.parametrize("other", [[0, 0, 1, 1], [0, 1, 1, -1], [0, 1, 2, 2], [-1, 1, 1, 1]])
def test_other_partitions_have_other_digests(other):
    assert partition_digest(np.array([0, 1, 1, 1], dtype=np.int32)) != partition_digest(np.array(other, dtype=np.int32))


def test_the_first_point_with_the_same_partition_is_named():
    def at(partition):
        return Solution(params={}, status="ok", engine="shared", evidence="", seed=0, partition=partition)

    solutions = (at("a"), at("b"), None, at("a"), at(None), at("b"), at("a"))
    sweep = Sweep(id="s", spec=SPEC, solutions=solutions, preparation=None, summary={})
    assert sweep.same_as() == (None, None, None, 0, None, 1, 0)


def test_criteria_agreement_and_partition_are_kept():
    solution = Solution.from_labels(
        np.array([0, 1]),
        params={"n_components": 2, "covariance_type": "full"},
        engine="shared",
        evidence="",
        seed=0,
        criteria={"bic": 12.5, "aic": 10.25},
        agreement=Estimate(0.9, 0.8, 0.95, 100),
        partition="p",
    )
    document = json.loads(json.dumps(solution.to_json()))
    assert document["metrics"]["bic"] == 12.5
    assert document["scoring_agreement"]["sample_size"] == 100
    again = Solution.from_json(document)
    assert (again.criteria, again.agreement, again.partition) == (solution.criteria, solution.agreement, "p")
