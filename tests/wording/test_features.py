import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from segcore.records.feature_table import ColumnUse
from segcore.records.finding import Finding, Remedy
from segcore.wording.features import SENTENCES, title_of_0
from segcore.wording.findings import SUBJECTS, sentence, use_json
from segcore.wording.results import SENTENCES as RESULTS

SOURCE = Path(__file__).resolve().parents[2] / "segcore"
CODE = re.compile(r'"((?:column|feature|score|export|sql)\.[a-z_]+)"')


def test_every_code_has_a_sentence_and_every_sentence_a_use():
    rooms = ("features", "segments", "export", "records", "store", "library", "cli")
    files = [path for room in rooms for path in (SOURCE / room).rglob("*.py")]
    used = {code for path in files for code in CODE.findall(path.read_text())}
    assert used == {*SENTENCES, *RESULTS}


def test_a_code_belongs_to_one_subject():
    codes = [code for subject in SUBJECTS for code in subject]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("audience", "end"),
    [("command line", "declare the column with --category 'Sales region'"), ("screen", "choose “Category”")],
)
def test_what_to_do_about_codes_is_said_to_each_audience_in_its_words(audience, end):
    found = Finding(
        "column.maybe_codes", values={"n_values": 3, "apart": None}, remedy=Remedy("category_column", {"column": "Sales region"})
    )
    assert sentence(found, audience) == f"3 different whole numbers: if they are codes, {end}"


def test_a_reason_within_an_error_is_its_clause():
    why = Finding("column.postcodes", values={"n_values": 30})
    found = Finding("feature.unavailable", "error", {"feature": "zip", "reason": why.to_json()})
    assert sentence(found) == "zip is not available as a feature: it holds postcodes: codes with 30 different values."
    earlier = Finding("feature.unavailable", "error", {"feature": "zip", "reason": Finding("text", values={"text": "it is odd"}).to_json()})
    assert sentence(earlier) == "zip is not available as a feature: it is odd."


def test_a_report_has_the_reason_of_a_column_as_text_and_as_code():
    use = ColumnUse("zip", "dropped", Finding("column.postcodes", values={"n_values": 30}))
    assert use_json(use) == {
        "column": "zip",
        "use": "dropped",
        "reason": "it holds postcodes: codes with 30 different values",
        "code": "column.postcodes",
        "values": {"n_values": 30},
        "outcome": False,
        "codes": False,
        "filled": None,
    }
    blanks = Finding("feature.filled", values={"column": "zip", "count": 2, "value": "3", "how": "median"})
    assert use_json(replace(use, use="number", filled=blanks))["filled"] == dict(blanks.values)


def test_what_0_means_names_column_and_value_visibly_and_in_few_letters():
    table = SimpleNamespace(fitted={"columns": [{"column": "a\x1b[31m", "use": "binary", "values": ["b\n" + "c" * 100, "d"]}]})
    entry = SimpleNamespace(kind="binary", columns=("a\x1b[31m",))
    assert title_of_0(table, entry) == f"a\\x1b[31m: b\\n{'c' * 54}..."
