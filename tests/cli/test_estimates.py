"""``sweep --dry-run`` and ``sweep --memory``."""

import json

import numpy as np
import pandas as pd
import pytest

from segcore import jobs
from segcore.cli import main
from segcore.store.store import Store
from segcore.sweeps.cost.calibration import Calibration, kinds_of_work, write_calibration


@pytest.fixture
def customers(tmp_path):
    file = tmp_path / "customers.csv"
    values = np.random.default_rng(0).normal(size=(12_000, 3)).round(4)
    pd.DataFrame(values, columns=list("abc")).assign(customer_id=np.arange(12_000)).to_csv(file, index=False)
    return file


@pytest.fixture
def calibrated(home):
    kinds = kinds_of_work()
    write_calibration(home, Calibration(dict.fromkeys(kinds, 1e-10), start_seconds=2.0))


def asked(customers, *options, algo="kmeans"):
    return ["sweep", str(customers), "--kind", "customers", "--role", "customer=customer_id", "--algo", algo, *options]


def test_a_dry_run_says_what_a_sweep_takes_and_runs_nothing(customers, calibrated, capsys, tmp_path):
    out = tmp_path / "out"
    assert main(asked(customers, "--grid", "n_clusters=2,3", "--grid", "tol=1e-4", "--dry-run", "--json", "--out", str(out))) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["points"], document["rows"], document["features"], document["fits"]) == (2, 12_000, 3, True)
    assert 2 < document["estimated_seconds"] < 60
    assert 2**28 < document["estimated_bytes"] < 2**30 < document["memory_limit_bytes"]
    assert jobs.list_jobs(Store()) == [] and Store().sweep_ids() == [] and not out.exists()


def test_a_dry_run_never_refuses(customers, calibrated, capsys):
    assert main(asked(customers, "--dry-run", "--json", "--memory", "64M")) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["fits"], document["memory_limit_bytes"]) == (False, 64 << 20)
    assert main(asked(customers, "--dry-run", "--memory", "64M")) == 0
    shown = capsys.readouterr()
    assert "11 solutions on 12,000 rows with 3 features. This sweep needs about" in shown.out and shown.err == ""


def test_a_dry_run_is_a_sentence_for_people(customers, calibrated, capsys):
    assert main(asked(customers, "--dry-run")) == 0
    assert capsys.readouterr().out.startswith("11 solutions on 12,000 rows with 3 features: about ")


def test_a_sweep_that_does_not_fit_is_refused_with_the_estimate_and_what_to_change(customers, capsys):
    grid = ("--grid", "eps=0.01,9", "--grid", "min_samples=5", "--engine", "stock")
    assert main(asked(customers, *grid, "--memory", "1e9", algo="dbscan")) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("segcore: This sweep needs about ") and len(shown.err.splitlines()) == 1
    assert "1.9 GiB" in shown.err and "0.9 GiB (min_samples=5,eps=9.0 would not fit)" in shown.err
    assert "a smaller eps than 9" in shown.err
    assert jobs.list_jobs(Store()) == []


def test_what_is_in_the_store_needs_no_memory(customers, capsys):
    grid = ("--grid", "n_clusters=2", "--grid", "tol=1e-4", "--json")
    assert main(asked(customers, *grid)) == 0
    assert main(asked(customers, *grid, "--memory", "1M")) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[1])["from_store"] is True


def test_an_amount_that_is_none_is_said_before_anything_is_read(capsys):
    assert main(["sweep", "no-such-file.csv", "--algo", "kmeans", "--memory", "plenty"]) == 2
    assert capsys.readouterr().err == "segcore: An amount of memory is written 4e9, 512M or 2G and is above 0, got 'plenty'.\n"


def test_a_dry_run_of_a_benchmark_adds_up_its_engines_and_runs(customers, calibrated, capsys):
    def seconds(*options):
        command = ["benchmark", *asked(customers, "--grid", "n_clusters=2,3", "--grid", "tol=1e-4", "--dry-run", *options)[1:]]
        assert main([*command, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    each = {engine: seconds("--engines", engine, "--runs", "1") for engine in ("stock", "intel", "shared")}
    together = seconds("--runs", "4")
    assert together["estimated_seconds"] == pytest.approx(4 * sum(found["estimated_seconds"] for found in each.values()))
    assert (together["fits"], each["stock"]["fits"], together["rows"]) == (24, 2, 12_000)
    assert each["stock"]["estimated_seconds"] > 2.0
    assert seconds("--work", "silhouette")["estimated_seconds"] is None
    assert jobs.list_jobs(Store()) == []
