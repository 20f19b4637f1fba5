import json
from dataclasses import FrozenInstanceError, replace

import pytest

from segcore.errors import ParameterError
from segcore.records.plan import Plan
from segcore.records.sweep import SweepSpec

FULL = Plan(("age", "spend"), "kit", "minmax", {"spend": "log"}, {"age": 2.5}, repeats=3, seed=7)


def test_a_plan_comes_back_from_its_json_as_it_was():
    assert Plan.from_json(json.loads(json.dumps(FULL.to_json()))) == FULL


def test_a_plan_that_knew_neither_weights_nor_transforms_has_none():
    old = {name: value for name, value in FULL.to_json().items() if name not in ("weights", "transforms")}
    assert Plan.from_json(old) == replace(FULL, weights={}, transforms={})


def test_equal_plans_are_equal_however_they_are_written():
    assert Plan(["age"], weights={"age": 1}, repeats=1.0, seed=0.0).to_json() == Plan(("age",)).to_json()


def test_a_plan_keeps_its_values_when_what_it_was_made_of_changes():
    weights = {"age": 2.0}
    plan = Plan(("age",), weights=weights)
    weights["age"] = 0.0
    assert plan.weights == {"age": 2.0}
    with pytest.raises(FrozenInstanceError):
        plan.seed = 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"outliers": "iqr"}, "Unknown outlier rule 'iqr': choose one of kit, none."),
        ({"scaler": "zscore"}, "Unknown scaler 'zscore': choose one of standard, minmax, robust, none."),
        ({"transforms": {"age": "square"}}, "Unknown transform of age 'square': choose one of log, power."),
        ({"weights": {"age": 0}}, "The weight of age must be a number above 0, such as 2.5 or 0.5, got 0."),
        ({"weights": {"age": float("inf")}}, "The weight of age must be a number above 0, such as 2.5 or 0.5, got inf."),
        ({"weights": {"age": True}}, "The weight of age must be a number above 0, such as 2.5 or 0.5, got True."),
        ({"repeats": 0}, "repeats must be a whole number of at least 1, got 0."),
        ({"repeats": 1.5}, "repeats must be a whole number of at least 1, got 1.5."),
        ({"repeats": True}, "repeats must be a whole number of at least 1, got True."),
        ({"seed": -1}, "seed must be between 0 and 4,294,967,295, got -1."),
        ({"seed": 2**32}, "seed must be between 0 and 4,294,967,295, got 4294967296."),
    ],
)
def test_a_field_outside_its_domain_is_refused(wrong, said):
    with pytest.raises(ParameterError) as error:
        Plan(("age",), **wrong)
    assert str(error.value) == said


def test_features_that_stay_keep_their_weight_and_transform():
    assert FULL.with_features(("spend", "loan")) == replace(FULL, features=("spend", "loan"), weights={})
    assert FULL.with_features(["age"]) == replace(FULL, features=("age",), transforms={})


def test_a_sweeps_id_and_json_are_those_of_stores_written_before_there_were_plans():
    plan = Plan(("Amount", "Recency"), "kit", "minmax", {"Amount": "log"}, {"Recency": 4.0}, repeats=2, seed=3)
    data = {"name": "a shop", "kind": "transactions", "fingerprint": "f", "filters": []}
    spec = SweepSpec("t.json", data, plan, "kmeans", ({"n_clusters": 2, "tol": 0.001},), "stock", {"segcore": "0.1.0"})
    old = {
        **{"table": "t.json", "data": data, "features": ["Amount", "Recency"], "outliers": "kit", "repeats": 2, "scaler": "minmax"},
        **{"algorithm": "kmeans", "points": [{"n_clusters": 2, "tol": 0.001}], "engine": "stock", "seed": 3},
        **{"versions": {"segcore": "0.1.0"}, "weights": {"Recency": 4.0}, "transforms": {"Amount": "log"}},
    }
    assert spec.to_json() == old
    assert SweepSpec.from_json(old) == spec
    assert spec.id == "1eaa8e89e0bf4115ef496fb5df4ba0ab94f10b2e93bf553b043487492f018aa6"
