"""Command targets: one document or text, the list, and one sentence for what cannot be answered."""

import csv
import functools
import json
import operator

import duckdb
import numpy as np
import pandas as pd
import pytest

from segcore.cli import main
from segcore.targets import rankings
from segcore.targets.buyers.buyer_components import describe_components

METS = {"<=": operator.le, ">": operator.gt}


@pytest.fixture(autouse=True)
def few_mixtures(monkeypatch):
    """Fit two mixtures and one placebo instead of 40 and 19; a forked job inherits it."""
    few = functools.partial(describe_components, placebos=1, n_components=(1, 2), covariance_types=("diag",))
    monkeypatch.setattr(rankings, "describe_components", few)


@pytest.fixture
def run(capsys):
    def call(*arguments):
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def members(n=500, *, buyers=None, known=0.6):
    """Return customers with an outcome that follows their visits; with ``buyers``, exactly so many have the wanted one."""
    draw = np.random.default_rng(0)
    visits = draw.poisson(6, n)
    yes = draw.random(n) < 1 / (1 + np.exp(3 - 0.5 * visits))
    told = np.arange(n) < known * n
    if buyers is not None:
        yes = np.cumsum(told) <= buyers
    answer = np.where(told, np.where(yes, "yes", "no"), "")
    return pd.DataFrame(
        {"member": [f"{at:05}" for at in range(n)], "visits": visits, "age": draw.integers(18, 80, n), "won=it": visits, "bought": answer}
    )


@pytest.fixture
def table(tmp_path):
    """Return a function that writes customers, and the path of the file."""

    def write(frame=None):
        (members() if frame is None else frame).drop(columns="won=it").to_csv(tmp_path / "members.csv", index=False)
        return tmp_path / "members.csv"

    return write


@pytest.fixture
def lines(tmp_path):
    """Return a file of order lines of 60 customers over 100 days; three of them bought cheese, and nobody wine."""
    draw = np.random.default_rng(0)
    rows = ["customer_id,order_id,order_date,amount,department"]
    for customer in range(60):
        for number in range(8):
            day = np.datetime64("2024-01-01") + np.timedelta64(int(number * 14 + draw.integers(0, 3)), "D")
            department = "cheese" if customer < 3 and number == 4 else "=bread"
            rows.append(f"{customer:03},{customer}-{number},{day},{draw.integers(1, 90) / 10},{department}")
    (tmp_path / "lines.csv").write_text("\n".join(rows))
    return tmp_path / "lines.csv"


def test_the_document_and_the_list_are_printed_and_written(run, table, tmp_path):
    code, printed, _ = run("targets", table(), "--outcome", "bought", "--budget", 40, "--json", "--out", tmp_path / "list.csv")
    found = json.loads(printed)
    with (tmp_path / "list.csv").open(newline="") as file:
        listed = list(csv.DictReader(file))

    assert code == 0
    assert (found["budget"], found["customers"], found["question"]) == (40, 200, {"outcome": "bought", "budget": 40})
    assert list(listed[0]) == ["customer_id", "rank", "probability", "expected_value", "reason", "group"]
    assert len(listed) == 40 + found["holdout"]["size"]
    assert all(len(one["customer_id"]) == 5 for one in listed)


def test_the_sql_of_a_rule_selects_whom_it_describes(run, table, tmp_path):
    frame = members().rename(columns={"visits": 'a"b=1', "age": "=cmd"})
    frame["club"] = np.where(np.arange(500) % 3 == 0, "O'Brien", "none")
    frame.loc[frame.index % 7 == 0, 'a"b=1'] = np.nan
    path = table(frame)
    _, printed, _ = run("targets", path, "--outcome", "bought", "--budget", 40, "--json")
    assert run("features", path, "--features", "all", "--out", tmp_path / "customers.parquet")[0] == 0
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE customers AS SELECT * FROM '{tmp_path / 'customers.parquet'}'")

    columns = {'a"b=1': frame['a"b=1'].fillna(frame['a"b=1'].median()), "=cmd": frame["=cmd"]}
    columns |= {f"club={value}": (frame["club"] == value).astype(float) for value in ("O'Brien", "none")}
    rules = json.loads(printed)["rules"]
    assert any('a"b=1' in [one["feature"] for one in rule["conditions"]] for rule in rules)
    for rule in rules:
        meets = [METS[one["op"]](columns[one["feature"]], one["value"]) for one in rule["conditions"]]
        expected = frame.loc[np.logical_and.reduce(meets), "member"]
        assert connection.execute(rule["sql"]).df()["customer_id"].tolist() == sorted(expected)


def test_the_sql_of_order_lines_reads_the_table_of_candidates(run, lines, tmp_path):
    frame = pd.read_csv(lines, dtype={"customer_id": str})
    draw = np.random.default_rng(1)
    frame.loc[(frame["customer_id"].astype(int) % 2 == 0) & (draw.random(len(frame)) < 0.6), "department"] = "milk"
    frame.to_csv(lines, index=False)
    asked = ("targets", lines, "--promote", "department=milk", "--budget", 10, "--again", "--json")
    code, printed, _ = run(*asked, "--candidates", tmp_path / "candidates.parquet")
    candidates = pd.read_parquet(tmp_path / "candidates.parquet")
    connection = duckdb.connect()
    connection.register("candidates", candidates)
    document = json.loads(printed)

    assert code == 0 and len(candidates) == document["customers"] and document["rules"]
    for rule in document["rules"]:
        meets = [METS[one["op"]](candidates[one["feature"]], one["value"]) for one in rule["conditions"]]
        expected = candidates.loc[np.logical_and.reduce(meets), "customer_id"]
        assert connection.execute(rule["sql"]).df()["customer_id"].tolist() == expected.tolist()


def test_candidates_are_of_order_lines(run, table, tmp_path):
    code, _, noted = run("targets", table(), "--outcome", "bought", "--budget", 40, "--candidates", tmp_path / "candidates.csv")
    assert code == 2 and "--candidates is for order lines" in noted


def test_the_text_begins_with_whether_it_is_worth_it(run, table):
    code, printed, _ = run("targets", table(), "--outcome", "bought", "--money", 100, "--cost", 2.5, "--value", 20)

    assert code == 0
    assert printed.startswith("Model: ")
    assert " among 40 contacts (95 % certain: " in printed and "Expected profit" in printed


def test_every_value_of_a_column_is_compared(run, lines):
    code, printed, _ = run("targets", lines, "--promote", "department", "--budget", 10, "--again", "--json")
    found = {one["value"]: one["reason"] for one in json.loads(printed)["promotions"]}

    assert code == 0
    assert set(found) == {"=bread", "cheese"}
    assert found["cheese"] == "Nobody bought it in the judged window."


def test_a_kept_leak_is_kept(run, table):
    frame = members()
    frame["reply"] = frame["bought"].map({"yes": "accepted", "no": "declined", "": "open"})
    frame["paid"] = np.where(frame["bought"] == "yes", frame["visits"] + 20.5, frame["age"] / 10)
    code, printed, noted = run("targets", table(frame), "--outcome", "bought", "--budget", 40, "--json", "--keep", "reply")

    assert code == 0
    assert json.loads(printed)["model"]["features"][0]["feature"].startswith("reply=")
    assert "--keep paid" in noted and "--keep reply" not in noted


OF_OUTCOME = ("--outcome", "bought")


@pytest.mark.parametrize(
    ("buyers", "options", "words"),
    [
        (0, (*OF_OUTCOME, "--budget", 40), "'bought' holds 1 different value"),
        (0, (*OF_OUTCOME, "--budget", 40, "--yes", "yes"), "'bought' has no 'yes'; it holds 'no'"),
        (3, (*OF_OUTCOME, "--budget", 40), "only 3 of 300 customers with a known outcome have the wanted one"),
        (300, (*OF_OUTCOME, "--budget", 40, "--yes", "yes"), "all 300 customers"),
        (295, (*OF_OUTCOME, "--budget", 40), "all but 5 of 300 customers"),
        (60, (*OF_OUTCOME, "--budget", 0), "The budget must be at least 1, got 0"),
        (60, (*OF_OUTCOME, "--budget", -3), "The budget must be at least 1, got -3"),
        (60, (*OF_OUTCOME, "--money", 1, "--cost", 2), "does not pay for one contact"),
        (60, (*OF_OUTCOME, "--money", "nan", "--cost", 2), "The money to spend must be"),
        (60, (*OF_OUTCOME, "--money", "inf", "--cost", 2), "The money to spend must be"),
        (60, (*OF_OUTCOME, "--budget", 5, "--value", "inf"), "The value of one buyer"),
        (60, (*OF_OUTCOME, "--money", 10), "also needs the cost"),
        (60, (*OF_OUTCOME, "--cost", 1), "Give the budget"),
        (60, (*OF_OUTCOME, "--budget", 5, "--money", 10, "--cost", 1), "Give the budget"),
        (60, (*OF_OUTCOME, "--budget", 5, "--holdout", "many"), "--holdout must be auto or a number of customers"),
        (60, (*OF_OUTCOME, "--budget", 5, "--window", 0), "The window must be at least 1"),
        (60, (*OF_OUTCOME, "--budget", 5, "--method", "recency"), "cannot be ranked by recency"),
        (60, ("--outcome", "nothing", "--budget", 5), "There is no column 'nothing'"),
        (60, ("--outcome", "age", "--budget", 5), "'age' holds"),
        (60, (*OF_OUTCOME, "--treatment", "nothing", "--budget", 5), "There is no column 'nothing'"),
        (60, (*OF_OUTCOME, "--treatment", "age", "--budget", 5), "The treatment 'age' holds many values"),
        (60, (*OF_OUTCOME, "--treatment", "bought", "--budget", 5), "'bought' is both"),
        (60, ("--promote", "age=18", "--budget", 5), "needs transactions"),
        (60, ("--budget", 5), "Say what is promoted"),
    ],
)
def test_what_a_customer_table_cannot_answer_is_one_sentence(run, table, buyers, options, words):
    refused(run("targets", table(members(buyers=buyers)), *options), words)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--promote", "department=cheese", "--budget", 5, "--again"), "'cheese': only 3 of 60 customers bought it in the learning period"),
        (("--promote", "department==bread", "--budget", 5, "--again"), "all 60 customers bought it"),
        (("--promote", "department==bread", "--budget", 5), "'=bread': none of 0 customers"),
        (("--promote", "department=wine", "--budget", 5), "No order line has 'wine' in 'department'"),
        (("--promote", "shop=wine", "--budget", 5), "There is no column 'shop'"),
        (("--promote", "department=cheese", "--budget", 5, "--window", 400), "A window of 400 days needs data of three windows"),
        (("--promote", "department=cheese", "--budget", 5, "--window", 10**9), "A window of 1,000,000,000 days"),
        (("--promote", "campaign=1", "--budget", 5), "has no contacts"),
        (("--outcome", "department", "--budget", 5), "belongs to a table with one row per customer"),
    ],
)
def test_what_order_lines_cannot_answer_is_one_sentence(run, lines, options, words):
    refused(run("targets", lines, *options), words)


def refused(outcome, words):
    """Assert that a command failed with one sentence on the last line, which has the words."""
    code, printed, noted = outcome
    assert (code, printed) == (2, "")
    told = [line for line in noted.splitlines() if line and not line.startswith("note: ")]
    assert len(told) == 1 and words in told[0] and "Traceback" not in noted
