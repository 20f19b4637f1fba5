import dataclasses
import io
import json
import os
import sys
import time

import numpy as np
import pandas as pd
import pytest

from segcore.data.sources import read_source
from segcore.errors import DataError, SegcoreError, SourceError
from segcore.features.builders import build_features
from segcore.intake import child
from segcore.intake import take_in as intake_module
from segcore.intake.child import peek_in_child, rows_from_child, take_in_child
from segcore.intake.take_in import take_in
from segcore.records.intake import DataRequest, Intake
from segcore.store.store import Store
from segcore.wording.findings import rows_by_label, sentence

HEADER = "customer_id,order_id,date,amount,country\n"
LINES = "".join(f"{n % 4:03d},o{n // 2},2024-01-{n + 1:02d},{n}.25,{'FR' if n % 2 else 'DE'}\n" for n in range(20))


@pytest.fixture
def store(home):
    return Store(home)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(HEADER + LINES + ",o99,2024-01-31,5,FR\n")
    return path


def test_everything_that_a_screen_shows_is_in_the_record(store, path):
    taken = take_in(store, DataRequest(str(path), where=("country = 'FR'",), date_from="2024-01-03"))

    assert taken.data == {
        "name": "orders.csv",
        "kind": "transactions",
        "fingerprint": taken.data["fingerprint"],
        "roles": {"customer": "customer_id", "order": "order_id", "time": "date", "amount": "amount"},
        "filters": ["country = 'FR'", "from 2024-01-03"],
    }
    assert taken.columns == ("customer_id", "order_id", "date", "amount", "country")
    assert (taken.rows_read, taken.rows_used, taken.filtered_out) == (21, 9, 11)
    assert rows_by_label(taken.set_aside) == {"without customer_id": 1}
    assert (taken.first_date, taken.last_date) == ("2024-01-04T00:00:00", "2024-01-20T00:00:00")
    assert taken.total_revenue == pytest.approx(sum(n + 0.25 for n in range(3, 20, 2)))
    assert taken.n_customers == 2
    assert taken.reasons["customer"].code == "role.name_and_values"
    table = store.feature_table(taken.table)
    assert list(table.customers) == ["001", "003"]
    preview = store.frame(taken.preview)
    assert list(preview.columns) == list(taken.columns)
    assert preview["customer_id"].tolist()[:2] == ["000", "001"]


@pytest.mark.parametrize("kind", ["npy", "parquet", "json"])
def test_data_whose_stored_table_was_cut_short_is_read_again(store, path, kind):
    first = take_in(store, DataRequest(str(path)))
    values = np.array(store.feature_table(first.table).values)
    for kept in (store.home / "objects").rglob(f"*.{kind}"):
        os.truncate(kept, 40)

    assert take_in(store, DataRequest(str(path))) == first
    np.testing.assert_array_equal(store.feature_table(first.table).values, values)
    assert len(store.frame(first.preview)) == 21


def test_the_second_time_is_answered_from_the_store(store, path, monkeypatch):
    first = take_in(store, DataRequest(str(path)))
    monkeypatch.setattr(intake_module, "_take_in", lambda *arguments: pytest.fail("read again"))

    assert take_in(store, DataRequest(str(path))) == first


def test_another_content_or_request_is_taken_in_anew(store, path):
    first = take_in(store, DataRequest(str(path)))

    assert take_in(store, DataRequest(str(path), where=("amount > 3",))).table != first.table
    path.write_text(HEADER + LINES)
    assert take_in(store, DataRequest(str(path))).rows_read == 20


def test_a_table_that_the_store_has_lost_is_made_again(store, path):
    first = take_in(store, DataRequest(str(path)))
    store.object_path(first.table).unlink()

    assert take_in(store, DataRequest(str(path))) == first
    assert store.feature_table(first.table).names


def test_the_same_rows_give_the_same_table_whatever_the_file_is_called(store, path, tmp_path):
    other = tmp_path / "copy.csv"
    other.write_bytes(path.read_bytes())

    one, two = take_in(store, DataRequest(str(path))), take_in(store, DataRequest(str(other)))

    assert one.table == two.table
    assert one.data["fingerprint"] == two.data["fingerprint"]
    assert (one.data["name"], two.data["name"]) == ("orders.csv", "copy.csv")


def test_requests_and_records_survive_json(store, path):
    request = DataRequest(str(path), kind="transactions", roles={"order": ""}, where=("amount > 1",), date_to="2024-01-10", name="Orders")
    taken = take_in(store, request)

    assert DataRequest.from_json(json.loads(json.dumps(request.to_json()))) == request
    assert Intake.from_json(json.loads(json.dumps(taken.to_json()))) == taken
    assert DataRequest.from_json({"data": "x"}) == DataRequest("x")
    assert taken.data["name"] == "Orders"


def test_a_child_takes_in_what_the_process_itself_would(home, path):
    request = DataRequest(str(path))

    taken = take_in_child(home, request)

    assert taken == take_in(Store(home), request)
    assert np.isfinite(Store(home).feature_table(taken.table).values).all()


def test_an_error_of_the_child_is_the_same_error_here(home, tmp_path):
    with pytest.raises(SourceError, match="There is no file"):
        take_in_child(home, DataRequest(str(tmp_path / "nothing.csv")))
    broken = tmp_path / "broken.csv"
    broken.write_text("a,b\n1,2\n3\n")
    with pytest.raises(DataError, match="line 3"):
        take_in_child(home, DataRequest(str(broken)))


def test_an_error_keeps_its_finding_on_the_way_out_of_the_child(home, tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("title\n\ncustomer,amount,day\n1,2,3\n4,5,6\n")

    with pytest.raises(DataError) as error:
        take_in_child(home, DataRequest(str(path)))

    finding = error.value.finding
    assert (finding.code, finding.values["line"], finding.remedy.values) == ("csv.title_first", 1, {"choices": [3]})
    assert error.value.remedy == "header_row"


@pytest.mark.parametrize(("frames", "said"), [("pandas", "piece by piece with --frames duckdb."), ("duckdb", "fewer rows or columns.")])
def test_order_lines_in_parquet_that_do_not_fit_can_be_read_piece_by_piece(home, tmp_path, frames, said):
    pd.DataFrame({"customer_id": ["a"], "date": [pd.Timestamp("2024-01-01")], "amount": [1.0]}).to_parquet(tmp_path / "lines.parquet")
    with pytest.raises(SourceError) as error:
        take_in_child(home, DataRequest(str(tmp_path / "lines.parquet"), frames=frames), max_bytes=2**20)
    assert str(error.value).endswith(said)


def test_a_device_without_an_end_is_refused_at_once(home):
    with pytest.raises(SourceError, match="not a regular file"):
        take_in(Store(home), DataRequest("/dev/zero"))


def test_a_child_that_takes_too_much_memory_or_time_ends_in_a_sentence(home, path):
    with pytest.raises(SegcoreError, match=r"orders.csv needs more memory than the 1 MiB that is free: give fewer rows or columns\.$"):
        take_in_child(home, DataRequest(str(path)), max_bytes=2**20)
    begun = time.monotonic()
    with pytest.raises(SegcoreError, match="took longer than 0.05 seconds"):
        take_in_child(home, DataRequest(str(path)), timeout=0.05)
    assert time.monotonic() - begun < 5


def test_a_child_that_dies_ends_in_a_sentence(home, path, monkeypatch):
    dying = [sys.executable, "-c", "import os, sys; sys.stdin.read(); os.kill(os.getpid(), 11)"]
    monkeypatch.setattr("segcore.intake.reading_process.python_command", lambda module: dying)

    with pytest.raises(SourceError, match="crashed \\(SIGSEGV\\)"):
        take_in_child(home, DataRequest(str(path)))


@pytest.mark.fresh_processes
def test_the_complete_journey_is_taken_in_within_seconds_by_a_child(home):
    request = DataRequest("complete-journey", date_from="2016-01-01")  # all of it, but not the request that an installation prepares
    begun = time.monotonic()

    taken = take_in_child(home, request)

    seconds = time.monotonic() - begun
    assert taken.n_customers == 2_469
    assert taken.rows_used == 1_469_307
    assert taken.total_revenue == pytest.approx(4_596_039.58)
    assert seconds < 30  # about 3 where nothing else runs
    begun = time.monotonic()
    assert take_in_child(home, request) == taken
    assert time.monotonic() - begun < 1


def test_a_sample_that_was_not_downloaded_is_a_sentence(home):
    with pytest.raises(SourceError, match="samples get online-retail"):
        take_in_child(home, DataRequest("online-retail"))


def test_a_request_is_a_value():
    assert dataclasses.replace(DataRequest("x"), where=("a = 1",)) == DataRequest("x", where=("a = 1",))


def test_what_was_chosen_is_taken_for_the_next_file_with_the_same_columns(store, tmp_path):
    first, second = tmp_path / "march.csv", tmp_path / "april.csv"
    first.write_text("who,when,value,other\n" + "".join(f"a{n % 3},2024-03-{n + 1:02d},{n},{n * 2}\n" for n in range(9)))
    second.write_text("who,when,value,other\n" + "".join(f"a{n % 4},2024-04-{n + 1:02d},{n},{n * 3}\n" for n in range(9)))
    roles = {"customer": "who", "time": "when", "amount": "other"}

    guessed = intake_module.take_in(store, DataRequest(str(second), kind="customers", roles={"customer": ""}, afresh=True))
    assert guessed.kind == "customers"
    take_in(store, DataRequest(str(first), kind="transactions", roles=roles))
    taken = take_in(store, DataRequest(str(second)))

    assert taken.kind == "transactions" and dict(taken.roles) == roles
    assert taken.remembered == "march.csv"
    assert "those chosen for march.csv" in sentence(taken.notes[0])
    assert take_in(store, DataRequest(str(second), afresh=True)).remembered is None
    corrected = {**roles, "amount": "value"}
    take_in(store, DataRequest(str(first), kind="transactions", roles=corrected))
    assert take_in(store, DataRequest(str(second))).roles["amount"] == "value", "the stored answer was made with another choice"


def test_a_choice_that_does_not_fit_the_next_file_is_not_forced_on_it(store, tmp_path):
    first, second = tmp_path / "march.csv", tmp_path / "april.csv"
    header = "customer,date,points,total\n"
    first.write_text(header + "".join(f"a{n % 3},2024-03-{n + 1:02d},{n},{n}\n" for n in range(9)))
    second.write_text(header + "".join(f"a{n % 3},2024-03-{n + 1:02d},gold,{n}\n" for n in range(9)))
    take_in(store, DataRequest(str(first), roles={"amount": "points"}))

    taken = take_in(store, DataRequest(str(second)))

    assert taken.remembered is None
    assert taken.roles["amount"] == "total"


def test_a_file_can_be_looked_at_before_anyone_says_what_it_means(store, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("a;b\n1;2\n3;4\n")

    seen = peek_in_child(store.home, DataRequest(str(path)))

    assert (seen.columns, seen.rows) == (("a", "b"), 2)
    assert store.frame(seen.preview)["b"].tolist() == ["2", "4"]


def test_a_fault_of_ours_is_one_sentence_and_its_traceback_goes_to_a_log(store, path, monkeypatch, capsys):
    monkeypatch.setattr(child, "take_in", lambda *arguments: 1 / 0)
    question = json.dumps({"home": str(store.home), "request": DataRequest(str(path)).to_json(), "what": "intake"})
    monkeypatch.setattr(sys, "stdin", io.StringIO(question))

    assert child.main() == 0

    answer = json.loads(capsys.readouterr().out)
    assert "a fault in segcore" in answer["error"] and "Traceback" not in answer["error"]
    assert "ZeroDivisionError" in (store.home / "logs" / "intake.log").read_text()


@pytest.mark.parametrize("frames", ["pandas", "polars"])
def test_rows_read_by_a_child_are_those_that_the_process_itself_reads(store, path, frames):
    request = DataRequest(str(path), where=("country = 'FR'",), frames=frames)

    here = read_source(request)
    with rows_from_child(store.home, request) as there:
        assert (there.roles, there.kind, there.fingerprint, there.rows_read) == (here.roles, here.kind, here.fingerprint, 21)
        assert (there.set_aside, there.filtered_out, there.notes) == (here.set_aside, here.filtered_out, here.notes)
        one, two = build_features(there), build_features(here)
    assert one.fingerprint == two.fingerprint
    assert list(store.temporary.iterdir()) == [], "the file between the two is left behind"


def test_roles_a_sweep_was_made_with_are_taken_where_their_columns_are_there(path):
    trained = {"customer": "customer_id", "time": "date", "amount": "amount"}
    assert dict(read_source(DataRequest(str(path), kind="transactions"), trained=trained).roles) == trained
    other = read_source(DataRequest(str(path), kind="transactions"), trained={**trained, "order": "invoice"})
    assert other.roles["order"] == "order_id", "roles of columns that are not there were taken"


def test_rows_that_cannot_be_read_are_one_sentence_and_leave_nothing(store, tmp_path):
    (tmp_path / "x.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    with (
        pytest.raises(SourceError, match="x.csv is a PNG image"),
        rows_from_child(store.home, DataRequest(str(tmp_path / "x.csv"))),
    ):
        pytest.fail("it was read")
    assert list(store.temporary.iterdir()) == []


def test_a_relative_path_means_the_same_file_to_the_child(store, path, monkeypatch):
    monkeypatch.chdir(path.parent)
    taken = take_in_child(store.home, DataRequest(path.name))
    assert taken.rows_read == 21
    with rows_from_child(store.home, DataRequest(path.name)) as dataset:
        assert dataset.rows_read == 21
    monkeypatch.setattr("segcore.intake.reading_process.start_child", lambda *arguments, **options: pytest.fail("asked again"))
    assert take_in_child(store.home, DataRequest(path.name)) == taken, "the answer was kept for another path"
