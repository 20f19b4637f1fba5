import numpy as np
import pandas as pd
import pytest

from segcore.records.finding import Finding
from segcore.wording.findings import sentence

N = 60


def columns(**more):
    rng = np.random.default_rng(0)
    return {"tenure": rng.integers(1, 70, N).astype(float), "charges": rng.normal(50, 9, N), **more}


def filled(table, column):
    return next(use.filled for use in table.uses if use.column == column)


def with_gaps(values, rows):
    return pd.Series(values).where(~pd.Series(range(len(values))).isin(rows))


def test_a_missing_number_counts_as_the_median_and_that_is_said(table_of):
    made = columns()
    made["charges"] = with_gaps(made["charges"], [3, 17])

    table = table_of(made)

    finding = filled(table, "charges")
    median = np.nanmedian(made["charges"])
    assert table.column("charges")[[3, 17]] == pytest.approx(median) or table.filled["charges"].sum() == 2
    assert set(np.asarray(table.values)[table.filled["charges"]][:, 1]) == {median}
    assert finding.values["count"] == 2 and finding.values["shared"] is None
    assert sentence(finding).startswith("charges has 2 missing values, which count as the median, ")
    assert sentence(finding).endswith("use 0 instead with --zero charges, or leave these customers out with --required charges.")
    assert filled(table, "tenure") is None and set(table.filled) == {"charges"}


def test_what_all_customers_without_a_value_have_in_common_is_named(table_of):
    made = columns()
    made["tenure"][[5, 6, 7, 8]] = 0
    made["charges"] = with_gaps(made["charges"], [5, 6, 7, 8])

    text = sentence(filled(table_of(made), "charges"), "screen")

    assert "; all 4 have 0 in tenure: use 0 instead, or leave these customers out" in text


@pytest.mark.parametrize("also", [list(range(9, 30)), []])
def test_a_value_that_most_others_have_too_is_no_pattern(table_of, also):
    made = columns()
    made["tenure"][[5, 6, 7, *also]] = 0
    made["tenure"][[5]] = 0 if also else 3
    made["charges"] = with_gaps(made["charges"], [5, 6, 7])
    assert filled(table_of(made), "charges").values["shared"] is None


def test_on_request_a_missing_number_counts_as_0(table_of):
    made = columns()
    made["charges"] = with_gaps(made["charges"], [3])

    table = table_of(made, zero=("charges",))

    assert table.column("charges")[table.filled["charges"]] == pytest.approx([0])
    assert "1 missing value, which counts as 0" in sentence(filled(table, "charges"))


def test_a_missing_one_of_two_values_counts_as_the_more_frequent_one(table_of):
    partner = pd.Series(["yes", "no", "no"] * (N // 3)).where(pd.Series(range(N)) != 4)
    table = table_of(columns(partner=partner))

    assert filled(table, "partner").values["how"] == "frequent"
    assert "which counts as no, the more frequent value" in sentence(filled(table, "partner"))
    assert "--zero" not in sentence(filled(table, "partner"))
    assert {name: int(blank.sum()) for name, blank in table.filled.items()} == {"partner=yes": 1}


def test_missing_values_that_are_a_value_of_their_own_are_not_filled(table_of):
    plan = pd.Series(["a", "b", None] * (N // 3))
    table = table_of(columns(plan=plan))
    assert filled(table, "plan") is None and table.filled == {}


def test_a_store_keeps_which_values_are_filled(table_of, home):
    from segcore.store.store import Store

    made = columns()
    made["charges"] = with_gaps(made["charges"], [3, 17])
    table, whole = table_of(made), table_of(columns())
    store = Store(home)

    again = store.feature_table(store.put_feature_table(table))

    assert list(again.filled) == ["charges"] and (again.filled["charges"] == table.filled["charges"]).all()
    assert "filled" not in store.json(store.put_feature_table(whole))
    assert again.take(np.array([0, 1])).filled["charges"].shape == (2,)
    assert again.select(("tenure",)).filled == {}


def test_a_use_with_a_filled_column_comes_back_from_json(table_of):
    from segcore.records.feature_table import ColumnUse

    made = columns()
    made["charges"] = with_gaps(made["charges"], [3])
    (use,) = (use for use in table_of(made).uses if use.column == "charges")
    assert ColumnUse.from_json(use.to_json()) == use
    assert ColumnUse.from_json({**use.to_json(), "filled": None}).filled is None
    assert isinstance(use.filled, Finding)
