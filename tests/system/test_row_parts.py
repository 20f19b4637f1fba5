"""Rows in files by a key, read by each lazy library: every row once, all of a key in one file, nothing left behind."""

import collections
import errno
import shutil

import narwhals as nw
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from segcore.system import frames as frame_libraries
from segcore.system import row_parts as module
from segcore.system.frames import LAZY, computed
from segcore.system.row_parts import ROW, row_parts


@pytest.fixture(params=LAZY)
def frames(request, monkeypatch):
    if request.param == "spark":
        request.getfixturevalue("spark")
    monkeypatch.setattr(module, "ROWS_A_PART", 25)
    return request.param


def rows_of(parts):
    return [computed(nw.from_native(frame)).to_pylist() for frame in parts.frames()]


def test_all_rows_of_a_key_are_in_one_part_and_every_row_is_in_one(frames):
    draw = np.random.default_rng(0)
    keys = np.array(["a", "b\0c", "d'\";--", "ü", "", *map(str, range(20))], dtype=object)[draw.integers(0, 25, 100)]
    rows = pa.table({"key": pa.array(keys, pa.large_string()), "amount": draw.normal(size=100), ROW: np.arange(100)})
    with row_parts(frames) as parts:
        parts.clear(100)
        for first in (0, 30, 31):  # pieces, of which some have no row of a part
            parts.add(rows.slice(first, {0: 30, 30: 1, 31: 69}[first]), "key")
        found = rows_of(parts)

    assert len(found) == 4 and all(found)
    owners = collections.defaultdict(set)
    for part, own in enumerate(found):
        for row in own:
            owners[row["key"]].add(part)
    assert all(len(places) == 1 for places in owners.values())
    assert sorted((row for own in found for row in own), key=lambda row: row[ROW]) == rows.to_pylist()


def test_rows_that_were_put_before_are_dropped(frames):
    rows = pa.table({"key": pa.array(["a"], pa.large_string()), ROW: [7]})
    with row_parts(frames) as parts:
        parts.clear(60)
        parts.add(pa.table({"key": pa.array(["b", "a"], pa.large_string()), ROW: [0, 1]}), "key")
        parts.clear(1)
        parts.add(rows, "key")
        assert rows_of(parts) == [rows.to_pylist()]


@pytest.mark.parametrize("frames", ["pandas", "modin"])
def test_libraries_that_hold_all_rows_have_no_parts(frames):
    with row_parts(frames) as parts:
        assert parts is None


def test_duckdb_works_in_bounded_memory_with_a_private_folder_for_the_rest(tmp_path, monkeypatch):
    monkeypatch.setattr(frame_libraries, "DUCKDB_BYTES", 64 << 20)
    monkeypatch.setattr("segcore.system.private_files._places", [tmp_path / "tmp"])
    with frame_libraries.scanning("duckdb") as scan:
        path = tmp_path / "n.parquet"
        pq.write_table(pa.table({"n": np.arange(1)}), path)
        relation = scan(path)
        [folder] = (tmp_path / "tmp").iterdir()
        [settings] = relation.query("n", "select current_setting('temp_directory'), current_setting('memory_limit')").fetchall()
        assert settings == (str(folder), "64.0 MiB")
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not any((tmp_path / "tmp").iterdir())


@pytest.mark.parametrize("full", [False, True])
def test_duckdb_without_memory_or_disk_fails_as_python_does(tmp_path, monkeypatch, full):
    monkeypatch.setattr(frame_libraries, "DUCKDB_BYTES", 16 << 20)
    if full:
        monkeypatch.setattr("shutil.disk_usage", lambda _: shutil._ntuple_diskusage(1 << 30, 1 << 30, 0))
    path = tmp_path / "n.parquet"
    pq.write_table(pa.table({"n": np.arange(1)}), path)
    with pytest.raises(OSError if full else MemoryError) as error, frame_libraries.scanning("duckdb") as scan:
        scan(path).query("n", "select list(i) from range(100000000) as numbers(i)").fetchall()
    assert getattr(error.value, "errno", None) == (errno.ENOSPC if full else None)
