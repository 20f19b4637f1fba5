"""Findings become sentences in one place: every code has one, and a remedy speaks to its audience."""

import re
from pathlib import Path

import pytest

from segcore.errors import DataError
from segcore.records.dataset import RowCount
from segcore.records.finding import Finding, Remedy
from segcore.wording import findings
from segcore.wording.findings import counts_json, error_text, refusal, rows_by_label, sentence
from segcore.wording.remedies import remedy_text

SUBJECTS = "|".join(sorted({code.partition(".")[0] for code in findings._SENTENCES} - {"text"}))
CODE = re.compile(rf'"((?:{SUBJECTS})\.[a-z_]+)"')
BACKEND = Path(findings.__file__).parents[1]


def test_every_code_in_the_backend_has_a_sentence():
    modules = [path for path in BACKEND.rglob("*.py") if "wording" not in path.parts]
    missing = {(code, path.name) for path in modules for code in CODE.findall(path.read_text()) if code not in findings._SENTENCES}
    assert missing == set()


def test_a_finding_is_one_sentence_with_the_data_quoted():
    values = {"column": "Sales", "mark": ",", "example": {"value": "1,234", "place": "line 7"}, "read_as": 1234.0, "otherwise": 1.234}

    assert sentence(Finding("number.ambiguous_mark", "warning", values)) == (
        "Commas in Sales could be thousands or decimals: '1,234' in line 7 is read as 1234; if it is 1.234, write it that way in the file."
    )


@pytest.mark.parametrize(
    ("remedy", "command_line", "screen"),
    [
        (Remedy("set_aside"), "--set-aside", "button below"),
        (Remedy("date_order", {"orders": ["dmy", "mdy"]}), "--date-order dmy or mdy", "choose the order below"),
        (Remedy("date_order", {"orders": []}), "another --date-order", "choose another order below"),
        (Remedy("role", {"role": "time"}), "--role time=COLUMN", "choose it below"),
        (Remedy("one_row_per_customer", {"exact": True}), "--duplicates aside", "Set exact duplicates aside"),
        (Remedy("category"), "--category", "“Used as”"),
    ],
)
def test_a_remedy_names_an_option_or_a_field(remedy, command_line, screen):
    on_screen = remedy_text(remedy, "screen")
    assert command_line in remedy_text(remedy, "command line")
    assert screen in on_screen and "--" not in on_screen
    in_a_pipeline = remedy_text(remedy, "pipeline")
    assert "--" not in in_a_pipeline and command_line.replace("--", "").replace("-", "_").replace("role ", "roles ") in in_a_pipeline


def test_an_error_made_from_a_finding_says_what_the_audience_can_do():
    values = {"column": "Price", "count": 2, "example": {"value": "x", "place": "line 3"}, "fault": None}

    error = refusal("number.bad_values", remedy="set_aside", **values)

    assert isinstance(error, DataError) and error.remedy == "set_aside"
    assert (
        str(error)
        == error_text(error)
        == (
            "Price must hold numbers, but 2 values cannot be read: the first is 'x' in line 3; correct them, skip unreadable rows with "
            "--set-aside, or choose another column."
        )
    )
    assert "skip unreadable rows with the button below" in error_text(error, "screen")


def test_counts_of_rows_keep_their_reason_as_data():
    counts = (RowCount(Finding("row.bad_value", values={"column": "a\nb"}), 2), RowCount(Finding("row.cancelled"), 1))

    assert tuple(RowCount.from_json(count.to_json()) for count in counts) == counts
    assert rows_by_label(counts) == {r"bad value in 'a\nb'": 2, "cancelled": 1}
    assert counts_json(counts)[0] == {"reason": r"bad value in 'a\nb'", "code": "row.bad_value", "values": {"column": "a\nb"}, "rows": 2}
