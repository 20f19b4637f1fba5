"""``sweep --evidence`` and ``evidence``, with the job's work done in this process."""

import json

import numpy as np
import pandas as pd
import pytest

from segcore import jobs
from segcore.cli import main
from segcore.jobs import worker
from segcore.store.store import Store
from segcore.sweeps.evidence import gather

PLACEBOS, RESAMPLES, SPLITS = 19, 4, 2
PARTS = ["placebo", "stability", "prediction_strength", "describability"]


@pytest.fixture(autouse=True)
def work_here(monkeypatch):
    """Do a job's work in this process, with few pieces of evidence; what processes do is tested in tests/jobs."""
    for name, value in (("PLACEBOS", PLACEBOS), ("RESAMPLES", RESAMPLES), ("SPLITS", SPLITS)):
        monkeypatch.setattr(gather, name, value)
    monkeypatch.setattr("segcore.records.evidence.RESAMPLES", RESAMPLES)

    def launch(store, row):
        store.put_job(row["id"], **{name: row[name] for name in ("kind", "title", "spec", "total")}, state="running")
        worker._work(store, row["id"], {})
        store.update_job(row["id"], state="done")

    monkeypatch.setattr("segcore.jobs.start._launch", launch)


@pytest.fixture
def computed(monkeypatch):
    """Return the pieces of evidence that were computed."""
    pieces, do = [], gather._Work.do
    monkeypatch.setattr(gather._Work, "do", lambda self, group: (pieces.extend(group), do(self, group)))
    return pieces


@pytest.fixture
def customers(tmp_path):
    """Return a file with one row per customer, in three round groups of 30."""
    values = np.repeat([[0.0, 0.0], [6.0, 1.0], [1.0, 6.0]], 30, axis=0) + np.random.default_rng(0).normal(size=(90, 2))
    file = tmp_path / "customers.csv"
    ids = [f"{row:05d}" for row in range(90)]
    pd.DataFrame({"customer_id": ids, "height": values[:, 0], "width": values[:, 1]}).to_csv(file, index=False)
    return file


@pytest.fixture
def sweep(customers, capsys):
    """Return a function that runs a sweep and returns its document."""

    def run(*options):
        grid = ("--grid", "n_clusters=2,3,91", "--grid", "tol=1e-4", "--grid", "n_init=1", "--json")
        command = ["sweep", str(customers), "--kind", "customers", "--role", "customer=customer_id", "--algo", "kmeans", *grid, *options]
        assert main(command) == 0
        shown = capsys.readouterr()
        assert shown.err == ""
        return json.loads(shown.out)

    return run


@pytest.mark.parametrize("options", [(), ("--evidence", "none")])
def test_without_evidence_every_part_of_it_is_null_with_the_reason(sweep, computed, options):
    document = sweep(*options)
    assert (computed, document["evidence"]) == ([], None)
    assert document["recommended"]["outcome"] is None
    assert "'segcore evidence'" in document["recommended"]["reason"]
    for point in document["points"]:
        assert [point[part] for part in PARTS] == [None] * 4
        assert point["evidence_reasons"] == dict.fromkeys(PARTS, "No evidence has been gathered.")


def test_all_evidence_is_in_the_document_and_in_the_folder(sweep, tmp_path):
    document = sweep("--evidence", "all", "--out", str(tmp_path / "out"))
    assert document["from_store"] is False
    assert set(document["evidence"]) == {
        "level", "placebos", "resamples", "splits", "p", "needed_z", "sample_size", "reason", "grouped", "notes",
    }  # fmt: skip
    counts = [document["evidence"][name] for name in ("level", "placebos", "resamples", "splits", "sample_size", "reason")]
    assert counts == ["all", PLACEBOS, RESAMPLES, SPLITS, 90, None]
    two, three, skipped = document["points"]
    for point in (two, three):
        assert set(point["placebo"]) == {"silhouette", "n", "sample_size"}
        assert set(point["placebo"]["silhouette"]) == {"observed", "mean", "low", "high", "max", "z", "defined"}
        assert set(point["stability"]) == {"segments", "least", "n", "scheme"}
        assert set(point["prediction_strength"]) == {"value", "se", "n"}
        assert {"value", "low", "high"} <= set(point["describability"])
        assert "evidence_reasons" not in point
    assert set(three["stability"]["segments"]) == {"0", "1", "2"}
    assert set(three["stability"]["segments"]["0"]) == {"jaccard", "low", "high", "dissolved", "recovered"}
    assert [skipped[part] for part in PARTS] == [None] * 4
    assert skipped["evidence_reasons"] == dict.fromkeys(PARTS, "The solution failed or was skipped.")
    recommended = document["recommended"]
    assert set(recommended) == {"outcome", "params", "reason", "p", "runner_up", "table"}
    assert (recommended["outcome"], recommended["params"], recommended["p"]) == ("groups", three["params"], 0.05)
    assert recommended["runner_up"] == two["params"]
    assert json.loads((tmp_path / "out" / "sweep.json").read_text()) == document


def test_the_second_time_all_of_it_comes_from_the_store(sweep, computed):
    first = sweep("--evidence", "all")
    assert len(computed) == len(set(computed)) > PLACEBOS
    computed.clear()
    second = sweep("--evidence", "all")
    assert computed == []
    assert {**second, "from_store": False} == first
    assert {**sweep(), "from_store": False} == first


def test_auto_gathers_what_is_quick(sweep, monkeypatch):
    assert sweep("--evidence", "auto")["recommended"]["outcome"] == "groups"
    monkeypatch.setattr(gather, "AUTO_SECONDS", 1e-9)
    document = sweep("--evidence", "auto", "--seed", "1")
    assert document["evidence"]["level"] == "auto"
    assert document["evidence"]["reason"] == "Evidence takes more than half a minute here, so it is gathered only when asked for."
    assert document["recommended"]["outcome"] is None


def test_evidence_on_a_sweep_is_gathered_once_and_printed_as_one_document(sweep, computed, capsys):
    sweep_id = sweep()["sweep"]
    assert main(["evidence", sweep_id[:8], "--json"]) == 0
    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert shown.err == ""
    assert set(document) == {"sweep", "data", "algorithm", "evidence", "recommended", "points"}
    whole = sweep()
    assert {**document, "points": None} == {**{name: whole[name] for name in document}, "points": None}
    names = ["params", "status", "segments", "sizes", *PARTS]
    assert [list(point) for point in document["points"]] == [names, names, [*names, "evidence_reasons"]]
    assert document["points"] == [{name: point[name] for name in names if name in point} | reasons_of(point) for point in whole["points"]]
    computed.clear()
    assert main(["evidence", sweep_id, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == document
    assert computed == []


def reasons_of(point):
    return {name: point[name] for name in ("evidence_reasons",) if name in point}


def test_the_table_has_a_row_per_solution_and_ends_with_the_recommendation(sweep, capsys):
    document = sweep("--evidence", "all")
    assert main(["evidence", document["sweep"][:8]]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split("  ")[0] == "solution"
    assert all(title in lines[0] for title in ("silhouette", "without segments", "z", "least stability", "describability"))
    three = document["points"][1]
    placebo = three["placebo"]["silhouette"]
    assert lines[2].startswith("n_clusters=3,tol=0.0001,n_init=1")
    for text in (
        f"{three['metrics']['silhouette']['value']:.3f}",
        f"{placebo['mean']:.3f} ({placebo['low']:.3f} to {placebo['high']:.3f}, at most {placebo['max']:.3f})",
        f"{placebo['z']:.4g}",
        f"{three['stability']['least']:.4g}",
        f"{three['prediction_strength']['value']:.3f} ± {three['prediction_strength']['se']:.3f}",
    ):
        assert text in lines[2]
    assert lines[3].split() == ["n_clusters=91,tol=0.0001,n_init=1", *["-"] * 6]
    needed = document["evidence"]["needed_z"]
    counts = f"{PLACEBOS} data sets without segments, of 90 customers; {RESAMPLES} resamples of the customers; {SPLITS} splits into halves."
    assert lines[5] == f"{counts} Groups need a z above {needed:.2f}."
    assert lines[-1] == f"Recommended: n_clusters=3,tol=0.0001,n_init=1. {document['recommended']['reason']}"


def test_copies_of_customers_have_no_table_but_the_reason(sweep, capsys):
    sweep_id = sweep("--repeats", "2")["sweep"]
    assert main(["evidence", sweep_id]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(gather.COPIES)


@pytest.mark.parametrize("name", ["", "beef"])
def test_an_unknown_sweep_is_one_sentence(name, capsys):
    assert main(["evidence", name]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"segcore: There is no sweep '{name}'") and len(shown.err.splitlines()) == 1


def test_an_unknown_level_is_refused(customers, capsys):
    assert main(["sweep", str(customers), "--evidence", "some"]) == 2
    assert "invalid choice: 'some'" in capsys.readouterr().err
    assert jobs.list_jobs(Store()) == []


@pytest.mark.parametrize(
    ("state", "message", "code", "said"),
    [
        ("failed", "It broke.", 1, "segcore: It broke."),
        ("interrupted", None, 1, "segcore: The sweep was interrupted. 3 of 9 pieces of evidence are finished and saved"),
        ("cancelled", None, 130, "segcore: The sweep was cancelled. 3 of 9 pieces of evidence are finished and saved"),
    ],
)
def test_what_did_not_end_well_has_an_exit_code_of_its_own(sweep, monkeypatch, capsys, state, message, code, said):
    sweep_id = sweep()["sweep"]
    ended = jobs.Job(sweep_id, "sweep", "t", state, 3, 3, 3, 9, 1, 0.0, None, None, None, message, None, None)
    monkeypatch.setattr(jobs, "follow", lambda *_: ended)
    assert main(["evidence", sweep_id, "--json"]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(said)
