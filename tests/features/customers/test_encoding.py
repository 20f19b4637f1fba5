"""What becomes of values, and that new customers get the same of the same numbers."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segcore.errors import DataError
from segcore.features.builders import build_features
from segcore.records.data_rules import ColumnRules
from segcore.records.dataset import Dataset
from segcore.system.frames import to_backend
from segcore.wording.findings import sentence
from tests.examples import few

AGES = [20.0, 35, 50, 20, 41, 63, 28, 33, 52, 47]


def described(table):
    return {entry.name: entry.description for entry in table.dictionary}


class TestTwoValues:
    def test_the_most_frequent_is_0_and_the_first_in_order_where_they_tie(self, table_of):
        columns = {
            "loan": ["no", "no", "yes", "no"],
            "sex": ["m", "f", "m", "f"],
            "kids": [2.0, 5, 5, 5],
            "vip": [True, False, False, True],
        }

        table = table_of(columns)

        assert table.names == ("loan=yes", "sex=m", "kids=2", "vip=True")
        np.testing.assert_array_equal(table.values, [[0, 1, 1, 1], [0, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1]])
        entry = table.dictionary[0]
        assert (entry.title, entry.unit, entry.kind, entry.block, entry.columns) == (
            "loan: yes",
            "share of customers",
            "binary",
            "",
            ("loan",),
        )
        assert entry.description == "1 where loan is yes (1 of 4 customers, 25 %), 0 where it is no (3 of 4 customers, 75 %)."

    def test_a_missing_value_counts_as_the_most_frequent(self, table_of):
        table = table_of({"loan": ["no"] * 12 + ["yes"] * 7 + [None], "age": [float(number**2) for number in range(20)]})

        assert table.column("loan=yes").sum() == 7
        assert described(table)["loan=yes"].endswith(" 1 customer without a value counts as no, the most frequent.")

    def test_with_many_missing_it_is_a_category(self, table_of):
        table = table_of({"loan": ["no", "no", "no", "yes", "yes", None, None, "no", "no", "no"], "age": AGES})

        assert table.names == ("loan=no", "loan=yes", "loan=(missing)", "age")
        np.testing.assert_array_equal(table.values[:, :3].sum(axis=0), [6, 2, 2])
        assert described(table)["loan=(missing)"] == "1 where loan is missing (2 of 10 customers, 20 %), else 0."

    def test_one_value_or_none_is_two_values(self, table_of):
        table = table_of({"card": ["x", None, None, "x", None], "flag": [1.0, 1, 1, np.nan, 1], "age": AGES[:5]})

        assert table.names == ("card=x", "flag=(missing)", "age")
        np.testing.assert_array_equal(table.values[:, :2], [[1, 0], [0, 0], [0, 0], [1, 1], [0, 0]])
        assert described(table)["card=x"] == "1 where card is x (2 of 5 customers, 40 %), 0 where it is missing (3 of 5 customers, 60 %)."

    def test_one_value_and_few_gaps_say_nothing(self, table_of):
        table = table_of({"card": ["x"] * 9 + [None], "age": AGES})

        assert sentence(table.uses[1].reason) == "it has only one value, x, and 1 missing"

    def test_numbers_stay_numbers_where_that_is_asked(self, table_of):
        assert table_of({"kids": [2.0, 5, 5], "age": AGES[:3]}, number=("kids",)).names == ("kids", "age")


class TestCategories:
    def test_values_in_more_than_the_share_have_a_dummy_and_the_rest_share_one(self, table_of):
        plans = ["b"] * 6 + ["a"] * 6 + ["c"] * 4 + ["d"] * 2 + ["e", None]

        table = table_of({"plan": plans, "age": AGES * 2})

        assert table.names == ("plan=a", "plan=b", "plan=c", "plan=(other)", "age")  # d is in 10 % of the rows, no more
        np.testing.assert_array_equal(table.values[:, :4].sum(axis=0), [6, 6, 4, 4])
        np.testing.assert_array_equal(table.values[:, :4].sum(axis=1), 1)
        entry = table.dictionary[3]
        assert (entry.title, entry.kind, entry.block) == ("plan: (other)", "dummy", "plan")
        assert entry.description == "1 where plan is one of 2 other values (4 of 20 customers, 20 %): d, e; or no value (1); else 0."
        assert described(table)["plan=a"] == "1 where plan is a (6 of 20 customers, 30 %), else 0."

    def test_the_share_is_chosen(self, table_of):
        plans = ["a"] * 5 + ["b"] * 3 + ["c"] * 2

        assert table_of({"plan": plans, "age": AGES}, min_share=0.3).names == ("plan=a", "plan=(other)", "age")
        assert table_of({"plan": plans, "age": AGES}, min_share=0.29).names == ("plan=a", "plan=b", "plan=(other)", "age")
        hundred = ["a"] * 71 + ["b"] * 29
        assert table_of({"plan": [*hundred[:-1], "c"], "age": AGES * 10}, min_share=0.28).names[:2] == ("plan=a", "plan=(other)")

    def test_without_a_frequent_value_the_column_is_dropped(self, table_of):
        table = table_of({"town": [f"t{number % 20}" for number in range(60)], "age": AGES * 6})

        assert table.names == ("age",)
        assert sentence(table.uses[1].reason) == "none of its 20 values is in more than 10 % of the rows"

    def test_more_features_than_can_be_handled_are_refused(self, table_of):
        towns = [f"t{number % 2_100}" for number in range(4_200)]
        with pytest.raises(DataError, match="would have 2,101 features, more than 2,000: .*--min-share"):
            table_of({"town": towns, "age": AGES * 420}, min_share=1e-5)

    def test_codes_are_written_as_whole_numbers(self, table_of):
        table = table_of({"Region": [3.0, 1, 2, 3, np.nan, 3, 1, 2, 3, 1], "age": AGES}, category=("Region",))

        assert table.names == ("Region=3", "Region=1", "Region=2", "Region=(other)", "age")
        assert "; or no value (1)" not in described(table)["Region=3"]
        assert described(table)["Region=(other)"].endswith("(1 of 10 customers, 10 %): no value (1); else 0.")

    def test_values_that_differ_by_case_are_two_and_that_is_said(self, table_of):
        table = table_of({"plan": ["Gold", "gold", "Silver"] * 4, "age": [float(number**2) for number in range(12)]})

        assert "Gold and gold differ only in capitals" in sentence(table.uses[1].reason)
        assert table.names[:3] == ("plan=Gold", "plan=Silver", "plan=gold")

    def test_names_that_would_stand_twice_are_told_apart(self, table_of):
        columns = {
            "plan": ["(other)"] * 4 + ["(missing)"] * 4 + [None] * 4 + list("abc"),
            "plan=(other)": [float(number**2) for number in range(15)],
        }

        table = table_of(columns)

        assert table.names == ("plan=(missing)", "plan=(other)_", "plan=(missing)_", "plan=(other)__", "plan=(other)")
        np.testing.assert_array_equal(table.values[:, :4].sum(axis=0), [4, 4, 4, 3])

    def test_long_and_unprintable_values_are_shortened_and_escaped_in_names(self, table_of):
        table = table_of({"plan": ["x" * 500, "a\nb\u200b", "c"] * 4, "age": [float(number**2) for number in range(12)]})

        assert table.names[:3] == ("plan=a\\nb\\u200b", "plan=c", f"plan={'x' * 57}...")
        np.testing.assert_array_equal(table.values[:, :3].sum(axis=0), [4, 4, 4])


class TestNewCustomers:
    @pytest.fixture
    def fitted(self, table_of):
        columns = {
            "age": [*AGES[:-1], np.nan],
            "loan": ["no", "no", "yes", "no", "yes", "no", "no", "no", "no", "yes"],
            "plan": ["a", "b", "a", "b", "a", "b", "c", "a", "b", "a"],
            "Region": [1.0, 2, 3, 1, 2, 3, 1, 2, 3, 1],
        }
        return json.loads(json.dumps(table_of(columns, category=("Region",)).fitted))

    def test_what_is_unknown_is_the_median_the_most_frequent_and_among_the_others(self, table_of, fitted):
        new = {"age": [np.nan, 99.0], "loan": [None, "perhaps"], "plan": ["z", None], "Region": [9.0, np.nan], "more": ["x", "y"]}

        table = table_of(new, fitted=fitted)

        assert table.names == ("age", "loan=yes", "plan=a", "plan=b", "plan=(other)", "Region=1", "Region=2", "Region=3")
        np.testing.assert_array_equal(table.values, [[35, 0, 0, 0, 1, 0, 0, 0], [99, 0, 0, 0, 1, 0, 0, 0]])
        assert [entry.name for entry in table.dictionary] == list(table.names)
        assert table.fitted == fitted

    @pytest.mark.parametrize("codes", [[1.0, 3.0], ["1", "3"], ["1.0", "3.00"], ["+1", " 3 "], [1, 3], ["1", "x"]])
    def test_codes_match_however_they_are_written(self, table_of, fitted, codes):
        table = table_of({"age": [1, 2], "loan": ["yes", "no"], "plan": ["a", "b"], "Region": codes}, fitted=fitted)

        np.testing.assert_array_equal(table.values[:, 5:], [[1, 0, 0], [0, 0, 0] if codes[1] == "x" else [0, 0, 1]])

    def test_truth_values_match_however_they_are_written(self, table_of):
        fitted = table_of({"vip": [True, False, False], "age": AGES[:3]}).fitted

        for spelled in (["True", "FALSE"], ["true", "false"], [True, False]):
            np.testing.assert_array_equal(table_of({"vip": spelled, "age": [1.0, 2]}, fitted=fitted).column("vip=True"), [1, 0])

    def test_a_column_that_is_not_there_is_named(self, table_of, fitted):
        with pytest.raises(DataError, match="lines lacks the columns plan, Region, which the sweep uses: give the same columns"):
            table_of({"age": [1.0], "loan": ["no"]}, fitted=fitted)

    def test_a_text_in_a_column_of_numbers_is_named_with_its_row(self, table_of, fitted):
        new = {"age": ["31", "young"], "loan": ["no", "no"], "plan": ["a", "a"], "Region": [1.0, 1.0]}

        with pytest.raises(
            DataError, match="lines: age is 'young' in data row 2, but the sweep was made with numbers there: correct the column"
        ):
            table_of(new, fitted=fitted)
        np.testing.assert_array_equal(table_of({**new, "age": ["31", None]}, fitted=fitted).column("age"), [31, 35])

    def test_tables_of_before_are_understood(self, table_of):
        fitted = {"columns": [{"column": "age", "use": "number", "names": ["age"], "missing": 7.0}]}

        np.testing.assert_array_equal(table_of({"age": [1.0, np.nan]}, fitted=fitted).values, [[1], [7]])


TEXTS = st.sampled_from(
    ["a", "b", "B", "yes", "no", "3", "3.0", "0.50", "True", "true", "x y", "\u00e9", "e\u0301", "(other)", "", None, "9" * 70]
)
CELLS = {
    "text": TEXTS,
    "few": st.sampled_from(["a", "b", None]),
    "number": st.one_of(st.none(), st.floats(-1e6, 1e6), st.integers(0, 3).map(float)),
    "code": st.sampled_from([1.0, 2.0, 3.0, None]),
    "flag": st.sampled_from([True, False, None]),
}


@st.composite
def messy_tables(draw):
    n = draw(st.integers(2, 40))
    kinds = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=5))
    columns = {f"{kind} {position}": draw(st.lists(CELLS[kind], min_size=n, max_size=n)) for position, kind in enumerate(kinds)}
    types = {"number": pa.float64(), "code": pa.float64(), "flag": pa.bool_()}
    arrays = {name: pa.array(values, types.get(name.split()[0], pa.large_string())) for name, values in columns.items()}
    rows = draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=n, unique=True))
    return pa.table({**arrays, "spend": pa.array([float(number * number) for number in range(n)])}), sorted(rows)


def _dataset(rows, backend):
    ids = [f"c{int(number):04d}" for number in rows["spend"].to_pylist()]
    frame = to_backend(rows.append_column("id", pa.array(ids, pa.large_string())), backend)
    return Dataset(frame=frame, kind="customers", roles={"customer": "id"}, name="rows", fingerprint="x", rows_read=len(ids))


@pytest.mark.parametrize("backend", ["pandas", "polars"])
@settings(max_examples=few(60), deadline=None)
@given(case=messy_tables())
def test_nothing_is_fitted_again_for_new_customers(backend, case):
    rows, some = case
    codes = tuple(name for name in rows.column_names if name.startswith("code"))
    whole = build_features(_dataset(rows, backend), columns=ColumnRules(category=codes, min_share=0.2))
    stored = json.loads(json.dumps(whole.fitted))

    again = build_features(_dataset(rows, backend), fitted=stored)
    part = build_features(_dataset(rows.take(some), backend), fitted=stored)

    np.testing.assert_array_equal(again.values, whole.values)
    assert again.names == part.names == whole.names
    np.testing.assert_array_equal(part.values, whole.values[np.isin(whole.customers, part.customers)])
    assert np.isfinite(whole.values).all()
    assert len(set(whole.names)) == len(whole.names)
    assert {use.column for use in whole.uses} == {*rows.column_names, "id"}
    for entry in whole.dictionary:
        if entry.kind != "number":
            assert set(whole.column(entry.name)) <= {0, 1}


@settings(max_examples=few(30), deadline=None)
@given(case=messy_tables(), unseen=st.lists(st.one_of(st.text(max_size=5), st.none()), min_size=2, max_size=2))
def test_unseen_values_never_raise(case, unseen):
    rows, _ = case
    fitted = build_features(_dataset(rows, "pandas")).fitted
    needed = {recipe["column"]: recipe["use"] for recipe in fitted["columns"]}
    new = {name: [None, 1e9] if use == "number" else unseen for name, use in needed.items()}

    table = build_features(
        Dataset(frame=pd.DataFrame(new), kind="customers", roles={}, name="n", fingerprint="x", rows_read=2), fitted=fitted
    )

    assert np.isfinite(table.values).all()
