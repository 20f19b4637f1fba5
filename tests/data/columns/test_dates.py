import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segcore.data.columns.dates import parse_moment, read_times
from segcore.errors import DataError
from segcore.wording.findings import sentence

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


def read(values, kind=None, **options):
    return read_times(pa.chunked_array([pa.array(values, kind)]), name="when", where=lambda row: f"line {row + 2}", **options)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_times_that_were_written(form):
    times = read([moment.strftime(form) for moment in LONG])

    expected = [dt.datetime.strptime(moment.strftime(form), form) for moment in LONG]
    assert times.values.to_pylist() == expected
    spoken = " ".join(sentence(note) for note in times.notes)
    said = FORMS[form]
    assert (said in spoken) if said else not times.notes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12/13/2010 8:26", dt.datetime(2010, 12, 13, 8, 26)),
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


@pytest.mark.parametrize("values", [["03/04/2010"], ["01/12/2010", "02/12/2010", "12/12/2010"], ["1.2.10 10:00", "3.4.10"]])
def test_an_order_that_no_date_tells_is_asked_for(values):
    with pytest.raises(DataError, match=r"day first or the month first.*line 2.*--date-order dmy or mdy") as error:
        read(values)

    assert error.value.remedy == "date_order"
    assert read(values, order="dmy").values.to_pylist()[0].day == int(values[0].split("." if "." in values[0] else "/")[0])
    assert read(values, order="mdy").values.to_pylist()[0].month == int(values[0].split("." if "." in values[0] else "/")[0])


def test_setting_bad_dates_aside_does_not_answer_which_number_is_the_day():
    with pytest.raises(DataError, match="--date-order"):
        read(["03/04/2010", "soon"], set_aside=True)


def test_days_that_are_the_same_in_both_orders_need_no_order():
    assert read(["05/05/2010", "06/06/2010"]).values.to_pylist() == [dt.datetime(2010, 5, 5), dt.datetime(2010, 6, 6)]


def test_one_date_above_the_12th_decides_and_is_named():
    (note,) = read(["03/04/2010", "13/04/2010"]).notes

    assert note.severity == "info"
    assert "day first, since '13/04/2010' in line 3" in sentence(note)


def test_one_telling_date_among_hundreds_is_warned_about():
    (note,) = read(["03/04/2010"] * 300 + ["04/13/2010"]).notes

    assert note.severity == "warning"
    assert "only 1 of 301 dates" in sentence(note)


def test_dates_against_the_order_that_was_asked_for_are_bad():
    with pytest.raises(
        DataError, match="1 value cannot be read: the first is '25/12/2010' in line 3, which is not a date with the month first"
    ) as error:
        read(["03/04/2010", "25/12/2010"], order="mdy")

    assert error.value.remedy == "set_aside"
    times = read(["03/04/2010", "25/12/2010"], order="mdy", set_aside=True)
    assert times.values.to_pylist() == [dt.datetime(2010, 3, 4), None]
    assert list(times.bad) == [False, True]


def test_an_order_does_not_touch_dates_that_tell_it_themselves():
    assert read(["2010-03-04"], order="dmy").values.to_pylist() == [dt.datetime(2010, 3, 4)]
    assert read(["3 April 2010"], order="mdy").values.to_pylist() == [dt.datetime(2010, 4, 3)]


def test_years_of_two_digits_are_first_where_the_last_number_runs_through_the_month():
    first = read([f"24-01-{day:02d}" for day in range(1, 29)])
    last = read([f"{day:02d}-01-24" for day in range(1, 29)])

    assert first.values.to_pylist() == last.values.to_pylist() == [dt.datetime(2024, 1, day) for day in range(1, 29)]
    assert first.notes[0].severity == "warning"
    with pytest.raises(DataError, match="--date-order dmy or mdy or ymd"):
        read(["10-12-11"])
    assert read(["10-12-11"], order="ymd").values.to_pylist() == [dt.datetime(2010, 12, 11)]


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        (["2010-12-01", "01/12/2010", "2010-12-02"], (3, 2)),
        (["01.12.2010", "13.12.2010", "13/12/2010"], (4, 2)),
        (["1 Dec 2010", "13/12/2010", "14/12/2010"], (2, 3)),
        (["25/12/2010", "26/12/2010", "12/25/2010"], (4, 2)),
        (["13/12/2010 8:26 AM", "13/12/2010 13:26", "14/12/2010 14:26"], (2, 3)),
        (["40513", "2010-12-01", "40514"], (3, 2)),
        (["2010-12", "2010-12-01", "2010-12-02"], (2, 3)),
        (["13/12/10", "13/12/2010", "14/12/2010"], (2, 3)),
    ],
)
def test_a_second_form_is_refused_with_an_example_of_each_or_set_aside(values, lines):
    with pytest.raises(DataError, match=f"1 value cannot be read.* in line {lines[0]}, though others .* in line {lines[1]}") as error:
        read(values)

    assert error.value.remedy == "set_aside"
    times = read(values, set_aside=True)
    assert [row + 2 for row, value in enumerate(times.values.to_pylist()) if value is None] == [lines[0]]
    assert list(times.bad) == [value is None for value in times.values.to_pylist()]


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("31/02/2011", "a day that does not exist"),
        ("29/02/2011", "a day that does not exist"),
        ("13/12/2011 25:00", "a time that does not exist"),
        ("13/12/1899", "a year outside 1900 to 2199"),
        ("soon", "correct"),
        ("#REF!", "correct"),
    ],
)
def test_impossible_dates_are_refused_with_their_number_and_the_first_line(bad, why):
    with pytest.raises(DataError, match=f"2 values cannot be read: the first is '{bad}' in line 3.*{why}"):
        read(["13/12/2011", bad, bad])

    assert list(read(["13/12/2011", bad, bad], set_aside=True).bad) == [False, True, True]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. März 2011", dt.datetime(2011, 3, 1)),
        ("1er août 2011", dt.datetime(2011, 8, 1)),
        ("1 de diciembre de 2010", dt.datetime(2010, 12, 1)),
        ("Wed, 01 Dec 2010 08:26:00 GMT", dt.datetime(2010, 12, 1, 8, 26)),
        ("01DEC2010", dt.datetime(2010, 12, 1)),
        ("2010-Dec-01", dt.datetime(2010, 12, 1)),
        ("December 1st, 2010", dt.datetime(2010, 12, 1)),
        ("13/12/2010\u202f8:26\u00a0PM", dt.datetime(2010, 12, 13, 20, 26)),
        ("13.12.2010 10.30", dt.datetime(2010, 12, 13, 10, 30)),
        ("20101201083000", dt.datetime(2010, 12, 1, 8, 30)),
        ("20101201T0830", dt.datetime(2010, 12, 1, 8, 30)),
        ("40513,5", dt.datetime(2010, 12, 1, 12)),
        ("1291191960000000", dt.datetime(2010, 12, 1, 8, 26)),
        ("2011-05", dt.datetime(2011, 5, 1)),
        ("5/2011", dt.datetime(2011, 5, 1)),
        ("Mai 2011", dt.datetime(2011, 5, 1)),
    ],
)
def test_forms_of_other_languages_and_programs_are_read(text, expected):
    assert read([text]).values.to_pylist() == [expected]


def test_months_without_a_day_are_said_to_be_their_first():
    (note,) = read(["2011-05", "2011-06"]).notes

    assert "'2011-05' in line 2 is 2011-05-01" in sentence(note)


@pytest.mark.parametrize(
    ("zones", "said"),
    [
        (["Z", "Z"], "in UTC"),
        (["+01:00", "+0100"], "in the zone +01:00"),
        (["+01:00", "+02:00", "+01:00"], "several zones (+01:00 and +02:00)"),
        (["Z", ""], "several zones (UTC and none)"),
    ],
)
def test_zones_are_named_and_the_clock_is_read_as_written(zones, said):
    times = read([f"2010-12-01T08:26:0{n}{zone}" for n, zone in enumerate(zones)])

    assert [value.hour for value in times.values.to_pylist()] == [8] * len(zones)
    assert said in sentence(times.notes[0])


def test_how_databases_and_people_write_no_date_is_missing_and_said():
    times = read(["0000-00-00 00:00:00", "2010-12-01 00:00:00", "-", "?"])

    assert times.values.null_count == 3
    assert times.bad is None
    assert "3 values of when, the first '0000-00-00 00:00:00' in line 2, are read as missing" in sentence(times.notes[0])


def test_a_wrong_number_among_day_numbers_is_bad():
    assert list(read([40513, 5, 40514], set_aside=True).bad) == [False, True, False]
    with pytest.raises(DataError, match="line 3"):
        read([20101201, 20101301])


def test_real_times_outside_the_years_are_bad_whatever_their_unit():
    kinds = [pa.timestamp("s"), pa.timestamp("s", "UTC"), pa.timestamp("ms"), pa.date64()]
    for kind in kinds:
        column = pa.array([2**62, 0], pa.int64()).cast(kind, safe=False)
        with pytest.raises(DataError, match="1 value cannot be read.*line 2"):
            read_times(column, name="when", where=lambda row: f"line {row + 2}")
        assert list(read_times(column, name="when", where=str, set_aside=True).bad) == [True, False]


def test_a_zone_that_does_not_exist_is_refused():
    with pytest.raises(DataError, match="Foo/Bar"):
        read_times(pa.array([5], pa.timestamp("s", "Foo/Bar")), name="when", where=str)


@pytest.mark.parametrize(("values", "what"), [([True], "yes and no"), ([dt.time(8)], "times without a day")])
def test_what_is_no_date_by_its_type_is_refused(values, what):
    with pytest.raises(DataError, match=what):
        read(values, set_aside=True)


def test_a_12_hour_clock_without_am_or_pm_is_noticed():
    moments = [dt.datetime(2010, 12, 1 + n % 28, 8 + n % 10, n % 60) for n in range(200)]

    wrong = read([moment.strftime("%m/%d/%y %I:%M") for moment in moments])
    right = read([moment.strftime("%m/%d/%y %H:%M") for moment in moments])

    assert [note.severity for note in wrong.notes] == ["info", "info", "warning"]
    assert "12-hour clock" in sentence(wrong.notes[2])
    assert "Recency" in sentence(wrong.notes[2])
    assert [note.severity for note in right.notes] == ["info", "info"]


def test_a_shop_that_is_open_in_the_morning_only_is_not_warned_about():
    moments = [dt.datetime(2010, 12, 1 + n % 28, 8 + n % 5, n % 60) for n in range(200)]

    assert all(note.severity == "info" for note in read([moment.strftime("%m/%d/%y %H:%M") for moment in moments]).notes)


def test_real_times_keep_the_clock_on_the_wall():
    zone = pa.array([dt.datetime(2024, 6, 1, 22, 30, tzinfo=dt.UTC)], pa.timestamp("us", tz="Europe/Berlin"))

    times = read_times(pa.chunked_array([zone]), name="when", where=str)

    assert times.values.to_pylist() == [dt.datetime(2024, 6, 2, 0, 30)]
    assert "Europe/Berlin" in sentence(times.notes[0])


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


DATE_FORMS = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y %H:%M", "%m-%d-%Y %I:%M:%S %p", "%Y/%m/%d", "%d %B %Y", "%b %d, %Y %H:%M", "%Y%m%d")


@given(st.lists(st.datetimes(dt.datetime(1971, 1, 1), dt.datetime(2068, 12, 31)), min_size=1, max_size=20), st.sampled_from(DATE_FORMS))
def test_dates_in_any_form_come_back_or_their_order_is_asked_for(moments, form):
    texts = [moment.strftime(form) for moment in moments]
    expected = [dt.datetime.strptime(text, form) for text in texts]
    numeric = form[:6] in ("%d/%m/", "%m/%d/", "%d.%m.", "%m-%d-")
    undecided = numeric and all(moment.day <= 12 for moment in moments) and any(moment.day != moment.month for moment in moments)

    if undecided:
        with pytest.raises(DataError, match="--date-order"):
            read(texts)
        assert read(texts, order="dmy" if form.startswith("%d") else "mdy").values.to_pylist() == expected
    else:
        assert read(texts).values.to_pylist() == expected


@given(st.lists(st.sampled_from(["ok", "31/02/2011", "soon", "2011-01-31", "12/25/2011", "25.12.2011", ""]), min_size=1, max_size=30))
def test_exactly_the_bad_rows_are_set_aside(kinds):
    good = [f"{day:02d}/06/2011" for day in range(13, 29)]  # more of them than of anything else
    texts = good * 3 + ["14/06/2011" if kind == "ok" else kind for kind in kinds]

    times = read(texts, set_aside=True)

    bad = [kind not in ("ok", "") for kind in kinds]
    assert (times.bad is None) == (not any(bad))
    if any(bad):
        assert list(times.bad) == [False] * 48 + bad
    assert [value is None for value in times.values.to_pylist()] == [False] * 48 + [kind != "ok" for kind in kinds]


@given(st.lists(st.dates(dt.date(1971, 1, 1), dt.date(2068, 12, 31)), min_size=1, max_size=20))
def test_a_date_above_the_12th_settles_the_whole_column(days):
    settled = [*days, dt.date(2001, 5, 28)]

    times = read([f"{day:%d/%m/%Y}" for day in settled])

    assert [value.date() for value in times.values.to_pylist()] == settled


def test_a_bound_is_an_iso_date():
    assert parse_moment(" 2011-12-09 ") == dt.datetime(2011, 12, 9)
    assert parse_moment("12/09/2011") is None


@pytest.mark.parametrize(("text", "order"), [("25/12/2010", "mdy"), ("25/12/2010", "ymd"), ("12/25/10", "dmy")])
def test_an_order_that_fits_no_date_is_asked_for_again(text, order):
    with pytest.raises(DataError, match=f"'{text}' in line 2; choose another --date-order") as error:
        read([text], order=order, set_aside=True)

    assert error.value.remedy == "date_order"


@pytest.mark.parametrize(
    "values",
    [
        ["881250949", "881250950"],
        ["881250949", "", " 881250950 "],
        ["978300760000", "978300761000"],
        ["1678300760000", "1678300761123"],
        ["1678300760000123"],
        ["20101201", "20111201"],
        ["201012011530"],
        ["20101201153000"],
        ["40513", "40514.5"],
        ["99999999", "100000000"],
        ["5000000001"],
        [881250949, None],
        [881250949.0, 1.2e9],
        [881250949.5],
    ],
)
def test_columns_of_unix_time_are_read_as_value_by_value(values, monkeypatch):
    column = pa.array(values, pa.large_string() if isinstance(values[0], str) else None)

    def read():
        times = read_times(column, name="t", where=str, set_aside=True)
        return times.values.to_pylist(), times.notes, times.bad is not None and times.bad.tolist()

    quick = read()
    monkeypatch.setattr("segcore.data.columns.dates._unix", lambda *given: None)
    assert read() == quick
