"""The sample that comes with the product, and what its products say of its lines."""

import pandas as pd
import pytest

from segcore.data.meaning.item_titles import item_titles
from segcore.data.samples.complete_journey import OF_PRODUCTS, ROLES, _path, open_completejourney
from segcore.data.sources import read_source
from segcore.records.intake import DataRequest


@pytest.fixture(scope="module")
def products():
    return pd.read_parquet(_path("products")).set_index("product_id")


def test_the_first_rows_carry_what_their_products_are(products):
    raw = open_completejourney()

    head = raw.head(50)

    assert head.num_rows == 50
    assert tuple(head.column_names) == raw.names
    assert raw.names[-4:] == OF_PRODUCTS
    assert set(ROLES.values()) <= set(raw.names)
    for line in head.to_pylist():
        known = products.loc[line["product_id"]]
        for name in OF_PRODUCTS:
            assert line[name] == known[name] or (line[name] is None and known[name] != known[name])


def test_columns_come_in_the_order_asked_whether_they_are_joined_or_not():
    raw = open_completejourney()

    joined = raw.read(["brand", "week", "product_type"])

    assert joined.column_names == ["brand", "week", "product_type"]
    assert joined.num_rows == raw.n_rows == 1_469_307
    assert raw.read(["week", "store_id"]).column_names == ["week", "store_id"]
    assert raw.read(["product_category", "product_id"]).column_names == ["product_category", "product_id"]


def test_lines_of_unknown_products_have_no_department(products):
    raw = open_completejourney()

    lines = raw.read(["product_id", "department"]).to_pandas()

    unknown = ~lines["product_id"].isin(products.index)
    assert lines.loc[unknown, "department"].isna().all()
    known = lines[~unknown].iloc[::1000]
    assert list(known["department"].astype(str)) == list(products.loc[known["product_id"], "department"])
    assert lines["department"].isna().sum() == unknown.sum() == 4_836


def test_another_level_of_categories_can_be_chosen():
    dataset = read_source(DataRequest("complete-journey", roles={"category": "brand", "discount": "coupon_disc"}, date_to="2017-01-01"))

    assert dataset.roles == {**ROLES, "category": "brand", "discount": "coupon_disc"}
    assert set(dataset.frame["brand"]) == {"National", "Private", "(none)"}


def test_products_have_a_title_with_their_size_where_it_is_known(products):
    raw = open_completejourney()

    titles = item_titles(raw, ROLES)

    assert titles["25671"] == "ICE - CRUSHED/CUBED, 22 LB"
    assert titles["26093"] == "BREAD:ITALIAN/FRENCH"
    assert "26081" not in titles  # without a type
    assert len(titles) == products["product_type"].notna().sum()


def test_households_have_demographics_where_there_are_some_and_counts_of_campaigns():
    demographics, campaigns = open_completejourney().customers

    assert (demographics.n_rows, campaigns.n_rows) == (801, 2_469)
    counts = campaigns.read(campaigns.names).to_pandas().set_index("household_id")
    got = pd.read_parquet(_path("campaigns")).merge(pd.read_parquet(_path("campaign_descriptions")), on="campaign_id")
    per_type = pd.crosstab(got["household_id"], got["campaign_type"]).reindex(counts.index, fill_value=0)
    assert (counts[["campaigns of type A", "campaigns of type B", "campaigns of type C"]].to_numpy() == per_type.to_numpy()).all()
    assert (counts["campaigns"] == per_type.sum(axis=1)).all() and (counts["campaigns"] == 0).sum() > 0
    redeemed = pd.read_parquet(_path("coupon_redemptions"))["household_id"].value_counts().reindex(counts.index, fill_value=0)
    assert (counts["coupons redeemed"] == redeemed).all()
