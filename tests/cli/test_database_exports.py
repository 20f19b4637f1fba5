"""Segments and scores written into tables of databases by commands."""

import hashlib
import io
import json

import numpy as np
import pandas as pd
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet
import pytest

from segcore.cli import main
from tests.export.databases import KINDS, open_database


@pytest.fixture
def customers_csv(tmp_path):
    """Write a table of 60 customers, whose ids begin with zeros or a mark of formulas, and one missing value."""
    dice = np.random.default_rng(0)
    spend = np.concatenate([dice.normal(10, 1, 30), dice.normal(90, 1, 30)])
    frame = pd.DataFrame({"id": [f"={n:03d}" for n in range(60)], "spend": spend, "visits": dice.integers(1, 9, 60).astype(float)})
    frame.loc[5, "visits"] = np.nan
    frame.to_csv(tmp_path / "customers.csv", index=False)
    return tmp_path / "customers.csv"


@pytest.fixture
def sweep(customers_csv, capsys):
    command = ["sweep", str(customers_csv), "--role", "customer=id", "--algo", "kmeans", "--grid", "n_clusters=2", "--evidence", "none"]
    assert main([*command, "--json"]) == 0
    return json.loads(capsys.readouterr().out)["sweep"]


@pytest.fixture(params=KINDS)
def database(request, tmp_path):
    return open_database(request, request.param, tmp_path)


def export(sweep, database, *options):
    return main(["export", sweep, "--point", "n_clusters=2", "--out", database.url, "--into", "segments", *options])


def test_an_export_counts_what_it_changes_in_words_and_as_json(sweep, database, tmp_path, capsys):
    assert export(sweep, database) == 0
    shown = capsys.readouterr()
    assert "60 rows written into the new table 'segments' in" in shown.out
    assert shown.err == ""
    assert main(["export", sweep, "--point", "n_clusters=2", "--out", str(tmp_path / "same.parquet")]) == 0
    same = pd.read_parquet(tmp_path / "same.parquet")
    quoted = ", ".join(f'"{name}"' for name in same.columns)
    rows = database.run(f"SELECT {quoted} FROM segments ORDER BY customer_id")
    assert rows == [tuple(None if pd.isna(value) else value for value in row) for row in same.itertuples(index=False)]

    database.run("UPDATE segments SET segment = 7 WHERE customer_id = '=003'", "DELETE FROM segments WHERE customer_id = '=004'")
    capsys.readouterr()
    assert export(sweep, database) == 0
    assert "1 added, 1 changed, 0 removed, 58 unchanged" in capsys.readouterr().out
    assert export(sweep, database) == 0
    assert "already has these 60 rows: nothing was changed" in capsys.readouterr().out

    assert export(sweep, database, "--segments", "0", "--how", "merge", "--json") == 0
    table = json.loads(capsys.readouterr().out)["table"]
    digest = table.pop("sha256")
    assert table == {
        "database": database.url,
        "table": "segments",
        "how": "merge",
        **{"created": False, "added": 0, "changed": 0, "unchanged": 30, "removed": 0, "kept": 30},
    }
    text = io.BytesIO()
    rows = pyarrow.parquet.read_table(tmp_path / "same.parquet")
    pyarrow.csv.write_csv(rows.filter(pyarrow.compute.field("segment") == 0), text)
    assert digest == hashlib.sha256(text.getvalue()).hexdigest()
    assert export(sweep, database, "--segments", "0") == 0
    assert "30 removed, 30 unchanged" in capsys.readouterr().out


def test_scores_go_into_a_table_too(sweep, database, customers_csv, capsys):
    command = [
        "score",
        sweep,
        "--point",
        "n_clusters=2",
        str(customers_csv),
        "--role",
        "customer=id",
        "--out",
        database.url,
        "--into",
        "scores",
    ]
    assert main(command) == 0
    assert "60 rows written into the new table 'scores' in" in capsys.readouterr().out
    assert export(sweep, database) == 0
    same = "SELECT count(*) FROM scores JOIN segments USING (customer_id) WHERE scores.segment = segments.segment"
    assert database.run(same) == [(60,)]
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["table"]["unchanged"] == 60


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--out", "postgresql://analyst:swordfish@db.example.com/shop", "--into", "segments"), "The address has a password"),
        (("--out", "postgresql://db.example.com/shop?password=swordfish", "--into", "segments"), "The address has a password"),
        (("--out", "sqlite:///shop.db"), "name its table with --into"),
        (("--out", "out.csv", "--into", "segments"), "which has no tables: set --out to the address of a database, or omit --into."),
        (("--out", "out.csv", "--how", "merge"), "or omit --how."),
        (("--out", "mysql://db.example.com/shop", "--into", "segments"), "not the address of a database"),
        (("--out", "sqlite:///no/such/shop.db", "--into", "segments"), "no/such does not exist: create the folder"),
        (("--out", "sqlite:///customers.csv", "--into", "segments"), "is not a database of SQLite"),
        (("--out", "sqlite:///shop.db", "--into", "sales.segments"), "has no schema 'sales'"),
    ],
    ids=str,
)
def test_a_mistake_is_one_line_without_a_password(sweep, tmp_path, monkeypatch, capsys, options, said):
    monkeypatch.chdir(tmp_path)
    for command in (["export", sweep, "--point", "n_clusters=2"], ["score", sweep, "--point", "n_clusters=2", "customers.csv"]):
        assert main([*command, *options]) == 2
        shown = capsys.readouterr()
        assert shown.out == ""
        assert len(shown.err.splitlines()) == 1
        assert said in shown.err
        assert "swordfish" not in shown.err
    assert {path.name for path in tmp_path.iterdir()} <= {"customers.csv", "shop.db"}
