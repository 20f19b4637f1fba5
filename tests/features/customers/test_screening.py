import numpy as np
import pandas as pd
import pytest

from segcore.errors import DataError, ParameterError
from segcore.features.output import data_dictionary
from segcore.features.planning.sets import feature_names
from segcore.records.dataset import ROW_NUMBER
from segcore.wording.findings import sentence

AGES = [20.0, 35, 50, 20, 41, 63, 28, 33, 52, 47]


def uses(table):
    return {use.column: use.use for use in table.uses}


def test_every_column_has_a_use_in_the_order_of_the_file(table_of):
    columns = {"plan": ["a", "b", "c"] * 3 + ["a"], "id": list("abcdefghij"), "age": AGES, "churn": ["yes", "no"] * 5}

    table = table_of(columns, "id")

    assert uses(table) == {"plan": "category", "id": "id", "age": "number", "churn": "profile"}
    assert list(uses(table)) == list(columns)
    assert next(use for use in table.uses if use.column == "churn").outcome
    assert table_of({"age": AGES}).uses[0].column == ROW_NUMBER
    assert "row number" in sentence(table_of({"age": AGES}).uses[0].reason)


def test_the_analysts_rules_come_first(table_of):
    columns = {
        "age": AGES,
        "region": [1.0, 2, 3, 1, 2, 3, 1, 2, 3, 1],
        "plan": ["a", "b"] * 5,
        "churn": ["yes", "no", "no", "no", "yes"] * 2,
    }

    table = table_of(columns, exclude=("plan",), profile=("age",), category=("region",), keep=("churn",))

    assert uses(table) == {ROW_NUMBER: "id", "age": "profile", "region": "category", "plan": "dropped", "churn": "binary"}
    assert table.names == ("region=1", "region=2", "region=3", "churn=yes")
    np.testing.assert_array_equal(table.profile["age"], [AGES[int(customer) - 1] for customer in table.customers])
    assert {entry.name: sentence(entry.dropped) for entry in table.dictionary if entry.dropped} == {
        "age": "you chose it as a profile column",
        "plan": "you left it out",
    }


def test_profile_columns_follow_their_customers(table_of):
    table = table_of({"id": list("cab"), "age": [3.0, 1, 2], "deposit": ["yes", None, "no"], "y": [1.0, np.nan, 0.0]}, "id")

    assert list(table.customers) == ["a", "b", "c"]
    assert list(table.profile["deposit"]) == [None, "no", "yes"]
    np.testing.assert_array_equal(table.profile["y"], [np.nan, 0, 1])
    assert table.profile["y"].dtype == np.float64


@pytest.mark.parametrize("rule", ["exclude", "category", "number", "profile", "keep"])
def test_rules_for_columns_that_are_not_there_name_those_that_are(table_of, rule):
    with pytest.raises(DataError, match=r"no column 'agee', .*: its columns are age, plan\."):
        table_of({"age": AGES, "plan": ["a", "b"] * 5}, **{rule: ("agee",)})


def test_rules_for_the_id_are_refused_but_for_its_exclusion(table_of):
    columns = {"id": list("abcdefghij"), "age": AGES}

    assert table_of(columns, "id", exclude=("id",)).names == ("age",)
    with pytest.raises(DataError, match="id holds the customers' ids"):
        table_of(columns, "id", number=("id",))


def test_a_text_cannot_be_made_a_number(table_of):
    with pytest.raises(DataError, match="city is 'b' in data row 2, so city cannot be a number"):
        table_of({"age": AGES, "city": ["1", "b", "2", "1", "2"] * 2}, number=("city",))
    np.testing.assert_array_equal(table_of({"zip": ["01", "2.5", "3"], "age": [1.0, 2, 3]}, number=("zip",)).column("zip"), [1, 2.5, 3])


def test_columns_that_are_nearly_empty_are_dropped_with_the_numbers(table_of, use_of):
    nearly = [1.0, 2, 3] + [np.nan] * 97

    assert sentence(use_of("late", nearly).reason) == "it is nearly empty: 97 of 100 values are missing (97 %)"
    assert use_of("late", nearly, keep=("late",)).use == "number"
    assert use_of("late", [float(number % 5) for number in range(5)] + [np.nan] * 95).use == "number"
    assert sentence(use_of("code", [None] * 9).reason) == "it is empty"
    assert sentence(use_of("code", ["x"] * 9).reason) == "it has only one value, x, for every customer"


def test_columns_that_repeat_an_earlier_one_are_dropped(table_of):
    columns = {
        "age": AGES,
        "alter": AGES,
        "plan": ["a", "b", "c", "a", "b"] * 2,
        "plan code": ["1x", "2x", "3x", "1x", "2x"] * 2,
        "loyal": ["yes", "no", "no", "no", "no"] * 2,
        "loyal flag": [0.0, 1, 1, 1, 1] * 2,
        "newsletter": ["no", "no", "no", "no", "yes"] * 2,
    }

    table = table_of(columns)

    assert {use.column: sentence(use.reason) for use in table.uses if use.use == "dropped"} == {
        "alter": "it repeats the column age",
        "plan code": "its values match those of the column plan one to one",
        "loyal flag": "its values match those of the column loyal one to one",
    }
    assert "alter" in table_of(columns, keep=("alter",)).names


def test_codes_are_suggested_and_stay_numbers(use_of):
    region = use_of("Region", [1.0, 2, 3, 3] * 10)

    assert (region.use, region.codes) == ("number", True)
    assert sentence(region.reason) == "3 different whole numbers: if they are codes, declare the column with --category Region"
    assert use_of("Region", [1.0, 2, 3, 3] * 10, number=("Region",)).codes is False
    for title, values in {"children": [0.0, 1, 2, 3], "orders": [0.0, 1, 2, 3], "Region": [1.5, 2, 3, 4], "rating": [1.0, 2, 3, 4]}.items():
        assert not use_of(title, values * 10).codes
    assert use_of("x", [10.0, 20, 30, 40] * 10).codes
    assert not use_of("x", [float(number % 13 + 1) for number in range(60)]).codes


def test_a_value_that_stands_apart_is_pointed_out(table_of):
    pdays = [-1.0] * 8 + [5.0, 90.0]

    table = table_of({"pdays": pdays, "age": AGES})

    said = "8 customers (80 %) have -1, while the other values begin at 5: -1 may mean that the value is missing"
    assert said in sentence(table.uses[1].reason)
    assert said in table.dictionary[0].description
    np.testing.assert_array_equal(np.sort(table.column("pdays")), sorted(pdays))
    for quiet in ([-1.0, -2, -3, 4, 5] * 2, [999.0, 998, 997, 5, 6] * 2, [999.0] + [float(number) for number in range(40)]):
        assert "other values" not in sentence(table_of({"x": quiet, "z": quiet[::-1]}).uses[1].reason)
        assert "missing" not in sentence(table_of({"x": quiet, "z": quiet[::-1]}).uses[1].reason)


def test_no_column_left_is_one_sentence_with_the_reasons(table_of):
    with pytest.raises(DataError) as refused:
        table_of({"name": ["Ann", "Bob", "Cy"], "gone": [np.nan] * 3, "churn": ["yes", "no", "no"]})

    assert str(refused.value) == (
        "lines has no column that can be a feature, so there is nothing to cluster on: name (it holds names), gone (it is empty), "
        "churn (it looks like an outcome, so it is only shown for each segment)."
    )


def test_an_infinite_number_is_refused_with_its_row(table_of):
    with pytest.raises(DataError, match="age is infinite in data row 2"):
        table_of({"age": [1.0, np.inf, 3.0]})


def test_the_data_dictionary_has_every_column_of_the_file(table_of):
    columns = {"id": list("abcdefghij"), "age": AGES, "plan": ["a", "b", "c", "a", "b"] * 2, "churn": [1.0, 0] * 5, "mail": ["x"] * 10}

    rows = data_dictionary(table_of(columns, "id")).to_pylist()

    assert {column for row in rows for column in row["Made from"].split(", ")} == set(columns)
    assert [(row["Feature"], row["Kind"]) for row in rows] == [
        ("id", "not used"),
        ("age", "number"),
        ("plan=a", "0 or 1"),
        ("plan=b", "0 or 1"),
        ("plan=c", "0 or 1"),
        ("churn", "profile"),
        ("mail", "not used"),
    ]


def test_features_are_chosen_by_their_column_and_names_may_have_commas(table_of):
    table = table_of({"age": AGES, "city, state": ["a, x", "b", "c", "a, x", "b"] * 2, "churn": [1.0, 0] * 5})

    dummies = ("city, state=a, x", "city, state=b", "city, state=c")
    assert feature_names(table, "all", "customers") == ("age", *dummies)
    assert feature_names(table, "city, state", "customers") == dummies
    assert feature_names(table, "city, state=a, x,age", "customers") == (dummies[0], "age")
    assert feature_names(table, ",".join(table.names), "customers") == table.names
    with pytest.raises(DataError, match="churn is not available as a feature: it looks like an outcome, so it is only shown"):
        feature_names(table, "age,churn", "customers")
    with pytest.raises(ParameterError, match="Unknown feature 'nobody'"):
        feature_names(table, "age,nobody", "customers")
    table = table_of({"spend, net": AGES, "spend": AGES[::-1], "age": AGES[2:] + AGES[:2]})
    assert (
        feature_names(table, '"spend, net",age', "customers")
        == feature_names(table, "spend, net,age", "customers")
        == ("spend, net", "age")
    )


def test_ids_differ_from_numbers_in_the_frame_only_by_their_text(table_of):
    table = table_of({"id": pd.array([3, 1, 2]), "age": [1.0, 2.0, 4.0]}, "id")

    assert list(table.customers) == ["1", "2", "3"]


def test_many_codes_by_their_title_are_categories_where_one_is_frequent(table_of, use_of):
    codes = [28.0] * 20 + [float(number % 20) for number in range(40)]

    table = table_of({"Region_Code": codes, "spend": [float(7 * number % 11) for number in range(60)]})

    assert table.names == ("Region_Code=28", "Region_Code=(other)", "spend")
    assert sentence(use_of("Region_Code", codes).reason) == "21 different codes, 1 of them in more than 10 % of the rows"
    assert use_of("Region_Code", codes, min_share=0.4).use == "dropped"
    assert use_of("Region_Code", codes, keep=("Region_Code",)).use == "number"
    assert use_of("Region_Code", codes, number=("Region_Code",)).use == "number"


def test_names_that_need_quotes_on_a_command_line_are_written_so(table_of, use_of):
    few = [1.0, 2, 3, 3] * 10

    assert sentence(use_of("Sales region", few).reason).endswith("--category 'Sales region'")
    assert sentence(use_of("Region, home", few).reason).endswith("--category '\"Region, home\"'")
    with pytest.raises(DataError, match="Write a name that has a comma in double quotes, such as '\"Region, home\"'"):
        table_of({"Region, home": few, "age": [float(n) for n in range(40)]}, category=("Region", "home"))
