import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from segcore.data.sources import read_source
from segcore.errors import DataError, ParameterError
from segcore.features.assemble import assemble, kit_outliers, readable_rows
from segcore.features.builders import build_features
from segcore.features.planning.sets import feature_names
from segcore.records.feature_table import FeatureEntry
from segcore.records.intake import DataRequest
from segcore.records.plan import Plan

RULED = ("Amount", "Recency", "NumberOfOrders")


@pytest.fixture
def table(some_lines, dataset_of):
    lines = some_lines(3000, 300)
    lines.loc[lines["Client"] == "5", "Unit"] *= 5000
    return build_features(dataset_of(lines))


def kept_by_pandas(table):
    frame = pd.DataFrame(table.values, columns=table.names)
    for name in RULED:
        low, high = frame[name].quantile(0.05), frame[name].quantile(0.95)
        reach = 1.5 * (high - low)
        frame = frame[(frame[name] >= low - reach) & (frame[name] <= high + reach)]
    mask = np.zeros(len(table), dtype=bool)
    mask[frame.index] = True
    return mask


def test_the_outlier_rule_is_the_kits_in_pandas(table):
    kept = kit_outliers(table)

    np.testing.assert_array_equal(kept, kept_by_pandas(table))
    assert not kept[list(table.customers).index("5")]


def test_the_outlier_rule_looks_at_its_three_whatever_is_chosen(table):
    assembled = assemble(table, Plan(("invoices",), outliers="kit"))

    assert assembled.table.names == ("invoices",)
    np.testing.assert_array_equal(assembled.kept, kept_by_pandas(table))
    assert assembled.set_aside_customers == (~assembled.kept).sum() > 0
    assert assembled.set_aside_revenue_share == pytest.approx(table.revenue[~assembled.kept].sum() / table.revenue.sum())
    np.testing.assert_array_equal(assembled.table.revenue, table.revenue[assembled.kept])


def test_without_the_rule_everybody_stays(table):
    assembled = assemble(table, Plan(table.names, outliers="none"))

    assert assembled.set_aside_customers == 0
    assert assembled.set_aside_revenue_share == 0
    np.testing.assert_array_equal(assembled.table.values, table.values)


def test_copies_stand_together_carry_their_number_and_are_jittered_as_the_kit_does(table):
    names = ["Recency", "Amount", "share_Monday"]

    assembled = assemble(table, Plan(names, repeats=3, seed=7)).table

    assert len(assembled) == 3 * len(table)
    assert list(assembled.customers[:4]) == [*[table.customers[0]] * 3, table.customers[1]]
    assert list(assembled.copies[:4]) == [0, 1, 2, 0]
    jitter = assembled.values - np.repeat(table.select(names).values, 3, axis=0)
    for position in (0, 2):
        assert set(np.round(jitter[:, position], 9)) == {0, 1, 2, 3, 4}
    assert (jitter[:, 1] > 0).all()
    assert np.log(jitter[:, 1]).mean() == pytest.approx(0, abs=0.15)
    assert np.log(jitter[:, 1]).std() == pytest.approx(1, abs=0.15)
    np.testing.assert_array_equal(assembled.revenue, np.repeat(table.revenue, 3))


def test_the_same_seed_gives_the_same_copies_and_another_seed_others(table):
    first, second, other = (assemble(table, Plan(("Amount",), repeats=2, seed=seed)).table.values for seed in (1, 1, 2))

    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_one_copy_is_not_jittered(table):
    np.testing.assert_array_equal(assemble(table, Plan(("Amount",), repeats=1, seed=5)).table.values[:, 0], table.column("Amount"))


@pytest.mark.parametrize("options", [{"repeats": 0}, {"seed": -1}, {"outliers": "iqr"}])
def test_options_outside_their_domain_are_refused(table, options):
    with pytest.raises(ParameterError):
        assemble(table, Plan(("Amount",), **options))


def test_the_rule_needs_transactions(dataset_of):
    customers = build_features(dataset_of(pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [3.0, 1.0, 9.0]}), {}, "customers"))

    with pytest.raises(ParameterError, match="only transactions have"):
        assemble(customers, Plan(("a",), outliers="kit"))
    assert assemble(customers, Plan(("a",))).set_aside_revenue_share is None


def test_a_feature_that_is_not_there_is_refused(table):
    with pytest.raises((ParameterError, DataError)):
        assemble(table, Plan(("spend",)))


@pytest.mark.skipif(
    "SEGCORE_DATA_DIR" not in os.environ, reason="SEGCORE_DATA_DIR is not set: it names a folder with Online Retail's files"
)
def test_online_retail_keeps_4256_of_4372_customers_and_sets_24_percent_of_revenue_aside(data_dir):
    table = build_features(read_source(DataRequest(str(data_dir / "online_retail.parquet"))))

    assembled = assemble(table, Plan(feature_names(table, "kit", "transactions"), outliers="kit"))

    assert len(table) == 4_372
    assert assembled.table.values.shape == (4_256, 21)
    assert assembled.set_aside_customers == 116
    assert assembled.set_aside_revenue_share == pytest.approx(0.24, abs=0.005)
    biggest = np.argsort(table.revenue)[-20:]
    assert (~assembled.kept[biggest]).sum() == 14


def test_copies_of_what_is_0_or_1_stay_so_and_numbers_are_jittered_as_without_it(table):
    flagged = replace(
        table,
        values=np.column_stack([np.arange(len(table)) % 2, table.values]),
        names=("loan=yes", *table.names),
        dictionary=(FeatureEntry("loan=yes", "loan: yes", "", "", ("loan",), kind="binary"), *table.dictionary),
    )
    plain = assemble(table, Plan(RULED, repeats=3, seed=1)).table
    found = assemble(flagged, Plan(("loan=yes", *RULED), repeats=3, seed=1)).table
    np.testing.assert_array_equal(found.column("loan=yes"), np.repeat(np.arange(len(table)) % 2, 3))
    np.testing.assert_array_equal(found.values[:, 1:], plain.values)


def test_rows_with_vectors_are_read_by_features_that_are_not_said_twice(table):
    made = {"vectors": {"features": ["v0"]}}
    dimension = FeatureEntry("v0", "Vector, dimension 0", "", "")
    full = replace(
        table,
        values=np.column_stack([table.values, np.arange(len(table))]),
        names=(*table.names, "v0"),
        dictionary=(*table.dictionary, dimension),
        fitted={**table.fitted, **made},
    )
    plan = Plan(("v0", "Recency"), outliers="kit", weights={"v0": 2.0})

    found = readable_rows(assemble(full, plan).table, lambda: full, plan)

    assert set(found.names) >= {"Recency", "invoices", "total_spend", "share_Monday"}
    assert set(found.names).isdisjoint({"v0", "Amount", "Monday", "Saturday", "log_spend", "rfm_score"})
    kept = kept_by_pandas(table)
    np.testing.assert_array_equal(found.column("total_spend"), table.column("total_spend")[kept])


def test_rows_without_vectors_are_read_as_they_are(table):
    rows = assemble(table, Plan(("Recency",))).table
    assert readable_rows(rows, lambda: pytest.fail("all features are read"), Plan(("Recency",))) is rows
