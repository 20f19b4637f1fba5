import hashlib
import os
import signal
import sqlite3
import stat
import time
from pathlib import Path

import pandas as pd
import pytest

from segcore.errors import DataError, SourceError
from segcore.intake import child
from segcore.intake.reading_process import LentReader
from segcore.intake.take_in import take_in
from segcore.records.intake import DatabaseQuestion, DataRequest
from segcore.store.store import Store

pytestmark = pytest.mark.in_a_child
ROWS = "customer,date,amount\n" + "".join(f"c{row % 7},2023-01-{1 + row % 28:02d},{row}.5\n" for row in range(200))


@pytest.fixture
def orders(tmp_path, monkeypatch):
    (tmp_path / "orders.csv").write_text(ROWS)
    monkeypatch.chdir(tmp_path)
    return DataRequest(data="orders.csv")


def test_a_file_is_taken_in_by_a_child_with_the_same_result(orders, tmp_path, monkeypatch):
    here = take_in(Store(tmp_path / "one"), orders)
    monkeypatch.setattr(child, "take_in", lambda *args: pytest.fail("it was read in this process"))

    there = child.take_in_apart(Store(tmp_path / "two"), orders)

    assert there.table == here.table
    assert there.data["fingerprint"] == here.data["fingerprint"] and there.data["name"] == "orders.csv"


def test_a_samples_name_comes_before_a_file_of_that_name(tmp_path, home, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "online-retail").write_text(ROWS)
    with pytest.raises(SourceError, match="Online Retail has not been downloaded yet"):
        child.take_in_apart(Store(home), DataRequest("online-retail"))


def test_what_is_wrong_with_a_file_is_one_sentence(orders, home, tmp_path):
    (tmp_path / "orders.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
    with pytest.raises(SourceError, match="orders.csv"):
        child.take_in_apart(Store(home), orders)


def test_a_child_hands_on_what_would_help(orders, home, tmp_path):
    (tmp_path / "orders.csv").write_text(ROWS + "c1,2023-02-31,5\n")
    with pytest.raises(DataError, match="2023-02-31") as refused:
        child.take_in_apart(Store(home), orders)
    assert refused.value.remedy == "set_aside"


@pytest.mark.parametrize("is_lent", [False, True], ids=["started here", "lent by a spare"])
def test_an_interrupted_command_leaves_no_rows_in_temporary_files(tmp_path, home, monkeypatch, is_lent):
    path, n = tmp_path / "orders.parquet", 60_000
    dates = pd.Timestamp("2023-01-01") + pd.to_timedelta([row % 365 for row in range(n)], "D")
    pd.DataFrame({"customer": [f"c{row % 999}" for row in range(n)], "date": dates, "amount": 1.5}).to_parquet(path)
    store, seen = Store(home), []

    def interrupted(process, question):
        process.stdin.write(question)
        process.stdin.close()
        deadline = time.monotonic() + 60
        while not seen:
            assert time.monotonic() < deadline
            seen.extend(store.temporary.glob("rows-*") if store.temporary.is_dir() else ())
        os.killpg(process.pid, signal.SIGSTOP)  # in the midst of its work
        process.stdout.close()
        raise KeyboardInterrupt

    process = child.start_reader()
    reader = LentReader(process.pid, process.stdin, process.stdout, -1) if is_lent else process
    monkeypatch.setattr(type(reader), "communicate", interrupted)
    monkeypatch.setattr(child, "lent_reader", lambda home: reader)
    with pytest.raises(KeyboardInterrupt):
        child.take_in_apart(store, DataRequest(str(path), frames="duckdb"))

    assert seen and list(store.temporary.iterdir()) == []


@pytest.mark.fresh_processes
def test_a_database_is_read_by_a_process_of_its_own_environment(tmp_path, home, monkeypatch):
    """A spare was started elsewhere, where the password or a relative path may mean something else."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(child, "lent_reader", lambda home: pytest.fail("a spare was asked"))
    connection = sqlite3.connect("shop.db")
    connection.executescript("CREATE TABLE lines (customer, visits); INSERT INTO lines VALUES ('a', 1), ('b', 2)")
    connection.close()
    read = child.from_database_apart(Store(home), DataRequest("sqlite:///shop.db", database=DatabaseQuestion("", table="lines")))
    assert (read.name, read.database.address) == ("lines (shop.db)", f"sqlite:///{tmp_path}/shop.db")
    extract = Path(read.data)
    assert hashlib.sha256(extract.read_bytes()).hexdigest() == extract.stem
    assert (stat.S_IMODE(extract.stat().st_mode), stat.S_IMODE(extract.parent.stat().st_mode)) == (0o600, 0o700)
