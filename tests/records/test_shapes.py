from dataclasses import dataclass, replace

import pytest

from segcore.records.plan import Plan
from segcore.records.shapes import check_fields
from segcore.records.sweep import SweepSpec

SPEC = SweepSpec(
    "t.json", {"name": "a"}, Plan(("age",), weights={"age": 2}), "kmeans", ({"n_clusters": 2, "tol": 0.1},), "shared", {"numpy": "2"}
)


def test_a_record_whose_fields_are_of_their_types_passes():
    check_fields(SPEC)


@pytest.mark.parametrize(
    "wrong",
    [
        {"table": 5},
        {"data": []},
        {"plan": {}},
        {"points": [{"n_clusters": 2}]},
        {"points": ({"n_clusters": [2]},)},
        {"points": "abc"},
        {"engine": "other"},
        {"versions": {"numpy": 2}},
        {"plan": replace(SPEC.plan, features=(1,))},
    ],
)
def test_a_field_of_another_type_is_refused_also_within_a_record(wrong):
    with pytest.raises(TypeError, match="is not of its type"):
        check_fields(replace(SPEC, **wrong))


@dataclass(frozen=True)
class _Numbers:
    whole: int
    any_number: float
    pair: tuple[str, int]


@pytest.mark.parametrize(
    ("whole", "any_number", "pair", "passes"),
    [
        (1, 1, ("a", 1), True),
        (1.0, 1.0, ("a", 1), False),
        (True, 1.0, ("a", 1), False),
        (1, "1", ("a", 1), False),
        (1, 1.0, ("a", 1, 2), False),
    ],
)
def test_whole_numbers_are_numbers_but_not_the_other_way_round(whole, any_number, pair, passes):
    record = _Numbers(whole, any_number, pair)
    if passes:
        check_fields(record)
    else:
        with pytest.raises(TypeError):
            check_fields(record)
