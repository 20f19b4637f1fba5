"""The sample that comes with the product, and what its products say of its lines."""

import pandas as pd
import pytest

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
