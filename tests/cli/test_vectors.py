"""Vectors of customers on the command line, made by real processes: the same bits each time, kept, and continued between stages."""

import json

import numpy as np
import pandas as pd
import pytest

from segcore import jobs
from segcore.cli import main
from segcore.intake.added_features import take_in_added
from segcore.intake.take_in import take_in
from segcore.records.intake import DataRequest
from segcore.records.vectors import Vectors
from segcore.store.store import Store


@pytest.fixture
def orders(tmp_path):
    draw = np.random.default_rng(0)
    who, order = np.repeat(np.arange(40), 20), np.repeat(np.arange(160), 5)
    lines = {
        "customer_id": [f"c{at:02d}" for at in who],
        "order_id": [f"o{at}" for at in order],
        "date": pd.Timestamp("2024-01-01") + pd.to_timedelta(order, unit="D"),
        "sku": [f"{item:03d}" for item in draw.integers(0, 12, 800) + 6 * (who % 2)],
        "amount": draw.gamma(2, 2, 800).round(2),
    }
    pd.DataFrame(lines).to_csv(tmp_path / "orders.csv", index=False)
    return str(tmp_path / "orders.csv")


ASKED = ("--features", "cust2vec=8", "--cust2vec", "epochs=3", "--kind", "transactions", "--role", "item=sku")


@pytest.mark.fresh_processes
def test_two_runs_in_two_homes_give_the_same_vectors(orders, tmp_path, monkeypatch, capsys):
    tables = []
    for seed in ("1", "2"):
        monkeypatch.setenv("SEGCORE_HOME", str(tmp_path / f"home{seed}"))
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        out = tmp_path / f"vectors{seed}.parquet"
        assert main(["features", orders, *ASKED, "--out", str(out), "--json"]) == 0
        tables.append(pd.read_parquet(out))
    assert list(tables[0].columns) == ["customer_id", *(f"v{at}" for at in range(8))]
    pd.testing.assert_frame_equal(*tables, check_exact=True)
    (job,) = [job for job in jobs.list_jobs(Store(tmp_path / "home2")) if job.kind == "vectors"]
    assert (job.state, job.steps, job.title) == ("done", "100 %", "Vectors of 40 customers of orders.csv")
    assert json.loads(capsys.readouterr().out.splitlines()[0])["features"] == [f"v{at}" for at in range(8)]


def test_what_was_trained_is_not_trained_again(orders, home, monkeypatch):
    store, request = Store(home), DataRequest(orders, kind="transactions", roles={"item": "sku"})
    taken = take_in(store, request)
    asked = DataRequest(orders, kind="transactions", roles={"item": "sku"}, vectors=Vectors(dimensions=8, epochs=1))
    told = []

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("segcore.features.vectors.add.infer", stop)
        with pytest.raises(KeyboardInterrupt):
            take_in_added(store, taken, asked)
    monkeypatch.setattr("segcore.features.vectors.model.train", stop)
    found = take_in_added(store, taken, asked, told.append)

    assert store.feature_table(found.table).learned_names == {f"v{at}" for at in range(8)}
    assert told[-1] == 1 and min(told) >= 0.5
    assert take_in_added(store, taken, asked) == found


def test_a_sweep_on_vectors_is_named_by_them(orders, forked, capsys):
    assert main(["sweep", orders, *ASKED, "--algo", "kmeans", "--grid", "n_clusters=2", "--json"]) == 0
    assert main(["sweeps"]) == 0
    assert "k-means, 2 segments · vectors, 8 dimensions, DBOW" in capsys.readouterr().out


def test_a_mistake_is_one_sentence(orders, capsys):
    assert main(["features", orders, "--features", "cust2vec=8", "--cust2vec", "windows=3", "--out", "x.csv"]) == 2
    assert "Unknown option of cust2vec 'windows'" in capsys.readouterr().err
    assert main(["features", orders, "--cust2vec", "window=3", "--out", "x.csv"]) == 2
    assert "Options of cust2vec are for the features cust2vec=64" in capsys.readouterr().err
