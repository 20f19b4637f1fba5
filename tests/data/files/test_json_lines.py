import pytest

from segcore.data.files.reader import read_file
from segcore.data.sources import read_source
from segcore.records.data_rules import ReadOptions
from segcore.records.intake import DataRequest
from segcore.wording.findings import sentence


def test_columns_are_the_keys_in_order_and_every_digit_is_kept(write_text):
    text = '{"id": 12345678901234567890, "n": 1.50}\n\n{"n": null, "on": true, "id": "007"}\r\n{"x": [1, {"a": 2.50}]}\n'

    raw = read_file(write_text(text, "rows.jsonl"))

    assert raw.names == ("id", "n", "on", "x")
    assert raw.read(raw.names).to_pydict() == {
        "id": ["12345678901234567890", "007", None],
        "n": ["1.50", None, None],
        "on": [None, "true", None],
        "x": [None, None, '[1, {"a": 2.50}]'],
    }
    assert [raw.where(row) for row in range(3)] == ["line 1", "line 3", "line 4"]
    assert raw.form == {"format": "JSON Lines", "encoding": "UTF-8"}
    assert "JSON text: x" in sentence(raw.notes[0])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_list_of_objects_is_read_too(write_text, encoding):
    raw = read_file(write_text('[\n {"a": "Zoë"},\n {"a": "b"}\n]\n', "rows.json", encoding))

    assert raw.read(["a"]).to_pydict() == {"a": ["Zoë", "b"]}
    assert raw.where(1) == "object 2"


def test_batches_are_joined_where_columns_come_later(write_text, monkeypatch):
    monkeypatch.setattr("segcore.data.files.json_lines._BATCH_VALUES", 4)
    text = "".join(f'{{"a": {n}}}\n' if n < 7 else f'{{"b": {n}, "a": {n}}}\n' for n in range(15))

    raw = read_file(write_text(text, "rows.jsonl"))

    assert raw.read(["a", "b"]).to_pydict() == {"a": [str(n) for n in range(15)], "b": [None] * 7 + [str(n) for n in range(7, 15)]}


def test_transactions_in_json_lines_are_the_same_data_as_in_csv(write_text):
    rows = [(f"c{n % 3}", f"o{n}", f"2024-01-{n % 27 + 1:02d} 10:00", f"{n}.5") for n in range(30)]
    csv = "customer_id,order_id,date,amount\n" + "".join(",".join(row) + "\n" for row in rows)
    lines = "".join(f'{{"customer_id": "{a}", "order_id": "{b}", "date": "{c}", "amount": {d}}}\n' for a, b, c, d in rows)

    assert (
        read_source(DataRequest(str(write_text(csv)))).fingerprint
        == read_source(DataRequest(str(write_text(lines, "rows.ndjson")))).fingerprint
    )


def test_what_was_asked_for_and_has_no_use_is_said(write_text):
    raw = read_file(write_text('{"a": 1}\n', "rows.jsonl"), reading=ReadOptions(delimiter=";", sheets=("x",)))

    assert "the delimiter and the sheets that you gave were not used" in sentence(raw.notes[-1])
