import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segcore.errors import DataError, ParameterError
from segcore.sources.dates import parse_moment, read_times

LONG = [dt.datetime(2011, 1, 1) + dt.timedelta(hours=7 * n, minutes=n) for n in range(400)]
FORMS = {
    "%Y-%m-%d %H:%M:%S": None,
    "%Y-%m-%dT%H:%M:%S": None,
    "%Y/%m/%d %H:%M": None,
    "%m/%d/%Y %H:%M": "month first",
    "%d/%m/%Y %H:%M": "day first",
    "%d-%m-%y %H:%M": "day first",
    "%d.%m.%Y %H:%M": "day first",
    "%m/%d/%Y %I:%M %p": "month first",
    "%d %B %Y %H:%M": None,
    "%d-%b-%Y %H:%M": None,
    "%b %d, %Y %H:%M": None,
}


def read(values, kind=None):
    return read_times(pa.chunked_array([pa.array(values, kind)]), name="when", where=lambda row: f"line {row + 2}")


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_times_that_were_written(form):
    times = read([moment.strftime(form) for moment in LONG])

    expected = [dt.datetime.strptime(moment.strftime(form), form) for moment in LONG]
    assert times.values.to_pylist() == expected
    spoken = " ".join(note.text for note in times.notes)
    said = FORMS[form]
    assert (said in spoken) if said else not times.notes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12/1/2010 8:26", dt.datetime(2010, 12, 1, 8, 26)),
        ("2010-12-01", dt.datetime(2010, 12, 1)),
        ("2010-12-01T08:26:00.25Z", dt.datetime(2010, 12, 1, 8, 26, 0, 250_000)),
        ("2010-12-01 08:26:00+02:00", dt.datetime(2010, 12, 1, 8, 26)),
        ("20101201", dt.datetime(2010, 12, 1)),
        ("1-Dec-10", dt.datetime(2010, 12, 1)),
        ("31/12/69", dt.datetime(2069, 12, 31)),
        ("31/12/70", dt.datetime(1970, 12, 31)),
        ("12/31/2010 12:05 AM", dt.datetime(2010, 12, 31, 0, 5)),
        ("12/31/2010 12:05 PM", dt.datetime(2010, 12, 31, 12, 5)),
        ("40513.3513888889", dt.datetime(2010, 12, 1, 8, 26)),
        ("1291191960", dt.datetime(2010, 12, 1, 8, 26)),
        ("1291191960000", dt.datetime(2010, 12, 1, 8, 26)),
    ],
)
def test_a_single_date_is_read_as_people_mean_it(text, expected):
    assert read([text]).values.to_pylist() == [expected]


def test_missing_values_stay_missing_and_do_not_disturb_the_form():
    times = read(["01/02/2010", "", None, "NaT", "25/12/2010"])

    assert times.values.to_pylist() == [dt.datetime(2010, 2, 1), None, None, None, dt.datetime(2010, 12, 25)]


def test_day_and_month_first_in_one_column_are_refused_with_both_lines():
    with pytest.raises(DataError) as error:
        read(["01/02/2010", "25/12/2010", "12/25/2010"])

    assert "line 3" in str(error.value)
    assert "line 4" in str(error.value)


def test_an_undecidable_order_is_the_one_in_which_rows_run_forward_and_is_warned_about():
    days = [f"{day:02d}/12/2010 10:00" for day in range(1, 10)]  # nine days in December, or the 12th of nine months
    forward = [*days, "01/01/2011 10:00", "02/01/2011 10:00"]

    times = read(forward)

    assert times.values.to_pylist()[:2] == [dt.datetime(2010, 12, 1, 10), dt.datetime(2010, 12, 2, 10)]
    assert times.notes[0].level == "warning"
    assert "day first" in times.notes[0].text


def test_an_undecidable_order_with_month_first_rows_running_forward_is_month_first():
    times = read([f"12/{day:02d}/2010" for day in range(1, 10)])

    assert times.values.to_pylist()[1] == dt.datetime(2010, 12, 2)
    assert times.notes[0].level == "warning"
    assert "month first" in times.notes[0].text


def test_a_few_dates_that_lie_close_together_in_one_order_are_read_so():
    times = read(["01/12/2010", "02/12/2010", "03/12/2010"])

    assert times.values.to_pylist()[2] == dt.datetime(2010, 12, 3)
    assert "close together" in times.notes[0].text


def test_an_order_that_nothing_decides_is_month_first():
    times = read(["03/04/2010"])

    assert times.values.to_pylist() == [dt.datetime(2010, 3, 4)]
    assert "4 March 2010" in times.notes[0].text


def test_a_12_hour_clock_without_am_or_pm_is_noticed():
    moments = [dt.datetime(2010, 12, 1 + n % 28, 8 + n % 10, n % 60) for n in range(200)]

    wrong = read([moment.strftime("%m/%d/%y %I:%M") for moment in moments])
    right = read([moment.strftime("%m/%d/%y %H:%M") for moment in moments])

    assert [note.level for note in wrong.notes] == ["info", "warning"]
    assert "12-hour clock" in wrong.notes[1].text
    assert "Recency" in wrong.notes[1].text
    assert [note.level for note in right.notes] == ["info"]


def test_a_shop_that_is_open_in_the_morning_only_is_not_warned_about():
    moments = [dt.datetime(2010, 12, 1 + n % 28, 8 + n % 5, n % 60) for n in range(200)]

    assert all(note.level == "info" for note in read([moment.strftime("%m/%d/%y %H:%M") for moment in moments]).notes)


def test_real_times_keep_the_clock_on_the_wall():
    zone = pa.array([dt.datetime(2024, 6, 1, 22, 30, tzinfo=dt.UTC)], pa.timestamp("us", tz="Europe/Berlin"))

    times = read_times(pa.chunked_array([zone]), name="when", where=str)

    assert times.values.to_pylist() == [dt.datetime(2024, 6, 2, 0, 30)]
    assert "Europe/Berlin" in times.notes[0].text


@pytest.mark.parametrize("kind", [pa.timestamp("s"), pa.timestamp("ns"), pa.date32(), pa.date64()])
def test_every_native_type_is_read(kind):
    assert read([dt.datetime(2024, 6, 1)] if pa.types.is_timestamp(kind) else [dt.date(2024, 6, 1)], kind).values.to_pylist() == [
        dt.datetime(2024, 6, 1)
    ]


@pytest.mark.parametrize("values", [["1", "2"], ["0.5"], ["99999999"], ["20101301"]])
def test_numbers_that_are_no_dates_are_refused(values):
    with pytest.raises(DataError, match="line 2"):
        read(values)


@pytest.mark.parametrize(
    "bad", ["30/02/2010", "2010-13-01", "2010-00-10", "1 Foo 2010", "2010-01-01 10:60", "13:00 PM 2010-01-01", "0201-01-01"]
)
def test_dates_that_do_not_exist_are_refused(bad):
    with pytest.raises(DataError, match="line 2"):
        read([bad])


@given(st.lists(st.datetimes(dt.datetime(1971, 1, 1), dt.datetime(2068, 12, 31)), min_size=1, max_size=20))
def test_iso_times_come_back_to_the_microsecond(moments):
    assert read([moment.isoformat() for moment in moments]).values.to_pylist() == moments


@given(st.lists(st.dates(dt.date(1971, 1, 1), dt.date(2068, 12, 31)), min_size=1, max_size=20))
def test_a_date_above_the_12th_settles_the_whole_column(days):
    settled = [*days, dt.date(2001, 5, 28)]

    times = read([f"{day:%d/%m/%Y}" for day in settled])

    assert [value.date() for value in times.values.to_pylist()] == settled


def test_a_bound_is_an_iso_date():
    assert parse_moment(" 2011-12-09 ", name="--to") == dt.datetime(2011, 12, 9)
    with pytest.raises(ParameterError, match="--to must be a date"):
        parse_moment("12/09/2011", name="--to")
