import datetime as dt

import pyarrow as pa
import pytest

from segcore.data.files.raw import table_source
from segcore.data.meaning.clock_times import clock_times
from segcore.data.meaning.roles import find_meaning
from segcore.data.rows.dataset import Selection, build_dataset
from segcore.wording.findings import sentence

DAYS = ["2024-01-13", "2024-01-13", "2024-01-15", "2024-02-01"]
IDS = ["11", "12", "11", "13"]
AMOUNTS = ["1.5", "2.5", "1.5", "9.99"]


def opened(**columns):
    return table_source("rows", pa.table(columns), where=lambda row: f"line {row + 2}")


def times_of(raw, **roles):
    meaning = find_meaning(raw, kind="transactions", roles=roles)
    dataset = build_dataset(raw, meaning, Selection(), frames="pandas")
    return dataset.frame[meaning.roles["time"]].tolist(), [sentence(note) for note in dataset.notes]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["08:05", "23:59", "0:00", "9:30"], ["8:05:00", "23:59:00", "0:00:00", "9:30:00"]),
        (["08:05:01", "23:59:59", "00:00:00.250", "9:30:10"], ["8:05:01", "23:59:59", "0:00:00", "9:30:10"]),
        (["8:05 AM", "12:00 am", "12:15 PM", "3:00 p.m."], ["8:05:00", "0:00:00", "12:15:00", "15:00:00"]),
        (["08h05", "23h59", "14:05 Uhr", "14.05"], ["8:05:00", "23:59:00", "14:05:00", "14:05:00"]),
    ],
)
def test_times_of_day_are_read_as_they_are_written(written, read):
    found = clock_times(pa.array(written))
    assert [str(dt.timedelta(microseconds=value)) for value in found.to_pylist()] == read


@pytest.mark.parametrize("written", [["24:00"], ["12:60"], ["13:00 PM"], ["soon", "12:00"], ["1", "2", "3"], [None], ["12:00-13:00"]])
def test_what_is_no_time_of_day_is_not_read_as_one(written):
    assert clock_times(pa.array(written, pa.string())) is None


def test_numbers_are_times_of_day_where_enough_of_them_can_be():
    minutes = [hour * 100 + minute for hour in range(24) for minute in (0, 15, 59)]
    seconds = [value * 100 + 7 for value in minutes]
    assert clock_times(pa.array(minutes)).to_pylist()[-1] == (23 * 60 + 59) * 60_000_000
    assert clock_times(pa.array([str(value) for value in seconds])).to_pylist()[1] == (15 * 60 + 7) * 1_000_000
    assert clock_times(pa.array([*minutes, 1275])) is None
    assert clock_times(pa.array(range(24))) is None  # hours: half past nine is not among them
    assert clock_times(pa.array([9, 23]), hours=True).to_pylist() == [9 * 3_600_000_000, 23 * 3_600_000_000]
    assert clock_times(pa.array([9, 24]), hours=True) is None


@pytest.mark.parametrize(
    ("day", "clock"), [("Date", "Time"), ("TRANS_DATE", "TRANS_TIME"), ("Order Date", "Order Time"), ("Bestelldatum", "Uhrzeit"),
                       ("Date de commande", "Heure"), ("Date", "Heure d'achat"), ("Data do Pedido", "Hora do Pedido")]
)  # fmt: skip
def test_a_column_of_times_of_day_is_joined_to_that_of_days(day, clock):
    raw = opened(**{"Customer ID": IDS, day: DAYS, clock: ["08:05", "14:10", "23:00", "7:30"], "Amount": AMOUNTS})
    times, notes = times_of(raw)
    assert times[:2] == [dt.datetime(2024, 1, 13, 8, 5), dt.datetime(2024, 1, 13, 14, 10)]
    assert f"{clock} is read as the time of day of {day}: '08:05' gives 2024-01-13 08:05:00." in notes


@pytest.mark.parametrize("clock", ["SHOP_HOUR", "hour", "Heure"])
def test_whole_hours_are_times_of_day_in_a_column_of_hours(clock):
    raw = opened(customer_id=IDS, SHOP_DATE=[day.replace("-", "") for day in DAYS], **{clock: ["8", "14", "23", "7"]}, amount=AMOUNTS)
    times, notes = times_of(raw)
    assert times[:2] == [dt.datetime(2024, 1, 13, 8), dt.datetime(2024, 1, 13, 14)]
    assert f"{clock} is read as the time of day of SHOP_DATE: '8' gives 2024-01-13 08:00:00." in notes


def test_times_of_day_of_a_typed_file_are_joined_too():
    day = pa.array([dt.date(2024, 1, 13)] * 3 + [None])
    clock = pa.array([dt.time(8, 5), None, dt.time(14, 0, 1), dt.time(1, 1)])
    raw = opened(customer_id=IDS, date=day, time=clock, amount=AMOUNTS)
    times, notes = times_of(raw)
    assert times == [dt.datetime(2024, 1, 13, 8, 5), dt.datetime(2024, 1, 13), dt.datetime(2024, 1, 13, 14, 0, 1)]
    assert "time is read as the time of day of date: '08:05:00' gives 2024-01-13 08:05:00; 1 row without time counts as 0:00." in notes


@pytest.mark.parametrize("clock", ["Delivery Time", "Response Time", "Opening Time", "Time to ship", "Duration"])
def test_times_of_something_else_are_not_joined(clock):
    raw = opened(**{"Customer ID": IDS, "Date": DAYS, clock: ["08:05", "14:10", "23:00", "7:30"], "Amount": AMOUNTS})
    assert times_of(raw)[0][0] == dt.datetime(2024, 1, 13)


def test_a_column_with_a_role_or_dates_with_a_time_are_left_as_they_are():
    columns = {"Customer ID": IDS, "Date": DAYS, "Time": ["08:05", "14:10", "23:00", "7:30"], "Amount": AMOUNTS}
    assert times_of(opened(**columns), item="Time")[0][0] == dt.datetime(2024, 1, 13)
    columns["Date"] = [f"{day} 10:00" for day in DAYS]
    assert times_of(opened(**columns))[0][0] == dt.datetime(2024, 1, 13, 10)


def test_a_value_far_down_that_is_no_time_of_day_is_said():
    clocks = ["08:05"] * 3000 + ["late"]
    n = len(clocks)
    raw = opened(customer_id=[str(row % 7) for row in range(n)], date=["2024-01-13"] * n, time=clocks, amount=["1"] * n)
    times, notes = times_of(raw)
    assert times[0] == dt.datetime(2024, 1, 13)
    assert "time has values that are not times of day, so date is used without it." in notes


def test_a_table_of_customers_has_no_joined_times():
    raw = opened(customer_id=["1", "2", "3", "4"], date=DAYS, time=["08:05", "14:10", "23:00", "7:30"])
    assert find_meaning(raw, kind="customers", roles={}).clock is None


def test_filters_are_about_the_columns_of_the_file():
    raw = opened(**{"Customer ID": IDS, "Date": DAYS, "Time": ["08:05", "14:10", "23:00", "7:30"], "Amount": AMOUNTS})
    meaning = find_meaning(raw, kind=None, roles={})
    dataset = build_dataset(raw, meaning, Selection(("Date = '2024-01-13'", "Time > '10:00'")), frames="pandas")
    assert dataset.frame["Date"].tolist() == [dt.datetime(2024, 1, 13, 14, 10)]
    dataset = build_dataset(raw, meaning, Selection(date_to="2024-01-15"), frames="pandas")
    assert len(dataset.frame) == 3
