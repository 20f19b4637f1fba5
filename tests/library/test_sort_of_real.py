"""A file in the form of Let's Get Sort-of Real, from its path to profiles, without an option."""

import datetime as dt

import numpy as np
import pytest

import segcore
from tests.sort_of_real import sort_of_real


@pytest.fixture(scope="module")
def lines():
    return sort_of_real()


@pytest.fixture(scope="module")
def path(lines, tmp_path_factory):
    path = tmp_path_factory.mktemp("sort-of-real") / "transactions_200607.csv"
    lines.to_csv(path, index=False)
    return path


def test_the_roles_are_found_and_anonymous_baskets_counted(path, lines):
    data = segcore.load(path)

    assert (data.kind, data.roles) == (
        "transactions",
        {
            "customer": "CUST_CODE",
            "order": "BASKET_ID",
            "time": "SHOP_DATE",
            "item": "PROD_CODE",
            "quantity": "QUANTITY",
            "amount": "SPEND",
            "category": "PROD_CODE_40",
        },
    )
    anonymous, known = lines[lines["CUST_CODE"] == ""], lines[lines["CUST_CODE"] != ""]
    said = [str(finding) for finding in data.findings]
    assert f"{len(anonymous):,} rows in {anonymous['BASKET_ID'].nunique()} orders set aside: without CUST_CODE." in said
    assert list(data.customers) == sorted(known["CUST_CODE"].unique())
    first = min(
        dt.datetime.strptime(f"{day} {hour}", "%Y%m%d %H") for day, hour in zip(known["SHOP_DATE"], known["SHOP_HOUR"], strict=True)
    )
    assert data.intake.first_date == first.isoformat()
    assert data.features["total_spend"].sum() == pytest.approx(known["SPEND"].astype(float).sum())


def test_what_the_lines_say_of_customers_and_baskets_is_profiled_with_an_index(path, lines):
    data = segcore.load(path)
    shares = data.plan("value").sweep(n_clusters=range(2, 4)).point(n_clusters=3).profile().categories()

    known = lines[lines["CUST_CODE"] != ""]
    of_customers = known.drop_duplicates("CUST_CODE").set_index("CUST_CODE")["CUST_LIFESTAGE"]
    stages = shares[shares["column"] == "CUST_LIFESTAGE"]
    assert stages.groupby("value")["customers"].sum().to_dict() == of_customers[of_customers != ""].value_counts().to_dict()
    one = stages.iloc[0]
    assert one["index"] == pytest.approx(100 * one["share"] / (of_customers[of_customers != ""] == one["value"]).mean())

    # Traced in pandas: of each customer's baskets, the most frequent mission; of equally frequent ones, that of the earliest basket.
    baskets = known.drop_duplicates("BASKET_ID")
    baskets = baskets.assign(placed=baskets["SHOP_DATE"] + baskets["SHOP_HOUR"].str.zfill(2))
    counted = baskets.groupby(["CUST_CODE", "BASKET_DOMINANT_MISSION"])["placed"].agg(["size", "min"]).reset_index()
    dominant = counted.sort_values(["size", "min"], ascending=[False, True], kind="stable").drop_duplicates("CUST_CODE")
    missions = shares[shares["column"] == "BASKET_DOMINANT_MISSION"].groupby("value")["customers"].sum()
    assert missions.to_dict() == dominant["BASKET_DOMINANT_MISSION"].value_counts().to_dict()


def test_departments_are_ranked_by_what_each_segment_spends_on_them(path, lines):
    point = segcore.load(path).plan("value").sweep(n_clusters=range(2, 4)).point(n_clusters=3)
    found = point.profile().spend()

    segment_of = point.labels
    known = lines[lines["CUST_CODE"] != ""].assign(spend=lambda frame: frame["SPEND"].astype(float))
    spend = known.pivot_table(index=known["CUST_CODE"].map(segment_of), columns="PROD_CODE_40", values="spend", aggfunc="sum")
    shares = spend.div(spend.sum(axis=1), axis=0)
    index = 100 * shares / (spend.sum() / spend.to_numpy().sum())
    wide = {value: found.pivot(index="segment", columns="category", values=value) for value in ("share", "index", "rank", "index_rank")}
    np.testing.assert_allclose(wide["share"], shares.sort_index())
    np.testing.assert_allclose(wide["index"], index.sort_index())
    np.testing.assert_array_equal(wide["rank"], shares.sort_index().rank(axis=1, ascending=False))
    np.testing.assert_array_equal(wide["index_rank"], index.sort_index().rank(axis=1, ascending=False))


def test_missions_are_found_in_the_categories_on_request(path, lines):
    data = segcore.load(path, missions=5)

    found = data.table.profile["basket_mission"]
    names = next(finding for finding in data.findings if finding.code == "feature.missions").values["names"]
    assert set(found) <= set(names) and len(names) == 5
    assert data.table.fingerprint == segcore.load(path).table.fingerprint
    with pytest.raises(segcore.errors.ParameterError, match="missions must be a whole number"):
        segcore.load(path, missions=2.5)
