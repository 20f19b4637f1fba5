import pandas as pd
import pytest

from segcore.features.builders import build_features
from segcore.features.customers.unseen_values import unseen_notes
from segcore.wording.findings import sentence


@pytest.fixture
def notes_of(dataset_of, table_of):
    """Return a function that says what is new in columns, where a sweep was made of others."""

    def make(trained, columns):
        dataset = dataset_of(pd.DataFrame(columns), {}, "customers")
        fitted = table_of(trained).fitted
        build_features(dataset, fitted=fitted)
        return [sentence(note) for note in unseen_notes(dataset, fitted)]

    return make


TRAINED = {
    "age": [20.0, 30, 40, 50, 60, 70] * 2,
    "partner": ["Yes", "No", "No", "No", "Yes", "No"] * 2,
    "plan": ["a", "b", "c", "a", "b", "c"] * 2,
    "city": ["x", "x", "y", "x", "y", "y", "y", "x", "x", "y", "x", None],
}


def test_nothing_is_said_of_values_that_were_there(notes_of):
    assert notes_of(TRAINED, {name: values[:4] for name, values in TRAINED.items()}) == []
    assert notes_of(TRAINED, {**TRAINED, "partner": [None, "No"] * 6, "age": [None, 1e6, 1, 2] * 3}) == []


def test_values_spelled_otherwise_are_counted_with_what_they_count_as(notes_of):
    new = {"age": [1.0, 2, 3, 4], "partner": ["1", "0", None, "No"], "plan": ["a", "d", "b", "b"], "city": ["x", "y", "z", "z"]}

    assert notes_of(TRAINED, new) == [
        "2 customers have values in partner that no customer had when the sweep was made (50 %), such as '0': "
        "this counts as No, the most frequent value.",
        "1 customer has a value in plan that no customer had when the sweep was made (25 %), such as 'd': "
        "this counts as none of its categories.",
        "2 customers have values in city that no customer had when the sweep was made (50 %), such as 'z': "
        "this counts as x, the most frequent value.",
    ]


def test_other_values_of_a_category_are_no_news(notes_of):
    trained = {"plan": ["a"] * 5 + ["b"] * 5 + [f"rare{number}" for number in range(3)], "age": [float(number) for number in range(13)]}

    assert notes_of(trained, {"plan": ["new", None], "age": [1.0, 2.0]}) == []


def test_columns_without_a_value_are_named(notes_of):
    new = {"age": [None, None], "partner": [None, None], "plan": [None, "a"], "city": ["x", "y"]}

    assert notes_of(TRAINED, new) == [
        "age is empty for all 2 customers: the median of the sweep's customers is used.",
        "partner is empty for all 2 customers: this counts as No, the most frequent value.",
        "1 customer has a value in plan that no customer had when the sweep was made (50 %), such as a missing one: "
        "this counts as none of its categories.",
    ]


def test_many_columns_are_not_all_listed(notes_of):
    trained = {f"flag{place}": ["yes" if (place + 1) >> row & 1 else "no" for row in range(6)] for place in range(25)}

    notes = notes_of({**trained, "age": [float(number) for number in range(6)]}, {**{name: ["perhaps"] for name in trained}, "age": [1.0]})

    assert len(notes) == 21
    assert notes[-1].endswith("more columns have values that no customer had when the sweep was made.")
