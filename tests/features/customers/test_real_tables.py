"""Public tables against what pandas makes of them, column by column."""

import numpy as np
import pandas as pd
import pytest

from segcore.data.sources import read_source
from segcore.features.builders import build_features
from segcore.records.data_rules import ColumnRules
from segcore.records.intake import DataRequest


def by_hand(rows, categories, share=0.1):
    """Return the dummies of text columns as pandas makes them, rare values put together before."""
    features = {}
    for name in categories:
        column = rows[name].astype(str)
        shares = column.value_counts(normalize=True)
        dummies = pd.get_dummies(column.where(column.map(shares) > share, "(other)"), prefix=name, prefix_sep="=", dtype=float)
        features |= {dummy: dummies[dummy].to_numpy() for dummy in dummies}
    return features


def in_order(table, values):
    """Return values of the file's rows in the order of a table whose ids are row numbers."""
    return np.asarray(values)[table.customers.astype(int) - 1]


@pytest.fixture
def bank(data_dir):
    return build_features(read_source(DataRequest(str(data_dir / "bank_marketing.csv"), kind="customers")))


def test_bank_marketing_is_what_pandas_makes_of_it(bank, data_dir):
    rows = pd.read_csv(data_dir / "bank_marketing.csv", keep_default_na=False)
    expected = by_hand(rows, ["job", "marital", "education", "contact", "month", "poutcome"])
    expected |= {name: rows[name] for name in ("age", "balance", "day", "duration", "campaign", "pdays", "previous")}
    expected |= {"housing=no": rows["housing"] == "no", "loan=yes": rows["loan"] == "yes"}

    assert bank.values.shape == (45_211, 32)
    assert set(bank.names) == set(expected)
    for name in bank.names:
        np.testing.assert_array_equal(bank.column(name), in_order(bank, expected[name]), err_msg=name)
    assert set(bank.profile) == {"default", "deposit"}
    assert list(bank.profile["deposit"]) == list(in_order(bank, rows["deposit"]))
    assert all(use.outcome for use in bank.uses if use.use == "profile")


def test_bank_marketing_held_out_rows_are_encoded_by_the_others(data_dir, tmp_path):
    rows = pd.read_csv(data_dir / "bank_marketing.csv", keep_default_na=False)
    rows.iloc[:40_000].to_csv(tmp_path / "train.csv", index=False)
    rows.iloc[40_000:].to_csv(tmp_path / "held.csv", index=False)
    train = build_features(read_source(DataRequest(str(tmp_path / "train.csv"), kind="customers")))

    held = build_features(read_source(DataRequest(str(tmp_path / "held.csv"), kind="customers")), fitted=train.fitted)

    assert held.names == train.names
    new = rows.iloc[40_000:].reset_index(drop=True)
    own = [name for name in train.names if name.startswith("job=") and name != "job=(other)"]
    for name in own:
        np.testing.assert_array_equal(held.column(name), in_order(held, new["job"] == name.removeprefix("job=")))
    np.testing.assert_array_equal(held.column("job=(other)"), 1 - np.column_stack([held.column(name) for name in own]).sum(axis=1))
    np.testing.assert_array_equal(held.column("balance"), in_order(held, new["balance"]))


def test_wholesale_channel_and_region_are_declared_codes(data_dir):
    source = read_source(DataRequest(str(data_dir / "wholesale_customers.csv"), kind="customers"))
    rows = pd.read_csv(data_dir / "wholesale_customers.csv", encoding="utf-8-sig")

    table = build_features(source, columns=ColumnRules(category=("Channel", "Region")))

    spend = ["Fresh", "Milk", "Grocery", "Frozen", "Detergents_Paper", "Delicassen"]
    assert table.names == ("Channel=2", "Region=3", "Region=1", "Region=2", *spend)
    np.testing.assert_array_equal(table.column("Channel=2"), in_order(table, rows["Channel"] == 2))
    for region in (1, 2, 3):
        np.testing.assert_array_equal(table.column(f"Region={region}"), in_order(table, rows["Region"] == region))
    for name in spend:
        np.testing.assert_array_equal(table.column(name), in_order(table, rows[name]))
    assert [use.column for use in build_features(source).uses if use.codes] == ["Region"]


def test_online_shoppers_has_its_outcome_aside_and_its_codes_suggested(data_dir):
    table = build_features(read_source(DataRequest(str(data_dir / "online_shoppers_intention.csv"), kind="customers")))

    assert set(table.profile) == {"Revenue"}
    assert [use.column for use in table.uses if use.codes] == ["Month", "OperatingSystems", "Browser", "Region", "TrafficType"]
    assert {use.column: use.use for use in table.uses}["Weekend"] == "binary"
    rows = pd.read_csv(data_dir / "online_shoppers_intention.csv", keep_default_na=False)
    assert {name for name in table.names if name.startswith("VisitorType")} == set(by_hand(rows, ["VisitorType"]))
