import pyarrow as pa
import pytest

from segcore.data.files.raw import table_source
from segcore.data.rows.script_cells import script_notes
from segcore.wording.findings import sentence


def source(values, *, column="note", name="x.csv"):
    return table_source(
        name, pa.table({"id": [str(row) for row in range(len(values))], column: values}), where=lambda row: f"line {row + 2}"
    )


@pytest.mark.parametrize(
    "value", ["=1+1", " =HYPERLINK(1)", "@SUM(A1)", "+cmd|' /C calc'!A0", "-cmd", "<script>alert(1)</script>", "javascript:x"]
)
def test_cells_that_another_program_might_run_are_said_to_be_text(value):
    [note] = script_notes(source(["fine", value]))
    assert "in line 3 of note" in sentence(note) and note.severity == "info"


@pytest.mark.parametrize("value", ["-5", "+44 20 7946 0958", "1 < 2", "a = b", "- none -", "@", "x@y.org"])
def test_ordinary_cells_are_not_mentioned(value):
    assert script_notes(source(["fine", value])) == ()


@pytest.mark.parametrize("name", ["../../etc/passwd", "<img src=x onerror=alert(1)>", "=A1"])
def test_names_like_paths_and_scripts_are_said_to_be_text(name):
    for notes in (script_notes(source(["a"], column=name)), script_notes(source(["a"], name=name))):
        assert len(notes) == 1 and "kept as text" in sentence(notes[0])


def test_columns_that_are_no_text_are_not_looked_at():
    assert script_notes(table_source("x", pa.table({"a": [1.0]}), where=str)) == ()
