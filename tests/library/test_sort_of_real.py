"""A file in the form of Let's Get Sort-of Real, from its path to profiles, without an option."""

import datetime as dt

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
