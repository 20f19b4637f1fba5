import json
import subprocess
import sys
from dataclasses import replace

import pytest

from segcore.benchmark.spec import BenchmarkSpec, turns
from segcore.clustering.algorithms.registry import algorithm
from segcore.errors import DataError, ParameterError
from segcore.records.plan import Plan
from segcore.sweeps.spec import make_spec as make_sweep
from segcore.system.digests import canonical_json


def test_the_engines_take_turns():
    assert turns(["stock", "intel"], 3) == [("stock", 1), ("intel", 1), ("stock", 2), ("intel", 2), ("stock", 3), ("intel", 3)]


def test_a_benchmark_fits_the_very_sweep_of_the_same_question(store, make_spec):
    spec = make_spec(engines=("stock", "intel"), runs=4)
    assert spec.total_fits == 16
    for engine in ("stock", "intel"):
        asked = replace(spec.sweep, engine=engine)
        same = make_sweep(store, asked.table, asked.data, Plan(("x", "y")), algorithm="kmeans", points=asked.points, engine=engine)
        assert asked.id == same.id


def test_the_spec_is_plain_values_that_a_job_can_keep(make_spec):
    spec = make_spec(runs=4, weights={"x": 2.0})
    assert BenchmarkSpec.from_json(json.loads(canonical_json(spec.to_json()))) == spec


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"engines": ()}, "at least one engine"),
        ({"engines": ("stock", "stock")}, "named twice"),
        ({"engines": ("stock", "spark")}, "Unknown engine for kmeans 'spark'"),
        ({"runs": 0}, "runs must be between"),
        ({"runs": 1.5}, "runs must be between"),
        ({"points": ()}, "grid is empty"),
        ({"points": ({"n_clusters": 0, "tol": 0.1},)}, "n_clusters must be at least 1"),
        ({"scaler": "log"}, "Unknown scaler"),
    ],
    ids=str,
)
def test_what_cannot_be_timed_is_said_before_the_start(make_spec, options, said):
    with pytest.raises(ParameterError, match=said):
        make_spec(**options)


def test_too_few_customers_are_said_before_the_start(store, make_spec):
    with pytest.raises((DataError, ParameterError), match="feature"):
        make_spec(features=("z",))


def test_planning_a_benchmark_imports_no_clustering_library(make_spec):
    """The screen plans it in the server's own process; only the runs need the engines."""
    code = (
        "import sys, segcore.benchmark.spec, segcore.benchmark.run; "
        "print([m for m in ('sklearn', 'sklearnex', 'modin', 'ray', 'numba') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_an_unknown_work_is_refused(make_spec):
    with pytest.raises(ParameterError, match="Unknown work 'score'"):
        make_spec(work="score")


def test_silhouettes_have_engines_of_their_own(make_spec):
    with pytest.raises(ParameterError, match="Unknown engine for silhouettes 'stock'"):
        make_spec(work="silhouette", engines=("stock",))


def test_all_engines_of_the_algorithm_take_part_where_none_is_named(make_spec):
    engines = make_spec(engines=None).engines
    assert list(engines) == [engine for engine in ("stock", "intel", "shared") if engine in algorithm("kmeans").engines]
