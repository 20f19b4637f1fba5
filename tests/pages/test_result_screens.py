"""What holds for all four result screens together."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCREENS = ("explore", "segments", "benchmark", "export")
_VISIT = """
import sys
from streamlit.testing.v1 import AppTest

app = AppTest.from_file("app.py", default_timeout=120)
app.query_params["sweep"] = sys.argv[1]
for name in sys.argv[2:]:
    app.switch_page(f"pages/{name}.py").run()
    assert not app.exception, app.exception
    assert not app.error, app.error
heavy = {"sklearn", "sklearnex", "daal4py", "modin", "ray", "numba"}
print("imported:", sorted(heavy & set(sys.modules)))
"""


def test_the_server_shows_results_without_numerical_libraries(home, finished_sweep):
    """They cost seconds and hundreds of MiB, and a crash in them would take every session down."""
    found = subprocess.run(
        [sys.executable, "-c", _VISIT, finished_sweep.id, *SCREENS],
        cwd=ROOT,
        env={**os.environ, "SEGCORE_HOME": str(home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr[-2000:]
    assert "imported: []" in found.stdout


@pytest.mark.parametrize("name", SCREENS)
def test_copies_and_a_single_point_break_no_screen(spec_of, finish, open_app, name):
    sweep = finish(spec_of(axes=("n_clusters=2", "tol=0.001"), repeats=2, scaler="robust"))
    assert not open_app(name, sweep=sweep.id).exception


@pytest.mark.parametrize("name", ("explore", "segments", "export"))
def test_a_link_with_a_point_that_is_not_there_says_so(finished_sweep, open_app, words, name):
    app = open_app(name, sweep=finished_sweep.id, point="n_clusters=99")
    assert not app.exception
    assert "n_clusters=99" in words(app).replace("\\", "")


@pytest.mark.parametrize("name", ("explore", "segments", "export"))
def test_customers_one_row_each_have_results_too(store, open_app, tmp_path, finish, name):
    """A table of customers has no revenue, no dates and column names of its own."""
    import numpy as np
    import pandas as pd

    from segcore.clustering.algorithms.registry import algorithm
    from segcore.features.planning.sets import feature_names
    from segcore.intake.take_in import take_in
    from segcore.records.intake import DataRequest
    from segcore.records.plan import Plan
    from segcore.sweeps.spec import make_spec

    rng = np.random.default_rng(1)
    path = tmp_path / "people.csv"
    people = {"client": [f"p{i}" for i in range(60)], "age [$]": rng.normal(40, 9, 60), "<b>visits_{0}": rng.poisson(4, 60)}
    pd.DataFrame(people).to_csv(path, index=False)
    taken = take_in(store, DataRequest(data=str(path), kind="customers", name="people.csv"))
    table = store.feature_table(taken.table)
    points = algorithm("kmeans").parse_grid(("n_clusters=2,3", "tol=0.001")).points()
    spec = make_spec(
        store,
        taken.table,
        taken.data,
        Plan(feature_names(table, "all", "customers")),
        algorithm="kmeans",
        points=points,
    )
    app = open_app(name, sweep=finish(spec).id)
    assert not app.exception
    assert not app.error
