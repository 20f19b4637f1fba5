"""What is concluded from runs that are made up here, so that every number can be traced by hand."""

import numpy as np
import pytest

from segcore.benchmark.document import fits_document, silhouettes_document
from segcore.benchmark.record import Run
from segcore.benchmark.spec import BenchmarkSpec
from segcore.records.plan import Plan
from segcore.records.sweep import SweepSpec

POINTS = [{"n_clusters": 2, "tol": 0.1}, {"n_clusters": 3, "tol": 0.1}]
A, B = [0, 0, 1, 1], [0, 1, 2, 2]
PROOF = {
    "shared": "segcore",
    "stock": "scikit-learn 1.9.1, sklearn.cluster.KMeans",
    "intel": "intelex reported 'running accelerated version on CPU'",
}


@pytest.fixture
def run(tmp_path):
    """Return a function that makes one run up: its seconds, inertias and labels at the two points."""

    def make(
        engine, number, seconds, *, labels=(A, B), inertia=(10.0, 5.0), ran=None, status=("ok", "ok"), died=None, others=0.0, elapsed=None
    ):
        folder = tmp_path / f"{engine}_{number}"
        folder.mkdir()
        points = []
        for position, point in enumerate(POINTS):
            np.save(folder / f"labels_{position}.npy", np.array(labels[position], dtype=np.int32))
            who = (ran or (engine, engine))[position]
            points.append(
                {
                    "params": point,
                    "status": status[position],
                    "reason": None if status[position] == "ok" else "It did not fit.",
                    "seconds": seconds[position] if status[position] == "ok" else None,
                    "ran": who if status[position] == "ok" else None,
                    "evidence": PROOF[who] if who == engine else f"intel was requested, but fallback; {PROOF[who]}",
                    "n_segments": len(set(labels[position])),
                    "inertia": inertia[position],
                }
            )
        return Run(engine, number, folder, [] if died else points, 1000 * number, 900, others, died, elapsed)

    return make


def sweep(algorithm):
    return SweepSpec("t", {"name": "d"}, Plan(("x", "y")), algorithm, tuple(POINTS), "stock", {})


def told(runs, algorithm="kmeans"):
    engines = tuple(dict.fromkeys(run.engine for run in runs))
    spec = BenchmarkSpec(sweep(algorithm), engines, max(run.number for run in runs))
    return fits_document(spec, runs, shape=(4, 2), machine={"cpu": "made up", "cores": 2})


def test_seconds_medians_and_ratio_can_be_traced(run):
    runs = [
        run("stock", 1, (2.0, 4.0)),
        run("intel", 1, (1.0, 1.0)),
        run("stock", 2, (2.0, 6.0)),
        run("intel", 2, (1.0, 3.0)),
        run("stock", 3, (5.0, 5.0)),
        run("intel", 3, (1.0, 2.0)),
    ]
    document = told(runs)
    stock, intel = document["engines"]["stock"], document["engines"]["intel"]
    assert stock["seconds"] == [6.0, 8.0, 10.0]
    assert (stock["median_seconds"], stock["min_seconds"], stock["max_seconds"]) == (8.0, 6.0, 10.0)
    assert (intel["median_seconds"], intel["ran"], intel["peak_rss_bytes"]) == (3.0, "intel", 3000)
    assert [point["median_seconds"] for point in stock["points"]] == [2.0, 5.0]
    assert document["ratio_to_stock"] == {"intel": pytest.approx(8 / 3)}
    assert document["agreement"]["intel"]["identical_points"] == document["agreement"]["intel"]["points"] == 2
    assert document["agreement"]["intel"]["min_ari"] == 1.0
    assert document["agreement"]["intel"]["max_inertia_gap"] == 0.0
    assert (document["rows"], document["features"], document["points"]) == (4, 2, 2)
    assert [(turn["engine"], turn["run"]) for turn in document["order"]] == [(r.engine, r.number) for r in runs]
    assert document["summary"] == (
        "Intel's code was 2.67 times as fast as stock over 2 solutions (medians of 3 runs each). "
        "Both gave the same partition for all 2 solutions."
    )


def test_slower_is_called_slower(run):
    document = told([run("stock", 1, (1.0, 1.0)), run("intel", 1, (2.0, 1.5))])
    assert document["ratio_to_stock"]["intel"] == pytest.approx(2 / 3.5)
    assert document["summary"].startswith("Intel's code was slower than stock: it took 1.75 times as long over 2 solutions (one run each).")


def test_runs_that_overlap_decide_nothing(run):
    runs = [run("stock", 1, (1.0, 1.0)), run("intel", 1, (1.1, 1.2)), run("stock", 2, (2.0, 2.0)), run("intel", 2, (0.5, 0.6))]
    document = told(runs)
    assert "took about as long as stock" in document["summary"]
    assert document["runs_apart"] == {"intel": False}


def test_a_shared_sweep_whose_runs_overlap_is_no_gain_either(run):
    runs = [run("stock", number, (seconds, seconds)) for number, seconds in ((1, 1.0), (2, 1.2))]
    runs += [run("shared", number, (0.1, 0.1), elapsed=seconds) for number, seconds in ((1, 1.8), (2, 2.1))]
    document = told(runs)
    assert document["ratio_to_stock"]["shared"] > 1 and document["runs_apart"] == {"shared": False}
    assert document["summary"].startswith("The shared sweep took about as long as stock")


def test_a_point_that_fell_back_takes_intels_name_from_the_run(run):
    document = told([run("stock", 1, (1.0, 1.0)), run("intel", 1, (0.1, 0.1), ran=("intel", "stock"))])
    intel = document["engines"]["intel"]
    assert intel["ran"] == "mixed"
    assert intel["runs"][0]["ran"] == "mixed"
    assert intel["fell_back"] == [POINTS[1]]
    assert "not in 1 of 2 fits (n_clusters=3,tol=0.1): intel was requested, but fallback" in intel["evidence"]
    assert document["summary"].startswith("Intel's code did not run for 1 of the 2 solutions")
    assert "does not measure intel" in document["summary"]
    assert "times as fast" not in document["summary"]


def test_one_run_that_fell_back_is_enough(run):
    runs = [
        run("stock", 1, (1.0, 1.0)),
        run("intel", 1, (0.1, 0.1)),
        run("stock", 2, (1.0, 1.0)),
        run("intel", 2, (0.1, 0.1), ran=("stock", "intel")),
    ]
    document = told(runs)
    assert document["engines"]["intel"]["ran"] == "mixed"
    assert [entry["ran"] for entry in document["engines"]["intel"]["runs"]] == ["intel", "mixed"]
    assert document["engines"]["intel"]["fell_back"] == [POINTS[0]]


def test_an_engine_that_never_ran_is_called_what_ran(run):
    document = told([run("stock", 1, (1.0, 1.0)), run("intel", 1, (0.1, 0.1), ran=("stock", "stock"))])
    assert document["engines"]["intel"]["ran"] == "stock"
    assert document["summary"].startswith("Intel's code did not run for any of the 2 solutions; stock ran instead")


def test_other_partitions_are_counted_and_their_inertia_told_with_its_sign(run):
    runs = [run("stock", 1, (1.0, 1.0)), run("intel", 1, (0.5, 0.5), labels=([1, 1, 0, 0], [0, 0, 0, 1]), inertia=(9.0, 6.0))]
    agreement = told(runs)["agreement"]["intel"]
    assert agreement["identical_points"] == 1
    assert agreement["min_ari"] < 1
    assert agreement["max_inertia_gap"] == pytest.approx(0.2)
    assert agreement["min_inertia_gap"] == pytest.approx(-0.1)
    assert [point["identical"] for point in agreement["by_point"]] == [True, False]
    assert "inertia with intel was between 10.00% lower and 20.00% higher" in told(runs)["summary"]


@pytest.mark.parametrize(("inertia", "is_said"), [((10.1, 4.95), True), ((10.5, 5.0), False)])
def test_other_segments_of_the_same_quality_are_explained(run, inertia, is_said):
    runs = [run("stock", 1, (1.0, 1.0)), run("intel", 1, (0.5, 0.5), labels=(A, [0, 1, 0, 1]), inertia=inertia)]
    document = told(runs)
    assert document["agreement"]["intel"]["min_ari"] < 0.9
    assert ("Same quality, other segments" in document["summary"]) == is_said


def test_dbscan_must_give_the_same_numbers_and_has_no_inertia(run):
    runs = [run("stock", 1, (1.0, 1.0), inertia=(None, None)), run("intel", 1, (0.5, 0.5), labels=([1, 1, 0, 0], B), inertia=(None, None))]
    agreement = told(runs, algorithm="dbscan")["agreement"]["intel"]
    assert (agreement["identical_points"], agreement["min_ari"], agreement["max_inertia_gap"]) == (1, 1.0, None)


def test_the_worst_run_counts(run):
    runs = [
        run("stock", 1, (1.0, 1.0)),
        run("intel", 1, (0.5, 0.5)),
        run("stock", 2, (1.0, 1.0)),
        run("intel", 2, (0.5, 0.5), labels=(A, [0, 0, 0, 1])),
    ]
    document = told(runs)
    assert document["agreement"]["intel"]["identical_points"] == 1
    assert document["engines"]["intel"]["repeatable_points"] == 1
    assert document["engines"]["stock"]["repeatable_points"] == 2


def test_a_run_that_died_is_told_and_not_timed(run):
    runs = [
        run("stock", 1, (1.0, 1.0)),
        run("intel", 1, (0.5, 0.5)),
        run("stock", 2, (1.0, 1.0)),
        run("intel", 2, (0.0, 0.0), died="Its process was killed by SIGSEGV while fitting n_clusters=2,tol=0.1."),
    ]
    intel = told(runs)["engines"]["intel"]
    assert intel["seconds"] == [1.0]
    assert intel["runs"][1]["seconds"] is None
    assert "SIGSEGV" in intel["evidence"]


def test_an_engine_whose_every_run_died_has_no_time_and_no_ratio(run):
    document = told([run("stock", 1, (1.0, 1.0)), run("intel", 1, (0.0, 0.0), died="Its process was killed by SIGKILL.")])
    assert document["engines"]["intel"]["seconds"] == []
    assert document["engines"]["intel"]["ran"] is None
    assert document["ratio_to_stock"] == {"intel": None}
    assert document["agreement"]["intel"]["points"] == 0
    assert document["summary"] == "Intel's code finished no run: Its process was killed by SIGKILL."


def test_engines_that_fitted_other_points_have_no_ratio(run):
    document = told([run("stock", 1, (9.0, 9.0), status=("ok", "failed")), run("intel", 1, (0.5, 0.5))])
    assert document["ratio_to_stock"] == {"intel": None}
    assert document["agreement"]["intel"]["points"] == 1
    assert "could not fit the same solutions" in document["summary"]


def test_a_machine_that_did_something_else_is_told(run):
    document = told([run("stock", 1, (1.0, 1.0), others=0.02), run("intel", 1, (1.0, 1.0), others=0.35)])
    assert document["machine"]["other_cpu_share"] == 0.35
    assert "up to 35% of the processor" in document["warnings"][0]
    assert told([run("stock", 2, (1.0, 1.0), others=0.02)])["warnings"] == []


def test_one_engine_alone_is_compared_with_nothing(run):
    document = told([run("intel", 1, (0.5, 0.5))])
    assert document["ratio_to_stock"] == document["agreement"] == {}
    assert document["summary"] == "Intel took 1 s over 2 solutions; there is no stock run to compare with."


def test_shared_is_timed_by_its_whole_wall_time_and_compared_with_both(run):
    runs = [run("stock", 1, (6.0, 6.0)), run("intel", 1, (4.0, 4.0)), run("shared", 1, (0.1, 0.1), elapsed=2.0)]
    document = told(runs)
    assert document["engines"]["shared"]["seconds"] == [2.0]
    assert document["ratio_to_stock"] == {"intel": 1.5, "shared": 6.0}
    assert document["ratio_to_intel"] == {"shared": 4.0}
    assert document["summary"].startswith(
        "The shared sweep computes all 2 solutions in 2 s instead of 12 s: 6.0 times as fast as stock and 4.0 times as fast as Intel's "
        "(one run each). Shared and stock gave the same partition for all 2 solutions."
    )


def test_a_shared_sweep_that_is_slower_is_called_slower(run):
    document = told([run("stock", 1, (1.0, 1.0)), run("shared", 1, (0.1, 0.1), elapsed=4.0)])
    assert document["summary"].startswith("The shared sweep was slower than stock: it took 2.00 times as long")


def silhouettes(tmp_path, engine, number, values, elapsed, died=None):
    points = [
        {
            "params": point,
            "status": "skipped" if value is None else "ok",
            "reason": None,
            "seconds": None,
            "ran": engine,
            "evidence": engine,
            "n_segments": None,
            "inertia": None,
            "silhouette": value,
        }
        for point, value in zip(POINTS, values, strict=True)
    ]
    return Run(engine, number, tmp_path, points, 1000, 900, 0.0, died, elapsed)


def test_silhouettes_are_compared_point_by_point(tmp_path):
    runs = [
        silhouettes(tmp_path, "pointwise", 1, (0.5, None), 30.0),
        silhouettes(tmp_path, "shared", 1, (0.5 + 1e-12, None), 2.0),
        silhouettes(tmp_path, "pointwise", 2, (0.5, None), 50.0),
        silhouettes(tmp_path, "shared", 2, (0.5 - 3e-12, None), 4.0),
    ]
    spec = BenchmarkSpec(sweep("kmeans"), ("pointwise", "shared"), 2, "silhouette")
    document = silhouettes_document(spec, runs, shape=(4, 2), machine={})
    assert document["work"] == "silhouette"
    assert document["engines"]["pointwise"]["median_seconds"] == 40.0
    assert document["engines"]["shared"]["median_seconds"] == 3.0
    assert document["ratio_to_pointwise"] == {"shared": pytest.approx(40 / 3)}
    assert document["max_difference"] == pytest.approx(3e-12, rel=1e-3)
    assert document["summary"].startswith("The silhouettes of 1 solution took 3 s in one pass over the distances and 40 s one by one")
