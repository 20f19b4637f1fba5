import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from segcore import jobs
from segcore.cli import main
from segcore.cli.jobs import wait_for
from segcore.jobs import start
from segcore.store.store import Store

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def customers(tmp_path):
    """Return a file with one row a customer: three round groups, which is known."""
    dice = np.random.default_rng(0)
    middles = np.repeat([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]], 50, axis=0)
    values = middles + dice.normal(size=middles.shape)
    file = tmp_path / "customers.csv"
    pd.DataFrame({"customer_id": [f"{row:05d}" for row in range(150)], "height": values[:, 0], "width": values[:, 1]}).to_csv(
        file, index=False
    )
    return file


def sweep_of(customers, *options):
    return ["sweep", str(customers), "--kind", "customers", "--role", "customer=customer_id", "--algo", "kmeans", *options]


def test_a_sweep_prints_one_document_and_the_second_time_from_the_store(customers, capsys):
    asked = sweep_of(customers, "--grid", "n_clusters=2,3,4", "--grid", "tol=1e-4", "--json")
    assert main(asked) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["from_store"] is False
    assert [point["params"] for point in first["points"]] == [{"n_clusters": k, "tol": 1e-4, "n_init": 10} for k in (2, 3, 4)]
    assert first["points"][1]["sizes"] == [50, 50, 50]
    assert (first["evidence"], first["recommended"]["outcome"], first["recommended"]["params"]) == (None, None, None)
    assert main(asked) == 0
    second = json.loads(capsys.readouterr().out)
    assert second["from_store"] is True
    assert {**second, "from_store": False} == first
    assert [job.state for job in jobs.list_jobs(Store())] == ["done"]


def test_the_table_shows_every_point_also_those_without_a_result(customers, capsys):
    assert main(sweep_of(customers, "--grid", "n_clusters=3,151", "--grid", "tol=1e-4")) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    (ok,) = [line for line in shown.out.splitlines() if line.startswith("n_clusters=3,")]
    assert ok.split()[1:3] == ["ok", "3"] and ok.endswith("50, 50, 50")
    assert "n_clusters=151,tol=0.0001,n_init=10  skipped" in shown.out
    assert "more than the 150 rows" in shown.out
    assert shown.out.count("No solution is recommended without evidence") == 1


def test_the_folder_has_features_labels_and_the_document(customers, tmp_path, capsys):
    out = tmp_path / "new" / "folder"
    assert main(sweep_of(customers, "--grid", "n_clusters=3", "--grid", "tol=1e-4", "--out", str(out), "--json")) == 0
    document = json.loads(capsys.readouterr().out)
    assert json.loads((out / "sweep.json").read_text()) == document
    features, labels = pq.read_table(out / "features.parquet"), pq.read_table(out / "labels.parquet")
    assert features.column_names[0] == "customer_id"
    assert labels.column_names == ["customer_id", "n_clusters=3,tol=0.0001,n_init=10"]
    assert features["customer_id"].to_pylist() == labels["customer_id"].to_pylist() == [f"{row:05d}" for row in range(150)]
    groups = np.asarray(labels[1]).reshape(3, 50)
    assert all(len(set(group)) == 1 for group in groups) and len({group[0] for group in groups}) == 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--grid", "n_clusters=0"], "n_clusters must"),
        (["--grid", "n_clusters=two"], "n_clusters must be a whole number"),
        (["--grid", "eps=0.5"], "eps"),
        (["--features", "nonsense"], "nonsense"),
        (["--outliers", "kit"], "outlier"),
        (["--where", "height > "], "'height >' cannot be read"),
        (["--repeats", "0"], "--repeats"),
        (["--out", "/dev/null/folder"], "--out /dev/null/folder cannot be used as a folder for files (Not a directory)"),
        (["--out", "/proc"], "--out /proc cannot be used as a folder for files (No such file or directory)"),
    ],
)
def test_what_is_wrong_with_a_sweep_is_said_before_it_starts(customers, options, said, capsys):
    assert main(sweep_of(customers, *options)) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("segcore: ") and len(shown.err.splitlines()) == 1
    assert said in shown.err
    assert jobs.list_jobs(Store()) == []


def test_too_few_customers_are_refused_before_the_start(tmp_path, capsys):
    file = tmp_path / "two.csv"
    file.write_text("customer_id,height\na,1\nb,2\n")
    assert main(sweep_of(file)) == 2
    assert "at least 3 customers" in capsys.readouterr().err


def test_a_sweep_whose_data_are_found_damaged_in_its_job_leaves_with_2(customers, monkeypatch, capsys):
    launch = start._launch

    def damage_and_launch(store, row):
        store.object_path(store.spec(row["id"]).table).unlink()
        launch(store, row)

    monkeypatch.setattr(start, "_launch", damage_and_launch)
    assert main(sweep_of(customers, "--json")) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "missing or damaged" in shown.err and len(shown.err.splitlines()) == 1


def test_control_c_cancels_the_sweep_and_says_how_to_go_on(tmp_path, capsys):
    values = np.random.default_rng(0).normal(size=(30_000, 6)).round(5)
    file = tmp_path / "many.csv"
    pd.DataFrame(values, columns=list("abcdef")).assign(customer_id=np.arange(30_000)).to_csv(file, index=False)
    command = [
        sys.executable,
        "-m",
        "segcore",
        *sweep_of(file, "--grid", "n_clusters=40", "--grid", "tol=1e-12,1e-13", "--grid", "n_init=200"),
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        store, deadline = Store(), time.monotonic() + 60
        while not any(job.state == "running" for job in jobs.list_jobs(store)):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
    (job,) = jobs.list_jobs(store)
    assert (process.returncode, out, job.state) == (130, "", "cancelled")
    assert f"jobs resume {job.id[:12]}" in err and "Traceback" not in err

    assert main(["jobs", "resume", job.id[:12]]) == 0
    assert main(["jobs", "cancel", job.id[:12], "--json"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert "queued" in shown[0] or "running" in shown[0]
    assert json.loads(shown[1])["job"]["state"] == "cancelled"


def test_control_c_while_a_job_is_being_started_cancels_it_too(home):
    store = Store(home)

    def start():
        store.put_job("a" * 64, kind="sweep", title="k-means", spec={}, total=1, state="running")
        raise KeyboardInterrupt

    assert wait_for(store, start, "a" * 64).state == "cancelled"
    with pytest.raises(KeyboardInterrupt):
        wait_for(store, start)
    with pytest.raises(KeyboardInterrupt):  # nothing has been started yet
        wait_for(store, lambda: (_ for _ in ()).throw(KeyboardInterrupt), "b" * 64)


def test_jobs_are_listed_for_people_and_for_programs(customers, capsys):
    assert main(["jobs"]) == 0
    assert "There are no jobs yet" in capsys.readouterr().out
    assert main(sweep_of(customers, "--grid", "n_clusters=3", "--json")) == 0
    sweep = json.loads(capsys.readouterr().out)["sweep"]
    assert main(["jobs", "list"]) == 0
    header, line = capsys.readouterr().out.splitlines()
    assert header.split() == ["id", "state", "done", "created", "job"]
    assert line.startswith(f"{sweep[:12]}  done   1 of 1")
    assert main(["jobs", "--json"]) == 0
    (job,) = json.loads(capsys.readouterr().out)["jobs"]
    assert (job["id"], job["state"], job["done"], job["total"], job["message"]) == (sweep, "done", 1, 1, None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["cancel"], "'jobs cancel' needs the ID"),
        (["list", "abc"], "takes no ID"),
        (["cancel", "abc"], "There is no job 'abc'"),
        (["resume", ""], "There is no job ''"),
        (["--limit", "0"], "--limit must be at least 1"),
    ],
)
def test_a_job_that_cannot_be_meant_is_told_in_one_line(arguments, said, capsys):
    assert main(["jobs", *arguments]) == 2
    shown = capsys.readouterr()
    assert said in shown.err and len(shown.err.splitlines()) == 1


def test_a_store_that_cannot_be_used_is_told_in_one_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SEGCORE_HOME", str(tmp_path / "file" / "home"))
    assert main(["jobs"]) == 2
    shown = capsys.readouterr()
    assert "set SEGCORE_HOME" in shown.err and len(shown.err.splitlines()) == 1


def test_sweeps_are_listed_named_removed_and_restored(customers, capsys):
    assert main(["sweeps"]) == 0
    assert "There are no sweeps yet" in capsys.readouterr().out
    assert main(sweep_of(customers, "--grid", "n_clusters=2,3,4", "--json")) == 0
    sweep = json.loads(capsys.readouterr().out)["sweep"]
    assert main(["sweeps", "--json"]) == 0
    (line,) = json.loads(capsys.readouterr().out)["sweeps"]
    assert (line["id"], line["data"], line["name"]) == (sweep, "customers.csv", "k-means, 2 to 4 segments · height, width")
    assert (line["solutions"], line["finished"], line["best"], line["segments"], line["is_recommended"]) == (3, 3, "3 segments", 3, False)
    assert main(["sweeps", "name", sweep[:8], "Spring"]) == 0
    assert capsys.readouterr().out == "Spring is the name of this sweep.\n"
    assert main(["sweeps"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith(f"{sweep[:12]}  customers.csv  Spring  3 of 3    –        3 segments")
    assert main(["sweeps", "remove", sweep[:8]]) == 0
    assert main(["sweeps", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"sweeps": []}
    assert main(["sweeps", "restore", sweep[:8]]) == 0
    assert Store().sweep_ids() == [sweep]


def test_every_damaged_sweep_is_named(capsys):
    for sweep in ("ab" * 32, "cd" * 32):
        Store()._rows("insert into sweeps (id, spec, created) values (?, '{', 0)", sweep)
    assert main(["sweeps", "--json"]) == 2
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {"sweeps": []}
    lines = shown.err.splitlines()
    assert len(lines) == 2 and all(line.startswith("segcore: What sweep ") for line in lines)
    assert all(any(sweep in line for line in lines) for sweep in ("abababab", "cdcdcdcd"))


@pytest.mark.parametrize("name", ["features.parquet", "labels.parquet", "sweep.json"])
def test_a_folder_with_the_name_of_a_file_of_the_output_is_found_before_the_work(customers, tmp_path, capsys, name):
    (tmp_path / "out" / name).mkdir(parents=True)
    assert main(sweep_of(customers, "--out", str(tmp_path / "out"))) == 2
    assert f"has a folder with the name of a file, {name}" in capsys.readouterr().err
    assert jobs.list_jobs(Store()) == []


def test_a_list_whose_only_sweep_is_damaged_says_that_and_not_that_it_is_empty(capsys):
    Store()._rows("insert into sweeps (id, spec, created) values ('ab', '{}', 0)")
    assert main(["sweeps"]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and "damaged" in shown.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "abc"], "takes no SWEEP"),
        (["name", "abc"], "needs the new NAME"),
        (["remove"], "needs a SWEEP"),
        (["remove", "a", "b"], "no NAME"),
    ],
)
def test_a_malformed_request_for_the_list_of_sweeps_is_one_sentence(arguments, said, capsys):
    assert main(["sweeps", *arguments]) == 2
    assert said in capsys.readouterr().err
