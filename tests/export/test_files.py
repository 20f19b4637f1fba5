import csv
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from segcore.errors import DiskError, ParameterError, StoreError
from segcore.export.files import export_bytes, write_export
from segcore.export.segment_rows import export_rows


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_the_file_can_be_written_by_hand(kept, tmp_path):
    kept.store.name_segment(kept.sweep, "n_clusters=2,tol=0.001", 1, "=Big spenders")
    document = write_export(kept.store, kept.sweep, 0, tmp_path / "out.csv", profile=True)
    assert read(tmp_path / "out.csv") == [
        ["customer_id", "segment", "segment_name", "Amount", "share", "region", "age"],
        ["007", "0", "High share", "0.30000000000000004", "-1.5", "north", "31"],
        ["'=SUM(A1)", "-1", "Noise", "1e+300", "5e-324", "", ""],
        ['say "hi",\nyou', "1", "'=Big spenders", "3", "0.3333333333333333", "'@south", "44"],
        ["Ünal", "0", "High share", "-0", "12345678.12345679", "a,b", "20.5"],
    ]
    assert json.loads((tmp_path / "out.csv.json").read_text()) == document
    assert document["rows"] == 4
    assert document["marked_cells"] == 3
    assert [(s["segment"], s["name"], s["rows"], s["size"]) for s in document["segments"]] == [
        (-1, "Noise", 1, 1),
        (0, "High share", 2, 2),
        (1, "=Big spenders", 1, 1),
    ]
    assert document["sweep"] == kept.sweep
    assert document["point"] == {"n_clusters": 2, "tol": 0.001}
    assert document["data"]["filters"] == ["a > 1"]
    assert document["preparation"]["reference_date"] == "2011-12-09 12:50:00"
    assert document["versions"] == {"segcore": "0.1.0"}
    assert document["columns"] == read(tmp_path / "out.csv")[0]


def test_parquet_has_the_same_rows_exactly(kept, tmp_path):
    document = write_export(kept.store, kept.sweep, 0, tmp_path / "out.parquet", profile=True)
    table = pa.parquet.read_table(tmp_path / "out.parquet")
    assert table["customer_id"].to_pylist() == ["007", "=SUM(A1)", 'say "hi",\nyou', "Ünal"]
    assert table["segment"].to_pylist() == [0, -1, 1, 0]
    assert np.array(table["Amount"]).tobytes() == kept.table.column("Amount").tobytes()
    assert table["age"].to_pylist() == [31.0, None, 44.0, 20.5]
    assert document["format"] == "parquet"
    assert document["marked_cells"] == 0


def test_floats_come_back_to_the_last_bit(home, tmp_path, make_sweep):
    values = np.random.default_rng(0).normal(size=(2000, 2)) * 10.0 ** np.random.default_rng(1).integers(-300, 300, (2000, 2))
    store, sweep = make_sweep(values, [f"{i:05d}" for i in range(2000)], np.arange(2000) % 2, scaler="none")
    write_export(store, sweep, 0, tmp_path / "out.csv")
    read_back = pa.csv.read_csv(tmp_path / "out.csv")
    assert np.column_stack([read_back["x"], read_back["y"]]).tobytes() == values.tobytes()


def test_only_the_chosen_segments_are_written_and_counted(kept, tmp_path):
    document = write_export(kept.store, kept.sweep, 0, tmp_path / "out.csv", segments=[0])
    assert [row[0] for row in read(tmp_path / "out.csv")[1:]] == ["007", "Ünal"]
    assert document["rows"] == 2
    assert [s["segment"] for s in document["segments"]] == [0]
    assert document["columns"] == ["customer_id", "segment", "segment_name", "Amount", "share"]


@pytest.mark.parametrize(("segments", "said"), [([0, 7], "has no segment 7"), ([], "needs at least one segment")])
def test_segments_that_are_not_there_are_told_with_those_that_are(kept, segments, said):
    with pytest.raises(ParameterError, match=re.escape(said) + r".*choose among -1 \(noise\), 0, 1"):
        export_rows(kept.store, kept.sweep, 0, segments=segments)


def test_a_point_without_labels_says_why_there_is_nothing(kept):
    with pytest.raises(StoreError, match="no segments to export: 99 is more than 4 rows"):
        export_rows(kept.store, kept.sweep, 1)


def test_one_customer_appears_once_and_copies_only_when_asked(home, tmp_path, make_sweep):
    store, sweep = make_sweep([[1, 1], [2, 2], [9, 9]], ["a", "b", "c"], [0, 0, 0, 1, 1, 1], repeats=2)
    once = write_export(store, sweep, 0, tmp_path / "once.csv")
    assert [(row[0], row[1]) for row in read(tmp_path / "once.csv")[1:]] == [("a", "0"), ("b", "0"), ("c", "1")]
    assert [(s["rows"], s["size"]) for s in once["segments"]] == [(2, 3), (1, 3)]
    assert "copies" in once["size_meaning"]
    twice = write_export(store, sweep, 0, tmp_path / "twice.csv", copies=True)
    assert [tuple(row[:3]) for row in read(tmp_path / "twice.csv")[1:]] == [
        ("a", "0", "0"),
        ("a", "1", "0"),
        ("b", "0", "0"),
        ("b", "1", "1"),
        ("c", "0", "1"),
        ("c", "1", "1"),
    ]
    assert [(s["rows"], s["size"]) for s in twice["segments"]] == [(3, 3), (3, 3)]


def test_customers_set_aside_are_scored_and_marked(with_outlier, tmp_path):
    """The customer in the middle of the ids was set aside; its values lie nearest to segment 1's centre."""
    store, sweep, n = with_outlier
    without = write_export(store, sweep, 0, tmp_path / "without.csv")
    assert without["rows"] == n - 1
    assert without["set_aside_rows"] is None
    document = write_export(store, sweep, 0, tmp_path / "with.csv", include_set_aside=True)
    rows = read(tmp_path / "with.csv")
    assert rows[0][:4] == ["customer_id", "segment", "segment_name", "set_aside"]
    assert [row[0] for row in rows[1:]] == sorted(row[0] for row in rows[1:])
    assert [row[:2] for row in rows[1:] if row[3] == "true"] == [["c050", "1"]]
    assert document["rows"] == n == len(rows) - 1
    assert document["set_aside_rows"] == 1
    assert [(s["rows"], s["set_aside_rows"], s["size"]) for s in document["segments"]] == [(50, 0, 50), (51, 1, 50)]


def test_set_aside_customers_of_other_segments_stay_out(with_outlier, tmp_path):
    store, sweep, _ = with_outlier
    document = write_export(store, sweep, 0, tmp_path / "out.csv", segments=[0], include_set_aside=True)
    assert (document["rows"], document["set_aside_rows"]) == (50, 0)


def test_a_column_called_like_ours_keeps_its_values_under_another_name(home, tmp_path, make_sweep):
    store, sweep = make_sweep(
        [[1, 2], [3, 4], [5, 6]], ["a", "b", "c"], [0, 0, 1], names=("segment", "x"), profile={"x": np.array(["p", "q", "r"], dtype=object)}
    )
    document = write_export(store, sweep, 0, tmp_path / "out.csv", profile=True)
    assert document["columns"] == ["customer_id", "segment", "segment_name", "segment (feature)", "x", "x (profile)"]
    assert read(tmp_path / "out.csv")[1] == ["a", "0", "Low segment, low x", "1", "2", "p"]


def test_profile_columns_of_any_type_are_written(home, tmp_path, make_sweep):
    profile = {
        "when": np.array(["2011-01-01", "NaT", "2012-02-03T04:05:06"], dtype="datetime64[ns]"),
        "member": np.array([True, False, True]),
        "count": np.array([1, 2, 3]),
        "nothing": np.array([None, None, None], dtype=object),
    }
    store, sweep = make_sweep([[1, 2], [3, 4], [5, 6]], ["a", "b", "c"], [0, 0, 1], profile=profile)
    for name in ("out.csv", "out.parquet"):
        write_export(store, sweep, 0, tmp_path / name, profile=True)
    rows = read(tmp_path / "out.csv")
    assert [row[-3:] for row in rows[1:]] == [["true", "1", ""], ["false", "2", ""], ["true", "3", ""]]
    assert [row[-4][:10] for row in rows[1:]] == ["2011-01-01", "", "2012-02-03"]
    assert pa.parquet.read_table(tmp_path / "out.parquet")["member"].to_pylist() == [True, False, True]


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_the_download_is_the_file(kept, tmp_path, file_format):
    write_export(kept.store, kept.sweep, 0, tmp_path / f"out.{file_format}", segments=[1, 0])
    content, document = export_bytes(kept.store, kept.sweep, 0, file_format=file_format, segments=[0, 1])
    assert content == (tmp_path / f"out.{file_format}").read_bytes()
    assert document["rows"] == 3


def test_an_old_file_stays_until_the_new_one_is_complete(kept, tmp_path, monkeypatch):
    path = tmp_path / "out.csv"
    path.write_text("old")
    with monkeypatch.context() as patched:
        patched.setattr(
            "segcore.export.segment_rows.ExportRows.chunks", lambda self: (_ for _ in ()).throw(OSError(28, "No space left on device"))
        )
        with pytest.raises(DiskError, match=r"The disk with .*out\.csv is full"):
            write_export(kept.store, kept.sweep, 0, path)
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["out.csv"]
    write_export(kept.store, kept.sweep, 0, path)
    assert sorted(found.name for found in tmp_path.iterdir()) == ["out.csv", "out.csv.json"]
    assert len(read(path)) == 5


def test_places_that_cannot_be_written_are_told(kept, tmp_path):
    with pytest.raises(ParameterError, match=r"must end in \.csv or \.parquet"):
        write_export(kept.store, kept.sweep, 0, tmp_path / "out.xlsx")
    with pytest.raises(ParameterError, match="cannot be written .No such file or directory."):
        write_export(kept.store, kept.sweep, 0, tmp_path / "no" / "out.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ParameterError, match="it is a directory"):
        write_export(kept.store, kept.sweep, 0, tmp_path / "folder.csv")


def test_exporting_imports_no_clustering_library():
    """Screens export in the server's own process, which must not carry scikit-learn."""
    code = (
        "import sys, segcore.export.files, segcore.export.model, segcore.export.segment_rows; "
        "print([m for m in ('sklearn', 'sklearnex', 'modin', 'ray', 'numba') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


@pytest.mark.slow
@pytest.mark.parametrize("as_download", [False, True], ids=["file", "download"])
def test_four_hundred_thousand_customers_take_seconds_and_little_memory(home, tmp_path, make_sweep, as_download):
    n, rng = 400_000, np.random.default_rng(0)
    names = tuple(f"f{i}" for i in range(21))
    store, sweep = make_sweep(rng.normal(size=(n, 21)) * 1000, [f"customer-{i:07d}" for i in range(n)], rng.integers(0, 5, n), names=names)
    path = tmp_path / "big.csv"
    code = """
import sys
from segcore.benchmark.fit import peak_rss_bytes
from segcore.export.files import export_bytes, write_export
from segcore.store.store import Store
store, before = Store(sys.argv[1]), peak_rss_bytes()
if sys.argv[4] == "True":
    content, _ = export_bytes(store, sys.argv[2], 0)
    open(sys.argv[3], "wb").write(content)
else:
    write_export(store, sys.argv[2], 0, sys.argv[3])
print(peak_rss_bytes() - before)
"""
    start = time.monotonic()
    command = [sys.executable, "-c", code, str(store.home), sweep, str(path), str(as_download)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert time.monotonic() - start < 30
    assert int(done.stdout) < 3.5 * path.stat().st_size, f"{int(done.stdout) / path.stat().st_size:.2f} times the file"
    with path.open("rb") as file:
        assert sum(1 for _ in file) == n + 1
    assert as_download or json.loads(Path(f"{path}.json").read_text())["rows"] == n
