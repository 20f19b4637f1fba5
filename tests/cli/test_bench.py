import json

import numpy as np
import pandas as pd
import pytest

from segcore import jobs
from segcore.benchmark.table import CASES, Case
from segcore.benchmark.table import main as write_table
from segcore.cli import main
from segcore.store.store import Store


@pytest.fixture
def customers(tmp_path):
    """Return a file with one row a customer: three round groups."""
    dice = np.random.default_rng(0)
    values = np.repeat([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]], 50, axis=0) + dice.normal(size=(150, 2))
    file = tmp_path / "customers.csv"
    pd.DataFrame({"customer_id": [f"{row:05d}" for row in range(150)], "height": values[:, 0], "width": values[:, 1]}).to_csv(
        file, index=False
    )
    return file


def benchmark_of(customers, *options):
    return ["benchmark", str(customers), "--kind", "customers", "--role", "customer=customer_id", "--algo", "kmeans", *options]


SMALL = ("--grid", "n_clusters=3,5", "--grid", "tol=1e-4", "--runs", "1")


def test_the_document_has_what_others_automate_against(customers, capsys):
    assert main(benchmark_of(customers, *SMALL, "--json")) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["rows"], printed["features"], printed["points"]) == (150, 2, 2)
    assert list(printed["engines"]) == ["stock", "intel", "shared"]
    for engine, times in printed["engines"].items():
        assert len(times["seconds"]) == 1 and times["median_seconds"] == times["seconds"][0]
        assert times["ran"] == engine
        assert isinstance(times["evidence"], str) and times["peak_rss_bytes"] > 0
    stock, intel, shared = (printed["engines"][engine]["median_seconds"] for engine in ("stock", "intel", "shared"))
    assert printed["ratio_to_stock"] == {"intel": pytest.approx(stock / intel), "shared": pytest.approx(stock / shared)}
    assert printed["ratio_to_intel"] == {"shared": pytest.approx(intel / shared)}
    assert printed["agreement"]["shared"]["identical_points"] == 2
    assert set(printed["agreement"]["intel"]) >= {"identical_points", "points", "min_ari", "max_inertia_gap"}
    assert {"cpu", "cores", "memory_bytes"} <= set(printed["machine"])
    (job,) = jobs.list_jobs(Store())
    assert (job.kind, job.state, job.done, job.total) == ("benchmark", "done", 6, 6)
    assert job.title == "Benchmark: k-means on customers.csv, stock, intel and shared"


def test_the_table_names_engines_proof_and_verdict(customers, capsys):
    assert main(benchmark_of(customers, *SMALL, "--engines", "intel,stock")) == 0
    shown = capsys.readouterr().out
    lines = shown.splitlines()
    assert ", 1 run of each engine in turn, on " in lines[0]
    assert [line.split()[:2] for line in lines if line.startswith(("intel  ", "stock  "))] == [["intel", "intel"], ["stock", "stock"]]
    assert "reported 'sklearn.cluster.KMeans.fit: running accelerated version on CPU', in 2 of 2 fits" in shown
    assert lines[-1].startswith("Intel's code ")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--engines", "stock,fast"), "Unknown engine 'fast': choose one of stock, intel, shared."),
        (("--engines", ","), "at least one engine"),
        (("--runs", "0"), "runs must be between 1 and 100, got 0."),
        (("--grid", "eps=1"), "Unknown parameter of k-means 'eps'"),
    ],
    ids=str,
)
def test_a_users_error_is_one_line(customers, capsys, options, said):
    assert main(benchmark_of(customers, *options)) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert said in shown.err.splitlines()[-1]
    assert jobs.list_jobs(Store()) == []


def test_the_page_of_benchmarks_is_made_from_their_documents(customers, tmp_path, capsys):
    assert main(benchmark_of(customers, *SMALL, "--json")) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document["engines"]) == ["stock", "intel", "shared"]
    assert main(benchmark_of(customers, *SMALL, "--work", "silhouette", "--json")) == 0
    silhouettes = json.loads(capsys.readouterr().out)
    assert silhouettes["max_difference"] < 1e-9
    for case in CASES:
        changed = {**(document if case.work == "fit" else silhouettes), "algorithm": case.algorithm, "repeats": case.repeats}
        (tmp_path / f"{case.name}.json").write_text(json.dumps(changed))
    assert write_table([str(customers), str(tmp_path / "page.md"), "--keep", str(tmp_path)]) == 0
    page = (tmp_path / "page.md").read_text()
    rows = [line for line in page.partition("## How cost grows")[0].splitlines() if line.startswith("| ")]
    fits = sum(case.work == "fit" for case in CASES)
    assert len(rows) == 2 + 3 * fits + 2 * (len(CASES) - fits)
    assert len({row.count("|") for row in rows}) == 1
    assert "| DBSCAN, repeats 10 | 150 | 2 | intel | intel |" in page
    assert "| silhouettes of k-means, repeats 10 | 150 | 2 | shared | shared |" in page
    assert document["summary"] in page and silhouettes["summary"] in page
    assert document["machine"]["cpu"] in page
    assert page.count("running accelerated version on CPU") == fits


def test_a_benchmark_that_fails_writes_no_page(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr("segcore.benchmark.table.CASES", (Case("kmeans", 1),))
    assert write_table([str(tmp_path / "missing.csv"), str(tmp_path / "page.md"), "--runs", "1"]) == 1
    assert "missing.csv" in capfd.readouterr().err
    assert not (tmp_path / "page.md").exists()
