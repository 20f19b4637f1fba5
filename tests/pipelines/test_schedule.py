"""Schedules: presets and five fields of cron; anything else is one sentence that says which part is wrong."""

import pytest

from segcore.errors import ParameterError
from segcore.pipelines.schedule import PRESETS, read_schedule

GOOD = (
    "0 6 * * 1",
    "*/15 * * * *",
    "0 6,18 * * MON-FRI",
    "59 23 31 12 7",
    "0 0 1 */3 *",
    "0-30/10 0 29 2 *",
    "0 6 31 feb mon",  # cron means: each Monday of February, or the 31st
    "5 4 * JAN,JUL sun",
)
BAD = (
    ("", "'' is not a schedule"),
    ("0 6 * *", "'0 6 * *' is not a schedule: give minute, hour, day, month and weekday, such as '0 6 * * 1'"),
    ("0 6 * * 1 2026", "is not a schedule"),
    ("@fortnightly", "or one of @hourly, @daily, @weekly, @monthly, @quarterly, @yearly, none."),
    ("every monday", "is not a schedule"),
    ("60 6 * * 1", "has the minute '60': give *, numbers from 0 to 59, ranges such as 0-1, lists of these, or steps such as */2."),
    ("0 24 * * 1", "has the hour '24'"),
    ("0 6 0 * 1", "has the day '0'"),
    ("0 6 * 13 1", "has the month '13'"),
    ("0 6 * * 8", "has the weekday '8'"),
    ("0 6 * mon 1", "has the month 'mon'"),
    ("0 6 * * 5-1", "has the weekday '5-1'"),
    ("*/0 6 * * 1", "has the minute '*/0'"),
    ("5/15 6 * * 1", "has the minute '5/15'"),
    ("0, 6 * * 1", "has the minute '0,'"),
    ("-1 6 * * 1", "has the minute '-1'"),
    ("0 6 * * {{1}}", "has the weekday '{{1}}'"),
    ("0 6 L * *", "has the day 'L'"),
    ("٠ 6 * * 1", "is not a schedule"),
    ("0 6 30 2 *", "names a day that its months do not have"),
    ("0 6 31 4,6,9,11 *", "names a day that its months do not have"),
    ("1" * 10_000 + " 6 * * 1", "is not a schedule"),
)  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_five_fields_are_a_schedule(text):
    assert read_schedule(f"  {text.replace(' ', '   ')}\n") == text


def test_presets_are_a_schedule_and_none_is_by_hand():
    assert [read_schedule(name.upper()) for name in PRESETS] == list(PRESETS)
    assert read_schedule("none") is read_schedule(None) is None


@pytest.mark.parametrize(("text", "sentence"), BAD)
def test_anything_else_is_one_sentence(text, sentence):
    with pytest.raises(ParameterError) as refused:
        read_schedule(text)
    assert sentence in str(refused.value) and "\n" not in str(refused.value) and len(str(refused.value)) < 400
