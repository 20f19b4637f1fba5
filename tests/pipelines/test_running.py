"""Runs of pipelines: what they write, what they do not repeat, and what a change makes them do again."""

import hashlib
import json
import signal
import subprocess
import sys
import time

import duckdb
import pandas as pd
import pytest

import segcore
from segcore.cli import main
from segcore.pipelines import running
from segcore.store.store import Store
from segcore.system import child_process
from tests.library.conftest import small_orders

SCORED = '\n[[score]]\npath = "next.csv"\nas_of = "latest"\nout = "out/scored.parquet"\n'
TARGETS = '\n[targets]\npromote = "item=itema"\nbudget = 5\nagain = true\nwindow = 30\nout = "out/targets.csv"\n'


def states(document):
    return {step["step"]: step["from_store"] for step in document["steps"]}


def manifest(folder):
    return json.loads((folder / "out" / "weekly.manifest.json").read_text())


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted((folder / "out").iterdir())}


def tables(folder):
    return {name: content for name, content in contents(folder).items() if not name.endswith(".json")}


def test_a_run_writes_the_files_and_where_they_come_from(folder, weekly, run_json, home):
    (folder / "next.csv").write_bytes((folder / "orders.csv").read_bytes())
    document = run_json(weekly(SCORED + TARGETS))
    assert list(states(document)) == ["prepare", "features", "sweep", "choose", "export", "score", "targets"]
    found = manifest(folder)
    assert found == document["manifest"] and found["complete"]
    for output in found["outputs"]:
        for file in output["files"]:
            content = (folder / "out" / file["file"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == file["sha256"] and len(content) == file["bytes"]
    rows = pd.read_csv(folder / "out/segments.csv", dtype={"customer_id": str})
    assert "Regulars" in set(rows["segment_name"]) and len(rows) == 30 == found["outputs"][0]["rows"]
    assert pd.read_parquet(folder / "out/scored.parquet")["segment"].tolist() == rows["segment"].tolist()
    assert found["solution"]["sweep"] == Store(home).sweep_ids()[0]
    assert found["data"]["fingerprint"] == Store(home).spec(found["solution"]["sweep"]).data["fingerprint"]


def test_what_was_done_is_not_done_again(folder, weekly, run_json, monkeypatch):
    path = weekly()
    run_json(path)
    before = contents(folder)
    monkeypatch.setattr("segcore.jobs.start._launch", lambda *_: pytest.fail("a job was started"))
    monkeypatch.setattr("segcore.pipelines.running.write_export", lambda *_, **__: pytest.fail("written again"))
    assert all(states(run_json(path)).values())
    assert contents(folder) == before


@pytest.mark.parametrize("damage", ["delete", "change"])
def test_a_file_that_is_gone_or_changed_is_written_again(folder, weekly, run_json, damage):
    path = weekly()
    run_json(path)
    file = folder / "out/segments.csv"
    before = file.read_bytes()
    file.unlink() if damage == "delete" else file.write_text("edited")
    assert states(run_json(path)) == {"prepare": True, "features": True, "sweep": True, "choose": True, "export": False}
    assert file.read_bytes() == before


def test_other_options_of_an_export_do_only_the_export_again(folder, weekly, run_json):
    run_json(weekly())
    found = states(run_json(weekly(changes=[('out/segments.csv"', 'out/segments.csv"\nown_id = true\nclustered_values = true')])))
    assert found == {"prepare": True, "features": True, "sweep": True, "choose": True, "export": False}
    assert len(manifest(folder)["outputs"]) == 1


def test_new_customers_are_scored_without_doing_the_rest_again(folder, weekly, run_json):
    (folder / "next.csv").write_bytes((folder / "orders.csv").read_bytes())
    path = weekly(SCORED)
    first = run_json(path)["manifest"]
    small_orders().iloc[:60].to_csv(folder / "june.csv", index=False)
    again = run_json(path, "--set", "score.0.path=june.csv")
    assert [step for step, repeated in states(again).items() if not repeated] == ["score"]
    assert again["manifest"]["complete"] and len(again["manifest"]["outputs"]) == 2
    assert again["manifest"]["settings"] == {"score.0.path": str(folder / "june.csv")}
    assert again["manifest"]["outputs"][1]["rows"] < first["outputs"][1]["rows"]


def test_paths_that_are_set_count_from_the_current_folder(folder, weekly, run_json, run, monkeypatch):
    """Those in the file count from its own, wherever the command is given."""
    path = weekly(SCORED + TARGETS)
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    small_orders().iloc[:60].to_csv(elsewhere / "june.csv", index=False)
    monkeypatch.chdir(elsewhere)
    words = ["--set", "score.0.path=june.csv", "--set", "export.0.out=segments.csv", "--set", "export.0.model=model.zip"]
    words += ["--set", "targets={ promote = 'item=itema', budget = 5, again = true, window = 30, out = './targets.csv' }"]
    found = run_json(path, *words, "--set", "manifest=all.json")
    assert {file.name for file in elsewhere.iterdir()} == {
        "june.csv", "segments.csv", "segments.csv.json", "model.zip", "targets.csv", "all.json",
    }  # fmt: skip
    assert {file.name for file in (folder / "out").iterdir()} == {"scored.parquet", "scored.parquet.json"}
    assert found["manifest"]["settings"]["score.0.path"] == str(elsewhere / "june.csv")
    held = segcore.pipeline(
        path, {"score": [{"path": "june.csv", "out": "a.csv"}], "check.reference": "all.json", "data.items": "june.csv"}
    )
    assert (held.journey.scores[0].out, held.journey.rules.reference) == (elsewhere / "a.csv", elsewhere / "all.json")
    assert held.journey.request.items.data == str(elsewhere / "june.csv")
    code, _, errors = run(path, "--set", "data.path=orders.csv")
    assert code == 2 and "elsewhere/orders.csv, which does not exist: correct the path, which is relative to the current folder." in errors
    code, _, errors = run(path, "--set", "data.path=complete-jorney")
    assert code == 2 and "samples: complete-journey" in errors


def test_a_file_of_a_database_that_is_set_counts_from_the_current_folder(folder, weekly, monkeypatch):
    path = weekly()
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    held = segcore.pipeline(path, {"export": [{"out": "sqlite:///shop.db", "into": "segments"}]})
    assert held.journey.exports[0].out.address.file == folder / "elsewhere" / "shop.db"


def test_a_sample_that_is_set_is_no_path(weekly):
    held = segcore.pipeline(weekly(changes=[("roles = {", "#")]), {"data.path": "complete-journey"})
    assert held.journey.request.data == "complete-journey"


def test_days_are_written_as_toml_writes_them(folder, weekly, run_json):
    found = run_json(weekly(), "--set", "data.date_from=2024-03-01", "--set", "data.date_to='2024-08-01'")["manifest"]
    assert found["settings"] == {"data.date_from": "2024-03-01", "data.date_to": "2024-08-01"}
    assert found["data"]["rows_used"] < found["data"]["rows_read"]


def test_copies_are_not_counted_as_customers(folder, weekly, run_json):
    found = run_json(weekly(changes=[("[features]", "[plan]\nrepeats = 3\n[features]")]))["manifest"]["solution"]
    assert found["customers"] == sum(segment["customers"] for segment in found["segments"]) == 30


def test_other_data_do_everything_again(folder, weekly, run_json):
    path = weekly()
    first = run_json(path)["manifest"]
    small_orders().iloc[:-20].to_csv(folder / "orders.csv", index=False)
    again = run_json(path)
    assert not any(states(again).values())
    assert again["manifest"]["data"]["fingerprint"] != first["data"]["fingerprint"]


def test_one_step_needs_the_steps_before_it(folder, weekly, run, run_json):
    path = weekly()
    code, _, errors = run(path, "--only", "sweep")
    assert code == 2 and "Step sweep needs step prepare, which is not in the store: run step prepare first." in errors
    assert list(states(run_json(path, "--only", "prepare"))) == ["prepare"]
    code, _, errors = run(path, "--only", "export")
    assert code == 2 and "Step export needs step sweep" in errors
    for step in ("features", "sweep", "choose", "export"):
        assert list(states(run_json(path, "--only", step))) == [step]
    assert manifest(folder)["complete"]
    assert all(states(run_json(path)).values())
    code, _, errors = run(path, "--only", "score")
    assert code == 2 and "it has no table [score]" in errors
    code, _, errors = run(path, "--only", "exprot")
    assert code == 2 and "Unknown step 'exprot'" in errors


def test_steps_one_by_one_give_the_manifest_of_a_whole_run(folder, weekly, run_json):
    (folder / "next.csv").write_bytes((folder / "orders.csv").read_bytes())
    path = weekly(SCORED)
    for step in ("prepare", "features", "sweep", "choose", "export", "score"):
        run_json(path, "--only", step)
    by_steps = manifest(folder)
    assert [output["step"] for output in by_steps["outputs"]] == ["export", "score"]
    assert all(states(run_json(path)).values()) and manifest(folder) == by_steps


def test_a_preview_changes_nothing(folder, weekly, run, home):
    code, out, _ = run(weekly(), "--dry-run")
    assert code == 0 and "sweep     To do; the data have to be read first." in out
    assert not (folder / "out").exists() and Store(home).sweep_ids() == []


def test_a_column_that_is_gone_is_one_sentence_with_line_and_key(folder, weekly, run):
    small_orders().rename(columns={"invoice": "order_number"}).to_csv(folder / "orders.csv", index=False)
    code, _, errors = run(weekly())
    assert code == 2 and errors.count("\n") == 1
    assert "weekly.toml, line 3, data.roles.order: " in errors and "invoice" in errors


def test_what_to_do_is_said_in_the_words_of_the_file(folder, weekly, run):
    orders = small_orders()
    orders["date"] = orders["date"].dt.strftime("%m/%d/%Y")
    orders[orders["date"].str[3:5].astype(int) <= 12].to_csv(folder / "orders.csv", index=False)
    code, _, errors = run(weekly())
    assert code == 2 and "date_order dmy or mdy" in errors and "--" not in errors
    assert run(weekly(changes=[("[features]", 'date_order = "mdy"\n[features]')]))[0] == 0


def test_notes_are_in_the_words_of_the_file_too(folder, weekly, run, run_json):
    orders = small_orders()
    orders.loc[0, "date"] = pd.Timestamp("2099-01-01")
    orders.to_csv(folder / "orders.csv", index=False)
    (note,) = [note["text"] for note in run_json(weekly())["notes"] if note["code"] == "row.dated_after_today"]
    assert "leave the rows out with date_to" in note and "--" not in note
    assert f"warning: {note}" in run(weekly())[2]


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (
            '[targets]\npromote = "item"\noutcome = "x"\nbudget = 5\nout = "x.csv"',
            "line 22: targets: Say what is promoted: either a column",
        ),
        ('[targets]\npromote = "item=a"\nout = "x.csv"', "line 22: targets: Give the budget either as contacts (budget) or as money"),
        ('[[score]]\npath = "orders.csv"\nas_of = 2024-01-31\nout = "x.csv"', "line 22, score 1: The data ends at"),
    ],
)
def test_errors_name_keys_and_not_options(weekly, run, more, sentence):
    code, _, errors = run(weekly(f"\n{more}\n"))
    assert code == 2 and sentence in errors and "--" not in errors


def test_a_feature_that_the_data_do_not_have_is_named_with_its_line(folder, weekly, run):
    code, _, errors = run(weekly(changes=[('set = "small"', 'names = ["Recency", "Amuont"]')]))
    assert code == 2 and "weekly.toml, line 6, features.names 2: Unknown feature 'Amuont'" in errors


def test_without_a_recommendation_what_to_do_is_said(folder, weekly, run):
    code, _, errors = run(weekly(changes=[("point = { n_clusters = 3 }", 'rule = "recommended"')]))
    assert code == 2 and "weekly.toml, line 14, choose.rule: No solution is recommended" in errors and "set choose.point" in errors


@pytest.mark.slow
def test_the_recommended_solution_is_chosen(folder, weekly, run_json, home):
    """Evidence takes seconds."""
    changes = [("point = { n_clusters = 3 }", 'rule = "recommended"'), ('evidence = "none"', 'evidence = "auto"')]
    found = run_json(weekly(changes=changes))["manifest"]["solution"]
    sweep = Store(home).sweep(found["sweep"])
    assert found["point"] == dict(sweep.recommendation.params) and found["needed_z"] == sweep.evidence.needed_z


def test_work_that_fails_is_another_exit_code_than_a_mistake(weekly, run, monkeypatch):
    def fails(*_, **__):
        raise segcore.JobError("The sweep failed.")

    monkeypatch.setattr("segcore.library.plan.Plan.sweep", fails)
    assert run(weekly())[::2] == (1, "segcore: weekly.toml, line 8, sweep: The sweep failed.\n")


@pytest.mark.parametrize(("measure", "n_segments"), [("silhouette", 3), ("davies_bouldin", 3), ("calinski_harabasz", 3)])
def test_the_best_of_a_measure_is_chosen_within_a_range(folder, weekly, run, run_json, measure, n_segments):
    best = ("point = { n_clusters = 3 }", f'best = "{measure}"')
    assert run_json(weekly(changes=[best]))["manifest"]["solution"]["point"]["n_clusters"] == n_segments
    path = weekly(changes=[best, ('0 = "Regulars"', "")])
    assert run_json(path, "--set", "choose.segments=[2, 2]")["manifest"]["solution"]["point"]["n_clusters"] == 2
    code, _, errors = run(path, "--set", "choose.segments=[7, 9]")
    assert code == 2 and "No solution has 7 to 9 segments" in errors


def test_names_follow_the_customers_to_other_data(folder, weekly, run_json, home):
    """The segment that was named is another number today; its customers have kept its name."""
    path = weekly()
    first = run_json(path)["manifest"]
    orders = small_orders()
    named = pd.read_csv(folder / "out/segments.csv", dtype={"customer_id": str}).set_index("customer_id")["segment_name"]
    ids = {name: named[named == name].index for name in named.unique()}
    kept = {customer for name, group in ids.items() for customer in (group if name == "Regulars" else group[:4])}
    orders[orders["customer_id"].isin(kept)].to_csv(folder / "orders.csv", index=False)
    second = run_json(path)["manifest"]
    again = pd.read_csv(folder / "out/segments.csv", dtype={"customer_id": str}).set_index("customer_id")["segment_name"]
    assert set(again[again == "Regulars"].index) == set(ids["Regulars"])
    assert second["named_in"] == first["named_in"] == {"sweep": first["solution"]["sweep"], "position": 1}


def test_a_name_of_no_segment_is_refused(weekly, run):
    code, _, errors = run(weekly(changes=[('0 = "Regulars"', '7 = "Regulars"')]))
    assert code == 2 and "line 17" in errors and "names.7 names a segment that the solution does not have: it has 0, 1, 2." in errors


def test_the_library_runs_the_same_pipeline(folder, weekly, run_json):
    path = weekly()
    command = run_json(path)["manifest"]
    held = segcore.pipeline(path)
    assert repr(held) == "Pipeline('weekly.toml': prepare, features, sweep, choose and export)"
    assert held.run().manifest == command
    other = segcore.pipeline(path, {"choose.point": {"n_clusters": 2}, "export.0.out": "out/two.csv"}).run()
    assert other.manifest["solution"]["point"]["n_clusters"] == 2
    values = {"sweep.grid.n_clusters": range(2, 4), "names": {0: "A", 1: "B"}, "data.path": folder / "orders.csv"}
    assert segcore.pipeline(path, values).journey.names == {0: "A", 1: "B"}
    with pytest.raises(segcore.ParameterError, match="--set choose.point.n_clusters"):
        segcore.pipeline(path, {"choose.point.n_clusters": 9})


class KilledError(BaseException):
    """Ends a command where it stands, as no handler of errors sees it."""


@pytest.mark.parametrize("moment", range(5))
def test_a_run_that_ends_anywhere_goes_on(folder, weekly, run_json, monkeypatch, moment):
    """It ends before, between and after the writing of its files and of the manifest."""
    (folder / "next.csv").write_bytes((folder / "orders.csv").read_bytes())
    path = weekly(SCORED)
    run_json(path)
    expected = tables(folder)
    for file in (folder / "out").iterdir():
        file.unlink()
    writes = iter(range(100))

    def ends_at_the_moment(name):
        write = getattr(running, name)

        def ending(*args, **options):
            if next(writes) == moment:
                raise KilledError
            return write(*args, **options)

        return ending

    with monkeypatch.context() as patch:
        for name in ("write_export", "write_scores", "write_manifest"):
            patch.setattr(running, name, ends_at_the_moment(name))
        with pytest.raises(KilledError):
            run_json(path)
    again = run_json(path)
    assert again["manifest"]["complete"] and tables(folder) == expected
    assert states(again)["export"] is (moment >= 3), "files that the manifest already lists are not written again"


@pytest.mark.slow
@pytest.mark.fresh_processes
@pytest.mark.in_a_child
def test_a_killed_run_goes_on_and_ends_in_the_same_files(folder, weekly, run_json, home, monkeypatch, tmp_path_factory):
    """Real processes: each start costs a second. The command is killed once it has read, begun the sweep, and written the first file."""
    (folder / "next.csv").write_bytes((folder / "orders.csv").read_bytes())
    path = weekly(SCORED)
    monkeypatch.setenv("SEGCORE_HOME", str(tmp_path_factory.mktemp("whole")))
    run_json(path)
    expected = tables(folder)
    for file in (folder / "out").iterdir():
        file.unlink()
    monkeypatch.setenv("SEGCORE_HOME", str(home))
    command = [sys.executable, "-m", "segcore", "run", str(path)]
    for is_time in (
        lambda: list((home / "objects").rglob("*.npy")),
        lambda: Store(home).sweep_ids(),
        lambda: (folder / "out/segments.csv").exists(),
    ):
        process = subprocess.Popen(command, env=child_process.child_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and not is_time():
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
    again = run_json(path)
    assert again["manifest"]["complete"] and states(again)["prepare"]
    assert tables(folder) == expected
    assert not list((folder / "out").glob(".*"))


def test_a_scheduler_that_ends_a_run_cancels_it_as_ctrl_c_does(weekly, run, monkeypatch):
    """The first SIGTERM interrupts; those that follow do not disturb what the interruption does."""
    came = []
    monkeypatch.setattr("segcore.library.plan.Plan.sweep", lambda *_, **__: end_twice())

    def end_twice():
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(signal.SIGTERM)
            came.append("cancelled")

    before = signal.signal(signal.SIGTERM, lambda *_: came.append("not handled"))
    try:
        assert run(weekly())[0] == 130 and came == ["cancelled"]
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN
        signal.raise_signal(signal.SIGTERM)
        assert came == ["cancelled", "not handled"]
    finally:
        signal.signal(signal.SIGTERM, before)


SQL = '\n[[export]]\nout = "out/score.sql"\nsql = true\ndialect = "duckdb"\ntable = "people"\n'


def test_sql_and_the_features_that_it_reads_are_outputs(folder, weekly, run_json, capsys):
    small_orders().iloc[::-1].to_csv(folder / "next.csv", index=False)
    path = weekly(SQL + SCORED + 'features = "out/features.parquet"\n')
    document = run_json(path)
    assert [output["rows"] for output in document["manifest"]["outputs"]] == [30, None, 30]
    assert [file["file"] for file in document["manifest"]["outputs"][2]["files"]] == [
        "scored.parquet",
        "scored.parquet.json",
        "features.parquet",
    ]
    connection = duckdb.connect()
    connection.execute("CREATE VIEW people AS FROM 'out/features.parquet'")
    scored = pd.read_parquet("out/scored.parquet")
    assert dict(connection.execute((folder / "out/score.sql").read_text()).fetchall()) == dict(
        zip(scored["customer_id"], scored["segment"], strict=True)
    )
    assert set(scored["segment"]) == {0, 1, 2}
    before = contents(folder)
    assert states(run_json(path))["export"] and states(run_json(path))["score"]
    assert contents(folder) == before
    (folder / "out/score.sql").unlink()
    assert not states(run_json(path))["export"]
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SQL.replace("score.sql", "score.csv"), "export 2.out must be a file named .sql"),
        (SQL + "profile = true\n", "export 2.profile is for rows"),
        (SQL.replace("sql = true\n", "").replace("score.sql", "more.csv"), "export 2.dialect is for SQL: add sql = true"),
        (SQL.replace('"duckdb"', '"oracle"'), "oracle"),
        (SCORED + 'features = "out/scored.parquet"\n', "features"),
    ],
    ids=["ending", "rows", "not sql", "dialect", "same file"],
)
def test_what_sql_cannot_be_is_told_with_its_line(folder, weekly, capsys, text, said):
    (folder / "next.csv").write_bytes((folder / "orders.csv").read_bytes())
    assert main(["run", str(weekly(text))]) == 2
    assert said in capsys.readouterr().err
