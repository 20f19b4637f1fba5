import datetime as dt
import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segcore.data.sources import read_source
from segcore.errors import DataError, ParameterError
from segcore.features.builders import build_features
from segcore.features.planning.sets import FEATURE_SETS, feature_names
from segcore.records.intake import DataRequest
from segcore.wording.findings import sentence
from tests.examples import few

ROLES = {"customer": "Client", "order": "Ticket", "time": "At", "item": "Code", "quantity": "Qty", "price": "Unit"}
KIT = [
    *("Amount", "NumberOfOrders", "Recency"),
    *("Friday", "Monday", "Sunday", "Thursday", "Tuesday", "Wednesday"),
    *("April", "August", "December", "February", "January", "July", "June", "March", "May", "November", "October", "September"),
]
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def assert_same(table, expected):
    assert list(table.customers) == list(expected)
    assert set(table.names) == set(next(iter(expected.values())))
    for name in table.names:
        wanted = [features[name] for features in expected.values()]
        np.testing.assert_allclose(table.column(name), wanted, rtol=1e-9, atol=1e-9, err_msg=name)
    assert np.isfinite(table.values).all()


@pytest.mark.parametrize(
    "roles",
    [
        None,
        {"customer": "Client", "time": "At", "amount": "Unit"},
        {"customer": "Client", "time": "At", "order": "Ticket", "amount": "Unit", "quantity": "Qty"},
        {"customer": "Client", "time": "At", "quantity": "Qty", "price": "Unit", "item": "Code"},
        {**ROLES, "category": "Group", "discount": "Off"},
        {"customer": "Client", "time": "At", "amount": "Off", "category": "Code"},
    ],
    ids=["lines", "customer, time and amount", "amount beside quantity", "no order", "every role", "negative amounts and 30 categories"],
)
def test_every_feature_is_what_plain_loops_make_of_the_lines(some_lines, dataset_of, by_hand, roles):
    lines = some_lines()
    if roles and roles.get("amount") == "Off":
        lines = lines.fillna({"Off": 0.0})
    arguments = (lines, roles) if roles else (lines,)

    table = build_features(dataset_of(*arguments))

    assert_same(table, by_hand(*arguments))
    np.testing.assert_allclose(table.revenue, table.column("total_spend"))
    assert len(table.names) == len(set(table.names))


def test_three_lines_by_hand(dataset_of):
    lines = pd.DataFrame(
        {
            "Client": ["a", "a", "a", "b"],
            "Ticket": ["1", "2", "C3", "C4"],
            "At": pd.to_datetime(["2024-01-01 12:00", "2024-01-11 12:00", "2024-01-13 06:00", "2024-01-14 12:00"]),
            "Code": ["x", "y", "z", "x"],
            "Qty": [2.0, 1.0, -1.0, -3.0],
            "Unit": [5.0, 10.0, 10.0, 1.0],
        }
    )

    table = build_features(dataset_of(lines))

    first, second = ({name: table.column(name)[row] for name in table.names} for row in (0, 1))
    assert table.reference_date == "2024-01-14T12:00:00"
    assert first["Amount"] == pytest.approx(10 / 3)
    assert (first["NumberOfOrders"], first["Recency"]) == (3, 1)
    assert (first["Monday"], first["Thursday"], first["Saturday"], first["January"]) == (1, 1, 1, 3)
    assert (first["invoices"], first["distinct_items"]) == (2, 2)
    assert (first["total_spend"], first["average_basket_value"]) == (10, 5)
    assert (first["days_between_orders"], first["tenure_days"]) == (10, 13)
    assert first["share_Monday"] == pytest.approx(1 / 3)
    assert (second["invoices"], second["average_basket_value"], second["days_between_orders"], second["tenure_days"]) == (0, 0, 0, 0)
    assert second["log_spend"] == pytest.approx(-np.log(4))


def test_the_sets_are_the_kits_and_the_apps(some_lines, dataset_of):
    table = build_features(dataset_of(some_lines()))

    assert list(FEATURE_SETS["kit"]) == KIT
    assert feature_names(table, "kit", "transactions") == tuple(KIT)
    assert feature_names(table, "small", "transactions") == ("Amount", "NumberOfOrders", "Recency")
    assert feature_names(table, "all", "transactions") == table.names
    assert table.names[:21] == tuple(KIT)
    assert feature_names(table, "behaviour", "transactions") == (
        "Recency",
        "invoices",
        "log_spend",
        "average_basket_value",
        "days_between_orders",
        *(f"share_{day}" for day in DAYS),
    )
    assert feature_names(table, " Recency, invoices ", "transactions") == ("Recency", "invoices")
    for asked in ("", "nothing", "Recency,Recency"):
        with pytest.raises(ParameterError):
            feature_names(table, asked, "transactions")


def test_the_dictionary_explains_every_feature_in_words_and_says_what_is_missing(some_lines, dataset_of):
    table = build_features(dataset_of(some_lines(), {"customer": "Client", "time": "At", "amount": "Unit"}))

    entries = {entry.name: entry for entry in table.dictionary}
    assert {name for name, entry in entries.items() if entry.dropped is None} == set(table.names)
    assert sentence(entries["distinct_items"].dropped) == "no column has the role item"
    assert all(entry.description.endswith(".") and entry.columns and entry.unit for entry in entries.values() if entry.dropped is None)
    with pytest.raises(DataError, match="distinct_items is not available"):
        feature_names(table, "distinct_items", "transactions")


def test_a_later_reference_date_moves_days_only(some_lines, dataset_of, by_hand):
    lines = some_lines()

    table = build_features(dataset_of(lines), reference_date="2024-06-30T12:00:00")

    assert_same(table, by_hand(lines, reference=dt.datetime(2024, 6, 30, 12)))


def test_a_reference_date_alone_is_the_end_of_its_day(some_lines, dataset_of):
    lines = some_lines()
    last = lines["At"].max()

    table = build_features(dataset_of(lines), reference_date=f"{last:%Y-%m-%d}")

    assert table.column("Recency").min() == 0
    assert table.reference_date == f"{last:%Y-%m-%d}T23:59:59.999999"


def test_lines_after_the_reference_date_are_refused(some_lines, dataset_of):
    with pytest.raises(DataError, match="after the reference date"):
        build_features(dataset_of(some_lines()), reference_date="2023-04-01")
    with pytest.raises(ParameterError, match="reference date"):
        build_features(dataset_of(some_lines()), reference_date="soon")


@pytest.mark.parametrize("order", ["C1", "C", "c1", "C1A", "XC1", "1C", "C١"])
def test_only_c_and_digits_are_a_cancelled_order(dataset_of, order):
    lines = pd.DataFrame(
        {"Client": ["a"], "Ticket": [order], "At": pd.to_datetime(["2024-01-01"]), "Code": ["x"], "Qty": [1.0], "Unit": [2.0]}
    )

    table = build_features(dataset_of(lines))

    assert table.column("invoices")[0] == (0 if order == "C1" else 1)


counts = st.integers(min_value=1, max_value=60)


@settings(max_examples=few(25), deadline=None)
@given(n_lines=counts, n_customers=st.integers(1, 8), seed=st.integers(0, 1000))
def test_counts_add_up_and_shares_sum_to_one(some_lines, dataset_of, n_lines, n_customers, seed):
    lines = some_lines(n_lines + 4, n_customers, seed)

    table = build_features(dataset_of(lines))

    weekdays = sum(table.column(day) for day in DAYS)
    np.testing.assert_array_equal(weekdays, table.column("NumberOfOrders"))
    np.testing.assert_allclose(sum(table.column(f"share_{day}") for day in DAYS), 1.0)
    np.testing.assert_allclose(sum(table.column(name) for name in table.names if name.startswith("share_")), 3.0)
    assert table.column("NumberOfOrders").sum() == len(lines)
    assert table.column("total_spend").sum() == pytest.approx((lines["Qty"] * lines["Unit"]).sum())
    assert (table.column("invoices") <= table.column("NumberOfOrders")).all()
    assert (table.column("days_between_orders") >= 0).all()
    assert (table.column("tenure_days") >= 0).all()
    assert (table.column("Recency") >= 0).all()
    assert list(table.customers) == sorted(set(lines["Client"]))


@settings(max_examples=few(15), deadline=None)
@given(seed=st.integers(0, 1000), order=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(some_lines, dataset_of, seed, order):
    lines = some_lines(80, 6, seed)
    positions = list(range(len(lines)))
    order.shuffle(positions)

    one, other = (build_features(dataset_of(frame)) for frame in (lines, lines.iloc[positions]))

    assert list(one.customers) == list(other.customers)
    np.testing.assert_allclose(one.values, other.values, rtol=1e-9, atol=1e-9)


@settings(max_examples=few(15), deadline=None)
@given(seed=st.integers(0, 1000))
def test_a_customer_has_the_same_features_whoever_else_is_there(some_lines, dataset_of, seed):
    lines = some_lines(80, 6, seed)
    whole = build_features(dataset_of(lines))
    rows = lines["Client"] == whole.customers[0]

    alone = build_features(dataset_of(lines[rows]), reference_date=whole.reference_date, fitted=whole.fitted)

    np.testing.assert_allclose(alone.values[0], whole.values[0], rtol=1e-9, atol=1e-9)


def kits_own_preprocessing(frame):
    """The Intel kit's steps 1 and 2, written as its own code does them."""
    frame = frame.dropna().copy()
    frame["Amount"] = frame["Quantity"] * frame["UnitPrice"]
    days = pd.get_dummies(frame["InvoiceDate"].dt.day_name())
    months = pd.get_dummies(frame["InvoiceDate"].dt.month_name())
    last = frame["InvoiceDate"].max()
    wide = pd.concat([frame[["CustomerID", "Amount", "InvoiceDate"]], days, months], axis=1)
    grouped = wide.groupby("CustomerID")
    features = pd.DataFrame(
        {"Amount": grouped["Amount"].mean(), "NumberOfOrders": grouped.size(), "Recency": (last - grouped["InvoiceDate"].max()).dt.days}
    )
    return pd.concat([features, grouped[[*days.columns, *months.columns]].sum()], axis=1)


@pytest.mark.skipif(
    "SEGCORE_DATA_DIR" not in os.environ, reason="SEGCORE_DATA_DIR is not set: it names a folder with Online Retail's files"
)
def test_online_retail_gives_the_kits_21_features(data_dir):
    frame = pd.read_parquet(data_dir / "online_retail.parquet")
    dataset = read_source(DataRequest(str(data_dir / "online_retail.parquet")))

    table, expected = build_features(dataset), kits_own_preprocessing(frame)
    expected.index = expected.index.astype(int).astype(str)
    expected = expected.sort_index()[KIT]
    assert list(table.customers) == list(expected.index)
    np.testing.assert_allclose(table.select(KIT).values, expected.to_numpy(dtype=float), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("role", ["price", "discount"])
def test_sums_beyond_all_numbers_are_refused_with_the_customer(dataset_of, some_lines, role):
    lines = some_lines(8, 1).assign(Client="a", Ticket="1", Qty=1.0, Off=1.0)
    column = {"price": "Unit", "discount": "Off"}[role]

    with pytest.raises(DataError, match=r"of customer 'a' is too large"):
        build_features(dataset_of(lines.assign(**{column: 1e308}), {**ROLES, "discount": "Off"}))
