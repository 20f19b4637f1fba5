"""Segments written into a table by a job."""

import contextlib
import sqlite3

from segcore import jobs
from segcore.export.database_table import Destination
from segcore.jobs.tasks.writing_tables import start_writing
from segcore.sweeps.run import run_sweep


def test_a_job_writes_the_table_and_says_what_it_changed(store, make_spec, tmp_path, monkeypatch):
    """Its processes may run in another folder, where the address must mean the same file."""
    monkeypatch.chdir(tmp_path)
    spec = make_spec(points=1)
    run_sweep(store, store.add_sweep(spec))
    out = Destination.of("sqlite:///shop.db", "segments", "merge")

    job = jobs.follow(store, lambda: start_writing(store, spec.id, 0, out, {"segments": [0, 3], "own_id": False}))

    assert (job.state, job.kind, job.share_done) == ("done", "export", 1.0), job.message
    table = store.job_row(job.id)["result"]["table"]
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        assert connection.execute("SELECT count(*), min(segment), max(segment) FROM segments").fetchone() == (table["added"], 0, 3)
    assert jobs.follow(store, lambda: start_writing(store, spec.id, 0, out, {"segments": [0, 3], "own_id": False})).id == job.id
    assert store.job_row(job.id)["result"]["table"]["unchanged"] == table["added"], "the same question writes again"
