"""A pipeline is checked whole: every error with its line and key, and nothing is read before."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from segcore.pipelines.format.layout import ROOT
from segcore.pipelines.format.schema import json_schema
from segcore.store.store import Store
from tests.pipelines.conftest import WEEKLY


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('set = "small"', 'sett = "small"', "line 6: features.sett is not a key of [features]; did you mean set?"),
        ("[choose]", "[chose]", "line 13: chose is not a key of a pipeline; did you mean choose?"),
        ('"kmeans"', '"k-means"', "line 9: sweep.algorithm cannot be 'k-means'; did you mean 'kmeans'?"),
        ("n_clusters = [2", "n_cluster = [2", "line 11: sweep.grid.n_cluster is not a key of [sweep.grid]; did you mean n_clusters?"),
        ("[2, 3]", "[0, 3]", "line 11: sweep.grid.n_clusters: n_clusters must be"),
        ("[2, 3]", "[2, 2.5]", "line 11: sweep.grid.n_clusters: n_clusters must be a whole number"),
        ("n_clusters = 3", "n_clusters = 4", "line 14: choose.point.n_clusters is 4, but the grid has 2, 3"),
        ("n_clusters = 3 }", 'n_clusters = 3 }\nrule = "recommended"', "line 13: [choose] has point and rule"),
        ('0 = "Regulars"', 'first = "Regulars"', "line 17: names.first must be the number of a segment"),
        ('0 = "Regulars"', "0 = 1", "line 17: names.0 must be text in quotes, got 1"),
        ("segments.csv", "segments.xlsx", "line 20: export 1.out must be a file named .parquet or .csv"),
        ("out/segments.csv", "orders.csv", "line 20: export 1.out would overwrite the data"),
        ('"orders.csv"', '"order.csv"', "line 2: data.path names order.csv, which does not exist"),
        ('"orders.csv"', '"complete-jorney"', "samples: complete-journey, online-retail"),
        ('path = "orders.csv"', "path = 5", "line 2: data.path must be text in quotes, got 5"),
        ('path = "orders.csv"\n', "", "line 1: [data] needs path"),
        ("roles = {", "roles = { custommer = 'x',", "line 3: data.roles.custommer is not a key of [data.roles]; did you mean customer?"),
        ("[sweep]", "[sweep", "is not valid TOML:"),
        ('set = "small"', 'set = "small"\nset = "kit"', "at line 7"),
        ('set = "small"', 'set = "components=0"', "line 5: features: "),
        ('set = "small"', 'set = "small"\nmatrix = "log"', "line 5: features: "),
        ('evidence = "none"', 'evidence = "none"\nmemory = "much"', "line 11: sweep.memory: An amount of memory is written"),
        ('evidence = "none"', 'evidence = "none"\nengine = "intel"\nworkers = "mars"', "line 12: sweep.workers cannot be 'mars'"),
        ("[features]", "[plan]\nseed = -1\n[features]", "line 6: plan.seed must be between 0 and 4,294,967,295, got -1"),
        ("[features]", '[plan.weights]\nRecency = "hihg"\n[features]', "plan.weights.Recency cannot be 'hihg'; did you mean 'high'?"),
        ("[features]", "[plan.weights]\nRecency = 0\n[features]", "must be high, medium, low or a number above 0, got 0"),
        ("[features]", "[data.x]\n[features]", "line 5: data.x is not a key of [data]"),
        ('roles = {', 'date_from = "2024-13-01"\nroles = {', "line 3: data.date_from must be a day"),
        ('roles = {', "where = [1]\nroles = {", "line 3: data.where must be text in quotes or a list of texts"),
    ],
)  # fmt: skip
def test_an_error_is_one_sentence_with_its_line_and_key(weekly, run, old, new, sentence):
    code, out, errors = run(weekly(changes=[(old, new)]))
    assert (code, out) == (2, "")
    assert sentence in errors and errors.count("\n") == 1 and "Traceback" not in errors
    assert "weekly.toml" in errors


def test_every_error_is_listed_in_the_order_of_the_lines(weekly, run):
    changes = [('"orders.csv"', '"gone.csv"'), ("n_clusters = 3", "n_clusters = 9"), ("segments.csv", "segments.txt")]
    code, _, errors = run(weekly(changes=changes))
    assert code == 2
    assert "weekly.toml has 3 errors. Line 2: data.path" in errors
    assert errors.index("Line 2:") < errors.index("Line 14:") < errors.index("Line 20:")


def test_a_setting_is_checked_like_the_file_and_named_as_it_was_given(weekly, run):
    code, _, errors = run(weekly(), "--set", "data.path=next.csv")
    assert code == 2 and f"weekly.toml, --set data.path: data.path names {Path.cwd()}/next.csv, which does not exist" in errors
    code, _, errors = run(weekly(), "--set", "sweep.grid.n_clusters=[2, 'a']")
    assert code == 2 and "--set sweep.grid.n_clusters" in errors
    code, _, errors = run(weekly(), "--set", "export.0.own_idd=true")
    assert code == 2 and "--set export.0.own_idd: export 1.own_idd is not a key of [export 1]; did you mean own_id?" in errors
    for wrong in ("data.path", "=x", "a b=1", "a\nb=1", '"=1'):
        code, _, errors = run(weekly(), "--set", wrong)
        assert code == 2 and "--set needs KEY=VALUE" in errors and errors.count("\n") == 1


@pytest.mark.parametrize("value", ["1\nb = 2", "[", "'", "{", "next.csv", "2024-01-01x", "=", "a = 1"])
def test_a_value_that_is_not_toml_is_text(weekly, run, value):
    code, _, errors = run(weekly(), "--set", f"data.path={value}")
    assert code == 2 and "--set data.path: data.path names" in errors and errors.count("\n") == 1


@pytest.mark.parametrize(
    "secret",
    [
        "postgresql://me:hunter2@db/x",
        "http://:hunter2@h",
        "see https://a:hunter2@b.c/d?e",
        "x://me:hunter2@",
        " postgresql://me:hunter2@db/x",
        "postgresql://me@db/x;password=hunter2",
        "postgresql://me%3Ahunter2@db/x",
        "host=db password=hunter2 user=me",
        "postgresql//me:hunter2@db/x",
        "jdbc:postgresql://db/x?user=me&password=hunter2",
    ],
)
def test_a_password_is_refused_and_never_shown(weekly, run, secret):
    for given in (
        (weekly(changes=[('"orders.csv"', f'"{secret}"'), ("[choose]", "[chose]")]),),
        (weekly(), "--set", f"data.path={secret}"),
        (weekly(), "--set", f"{secret}=1"),
        (secret,),
        (weekly(changes=[("[features]", f'[plan.weights]\n"{secret}" = "high"\n[features]')]),),
    ):
        code, out, errors = run(*given)
        assert code == 2 and "hunter2" not in errors + out
        assert "password" in errors or secret in given or f"{secret}=1" in given


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "A pipeline needs [data]."),
        (b"\xff\xfe[data]", "line 1 is not UTF-8"),
        (b"a = 1\n\xe4 = 2", "line 2 is not UTF-8"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "nested too deeply"),
        (b"data = 3\nsweep = []", "data must be a table, got 3"),
        (b'"" = 1\n"\\u001b[31m" = 2', "is not a key of a pipeline"),
        (b"[data]\npath = 1e999\n[sweep]", "data.path must be text in quotes, got inf"),
        (b"[[data]]\n[[sweep]]", "data must be a table"),
        (b"\x00", "is not valid TOML"),
    ],
)
def test_a_hostile_file_is_one_sentence(folder, run, content, sentence):
    (folder / "weekly.toml").write_bytes(content)
    code, out, errors = run("weekly.toml")
    assert (code, out) == (2, "") and sentence in errors
    assert errors.count("\n") == 1 and errors.isprintable() is False and "\x1b" not in errors


@pytest.mark.parametrize("name", ["gone.toml", ".", "x" * 300, "a\0b"])
def test_a_file_that_is_not_there_is_one_sentence(folder, run, name):
    code, _, errors = run(name)
    assert code == 2 and "cannot be read" in errors and errors.count("\n") == 1


def test_nothing_is_read_of_a_pipeline_with_an_error(weekly, run, home, monkeypatch):
    monkeypatch.setattr("segcore.pipelines.running.take_in_apart", lambda *_: pytest.fail("read"))
    assert run(weekly(changes=[("[choose]", "[chose]")]))[0] == 2
    assert Store(home).sweep_ids() == []


def test_the_schema_accepts_what_is_accepted_and_refuses_what_is_refused(weekly, run):
    schema = json.loads(run("--schema")[1])
    assert schema == json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    assert list(validator.iter_errors(tomllib.loads(WEEKLY))) == []
    for old, new in (
        ("[choose]", "[chose]"),
        ('"kmeans"', '"k-means"'),
        ('path = "orders.csv"\n', ""),
        ("[2, 3]", "[]"),
        ('0 = "Regulars"', "0 = 1"),
        ('set = "small"', "least_items = 0"),
    ):
        assert list(validator.iter_errors(tomllib.loads(WEEKLY.replace(old, new)))), new


def test_every_key_says_what_it_is():
    def keys(table):
        for key in table.keys:
            yield key
            if key.table is not None:
                yield from keys(key.table)

    assert all(key.words and not key.words[0].isupper() for key in keys(ROOT))
