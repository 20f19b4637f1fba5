"""The value column of a customer table: what the customers of a segment are worth together."""

import numpy as np
import pandas as pd
import pytest

import segcore
from segcore.errors import DataError


@pytest.fixture
def customers(tmp_path):
    """Return the file of sixty customers of two kinds, who are worth 10 and 40 each, two of them with a blank."""
    rng = np.random.default_rng(0)
    kind = np.arange(60) % 2
    frame = pd.DataFrame(
        {
            "customer_id": [f"c{row:03d}" for row in range(60)],
            "visits": rng.normal(5 + 20 * kind, 1).round(3),
            "age": rng.normal(30 + 30 * kind, 2).round(3),
            "balance": pd.array(10 + 30 * kind, dtype="Float64"),
        }
    )
    frame.loc[[0, 1], "balance"] = None
    path = tmp_path / "customers.csv"
    frame.to_csv(path, index=False)
    return path


def test_each_segment_has_its_share_of_the_column_and_blanks_are_0(customers):
    data = segcore.load(customers, roles={"value": "balance"})
    assert (data.kind, data.roles) == ("customers", {"customer": "customer_id", "value": "balance"})
    assert len(data.customers) == 60
    assert "2 blanks in balance count as 0 in the segments' shares of it." in [str(finding) for finding in data.findings]
    point = data.plan(["visits", "age"]).sweep(n_clusters=[2]).point(n_clusters=2)
    found = point.segments().sort_values("revenue")
    assert found["revenue"].tolist() == [29 * 10.0, 29 * 40.0]
    assert found["revenue_share"].tolist() == pytest.approx([0.2, 0.8])
    assert [bars.name for bars in point.plot().data] == ["share of balance", "share of customers"]


def test_it_is_a_feature_like_any_other(customers):
    with_value, without = (segcore.load(customers, roles={"value": column}) for column in ("balance", ""))
    assert with_value.features.columns.tolist() == without.features.columns.tolist()
    pd.testing.assert_frame_equal(with_value.features, without.features)


def test_without_it_there_is_no_revenue(customers):
    point = segcore.load(customers, roles={"value": ""}).plan(["visits", "age"]).sweep(n_clusters=[2]).point(n_clusters=2)
    assert "revenue" not in point.segments()


def test_new_customers_need_not_have_it(customers, tmp_path):
    point = segcore.load(customers, roles={"value": "balance"}).plan(["visits", "age"]).sweep(n_clusters=[2]).point(n_clusters=2)
    others = tmp_path / "new.csv"
    pd.read_csv(customers).drop(columns="balance").to_csv(others, index=False)
    scored = point.score(others)
    assert scored["segment"].tolist() == point.labels.tolist()


def test_a_column_of_texts_is_refused_with_its_row(customers, tmp_path):
    frame = pd.read_csv(customers)
    frame["balance"] = frame["balance"].astype(object)
    frame.loc[4, "balance"] = "much"
    path = tmp_path / "texts.csv"
    frame.to_csv(path, index=False)
    with pytest.raises(DataError, match=r"'much'.* 6"):
        segcore.load(path, roles={"value": "balance"})
