import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import psutil
import pytest

from segcore import jobs
from segcore.benchmark.fit import peak_rss_bytes
from segcore.benchmark.run import FIT, run_benchmark
from segcore.sweeps.run import run_sweep
from segcore.system.digests import canonical_json


@pytest.fixture
def acting(tmp_path):
    """Return a function that writes the command of a run that does something else first."""

    def write(statements):
        script = tmp_path / "act.py"
        script.write_text(f"import os, signal, sys\n{statements}\nfrom segcore.benchmark import fit\nsys.exit(fit.main(sys.argv[1:]))\n")
        return (sys.executable, str(script))

    return write


@pytest.fixture
def run_forked(store, tmp_path, fork_server):
    """Return a function that is ``run_benchmark``, but in a process that forks the engines' runs; its progress is ``document["told"]``."""

    def run(spec, *, fit=FIT):
        told, script, output = tmp_path / "document.json", tmp_path / "run.py", tmp_path / "output"
        script.write_text(
            "import json, sys\nfrom pathlib import Path\n"
            "from segcore.benchmark.run import run_benchmark\nfrom segcore.benchmark.spec import BenchmarkSpec\n"
            "from segcore.store.store import Store\n"
            f"spec, fit, done = BenchmarkSpec.from_json(json.loads({canonical_json(spec.to_json())!r})), {tuple(fit)!r}, []\n"
            f"document = run_benchmark(Store(), spec, Path({str(tmp_path / 'work')!r}), progress=done.append, fit=fit)\n"
            f"Path({str(told)!r}).write_text(json.dumps({{**document, 'told': done}}, allow_nan=False))\n"
        )
        with output.open("wb") as file:
            fork_server.start_forked([sys.executable, str(script)], stdout=file, stderr=subprocess.STDOUT).wait()
        assert told.exists(), output.read_text()
        return json.loads(told.read_text())

    return run


def test_a_benchmark_times_what_a_sweep_computes(store, make_spec, tmp_path, run_forked):
    spec = make_spec(runs=2)
    document = run_forked(spec)
    done = document["told"]
    assert list(document["engines"]) == ["stock", "intel"]
    assert [(turn["engine"], turn["run"]) for turn in document["order"]] == [("stock", 1), ("intel", 1), ("stock", 2), ("intel", 2)]
    for engine in ("stock", "intel"):
        times = document["engines"][engine]
        assert times["ran"] == engine
        assert len(times["seconds"]) == 2 and all(seconds > 0 for seconds in times["seconds"])
        assert times["median_seconds_with_start"] > times["median_seconds"]
        assert times["peak_rss_bytes"] >= times["rss_before_fits_bytes"] > 10_000_000
        assert times["repeatable_points"] == 2
        assert sum(point["seconds"][0] for point in times["points"]) == pytest.approx(times["seconds"][0])
    assert "running accelerated version on CPU', in 4 of 4 fits" in document["engines"]["intel"]["evidence"]
    # Three round groups: whatever the starts, three clusters are these.
    assert document["agreement"]["intel"]["by_point"][1]["identical"]
    assert document["agreement"]["intel"]["by_point"][1]["inertia_gap"] == pytest.approx(0, abs=1e-9)
    sweep = replace(spec.sweep, engine="stock")
    store.add_sweep(sweep)
    run_sweep(store, sweep.id)
    assert [solution.n_segments for solution in store.sweep(sweep.id).solutions] == [
        point["n_segments"] for point in document["engines"]["stock"]["points"]
    ]
    assert done == sorted(done) and done[-1] == spec.total_fits == 8
    assert document["machine"]["cores"] >= 1 and document["machine"]["versions"]["scikit-learn-intelex"]
    assert canonical_json(document)
    assert not (tmp_path / "work").exists()


def test_silhouettes_of_the_grid_are_equal_to_scikit_learns_function(make_spec, run_forked):
    spec = make_spec(work="silhouette", engines=None, points=tuple({"n_clusters": k, "tol": 0.001} for k in (1, 2, 3)))
    assert spec.engines == ("pointwise", "shared")
    document = run_forked(spec)
    assert [point["status"] for point in document["engines"]["shared"]["points"]] == ["skipped", "ok", "ok"]
    assert 0 <= document["max_difference"] < 1e-9
    assert document["ratio_to_pointwise"]["shared"] > 0
    assert document["engines"]["pointwise"]["evidence"].startswith("scikit-learn")
    assert canonical_json(document)


def test_where_intels_code_falls_back_the_run_is_not_called_intel(make_spec, run_forked):
    """scikit-learn-intelex does not do one cluster, so stock computes that point whoever is asked."""
    points = ({"n_clusters": 1, "tol": 0.001}, {"n_clusters": 3, "tol": 0.001})
    document = run_forked(make_spec(points=points))
    assert document["engines"]["intel"]["ran"] == "mixed"
    assert document["engines"]["intel"]["fell_back"] == [points[0]]
    assert "intel was requested" in document["engines"]["intel"]["points"][0]["evidence"]
    assert document["summary"].startswith("Intel's code did not run for 1 of the 2 solutions")


def test_a_silent_engine_is_not_called_intel_either(make_spec, run_forked, acting):
    mute = acting(
        "import contextlib\n"
        "from segcore.clustering import engines\n"
        "@contextlib.contextmanager\n"
        "def mute():\n"
        "    yield []\n"
        "engines._sklearnex_log = mute"
    )
    document = run_forked(make_spec(), fit=mute)
    assert document["engines"]["intel"]["ran"] == "stock"
    assert document["summary"].startswith("Intel's code did not run for any of the 2 solutions")


def test_dbscan_agrees_label_by_label(make_spec, run_forked):
    points = ({"eps": 0.3, "min_samples": 5}, {"eps": 0.5, "min_samples": 5})
    document = run_forked(make_spec(points=points, algorithm="dbscan"))
    assert document["agreement"]["intel"]["identical_points"] == 2
    assert document["agreement"]["intel"]["max_inertia_gap"] is None
    assert "the same labels for all 2 solutions" in document["summary"]


def test_a_point_that_makes_no_sense_is_shown_and_breaks_nothing(make_spec, run_forked):
    points = ({"n_clusters": 3, "tol": 0.001}, {"n_clusters": 301, "tol": 0.001})
    document = run_forked(make_spec(points=points))
    assert [point["status"] for point in document["engines"]["intel"]["points"]] == ["ok", "skipped"]
    assert document["engines"]["intel"]["ran"] == "intel"
    assert document["ratio_to_stock"]["intel"] > 0
    assert document["agreement"]["intel"]["points"] == 1


def test_an_engine_that_dies_twice_is_not_started_again(tmp_path, make_spec, run_forked, acting):
    log = tmp_path / "log"
    dying = acting(
        f"import json\nrequest = json.load(open(sys.argv[1] + '/request.json'))\nopen({str(log)!r}, 'a').write(request['engine'] + ' ')\n"
        "if request['engine'] == 'intel':\n    os.kill(os.getpid(), signal.SIGKILL)"
    )
    document = run_forked(make_spec(runs=3), fit=dying)
    assert log.read_text().split() == ["stock", "intel", "stock", "intel", "stock"]
    assert len(document["engines"]["stock"]["seconds"]) == 3
    assert document["engines"]["intel"]["seconds"] == []
    assert "killed by SIGKILL (most likely for lack of memory) while fitting n_clusters=2,tol=0.001" in document["summary"]
    assert document["told"][-1] == 12


def test_an_exception_outside_the_fits_is_told_with_its_last_line(store, make_spec, tmp_path, acting):
    document = run_benchmark(
        store, make_spec(engines=("stock",)), tmp_path / "work", fit=acting("raise RuntimeError('the library is missing')")
    )
    assert "stopped with code 1" in document["engines"]["stock"]["evidence"]
    assert "the library is missing" in document["engines"]["stock"]["evidence"]
    assert document["summary"].startswith("Stock finished no run")


def test_the_peak_is_of_this_process_alone():
    """A fork of a large process would count the large one's memory; the file of the kernel does not."""
    ballast = np.ones(40_000_000)
    code = "from segcore.benchmark.fit import peak_rss_bytes; print(peak_rss_bytes())"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert int(printed) < ballast.nbytes < peak_rss_bytes()


def test_a_job_runs_it_and_keeps_its_document(store, make_spec):
    spec = make_spec()
    job = jobs.wait(store, jobs.start_benchmark(store, spec.to_json(), title="Benchmark"), timeout=120)
    assert (job.state, job.message) == ("done", None)
    assert (job.done, job.total) == (4, 4)
    result = store.job_row(job.id)["result"]
    assert result["points"] == 2 and result["engines"]["intel"]["ran"] == "intel"
    assert list(store.temporary.iterdir()) == []


def test_a_job_that_cannot_be_run_says_why_in_one_sentence(store, make_spec):
    spec = {**make_spec().to_json(), "table": "0" * 64 + ".json"}
    job = jobs.wait(store, jobs.start_benchmark(store, spec), timeout=60)
    assert job.state == "failed"
    assert "missing or damaged" in job.message


@pytest.mark.fresh_processes
def test_cancelling_ends_the_fit_too_and_the_next_one_clears_what_it_left(store, make_spec, tmp_path):
    points = tuple({"n_clusters": 3, "tol": 1e-9 * (1 + point)} for point in range(20_000))
    job_id = jobs.start_benchmark(store, make_spec(points=points).to_json())

    def ours():
        found = []
        for process in psutil.process_iter(["cmdline"]):
            if job_id in " ".join(process.info["cmdline"] or []):
                found.append(process)
        return found

    job = jobs.wait(store, job_id, on_progress=None, timeout=0.1)
    for _ in range(600):
        job = jobs.wait(store, job_id, timeout=0.1)
        if job.done:
            break
    assert any("segcore.benchmark.fit" in process.cmdline() for process in ours())
    jobs.cancel(store, job_id)
    assert jobs.read_job(store, job_id).state == "cancelled"
    psutil.wait_procs(ours(), timeout=2)
    assert ours() == []
    assert jobs.wait(store, jobs.start_benchmark(store, make_spec(engines=("stock",)).to_json()), timeout=120).state == "done"
    assert list(store.temporary.iterdir()) == []


def test_a_fit_whose_parent_is_gone_does_nothing(tmp_path):
    from segcore.benchmark import fit

    np.save(tmp_path / "X.npy", np.zeros((5, 2)))
    request = {"X": str(tmp_path / "X.npy"), "algorithm": "kmeans", "points": [], "engine": "stock", "seed": 0, "parent": 1_000_000_000}
    (tmp_path / "request.json").write_text(json.dumps(request))
    assert fit.main([str(tmp_path)]) == 1
    assert not (tmp_path / "result.json").exists()
