"""Commands about vectors of customers: neighbours and vectors-check."""

import json

import numpy as np
import pytest

from segcore.cli import main

SMALL = ("--features", "cust2vec=4", "--cust2vec", "epochs=2")


@pytest.fixture(scope="module")
def orders(tmp_path_factory):
    """Return a file of forty customers, of whom even ones buy other products than odd ones, in five orders each."""
    draw = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("orders") / "orders.csv"
    lines = ["customer_id,order_id,date,sku,quantity,price"]
    for customer in range(40):
        for order in range(5):
            day = f"2024-{1 + order:02d}-{int(draw.integers(1, 28)):02d} 10:00"
            lines += [f"{customer:03d},{customer}-{order},{day},{customer % 2}{int(draw.integers(0, 30)):02d},1,2.50" for _ in range(3)]
    path.write_text("\n".join(lines))
    return str(path)


@pytest.fixture(scope="module", autouse=True)
def one_home(tmp_path_factory):
    """Keep one store for these tests: what one of them makes, the next ones find."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGCORE_HOME", str(tmp_path_factory.mktemp("vectors-home")))
        yield


@pytest.fixture
def run(capsys):
    def call(*arguments):
        code = main(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_neighbours_are_printed_as_one_document(run, orders):
    code, printed, _ = run("neighbours", orders, *SMALL, "--item", "001", "--top", "3", "--json")

    found = json.loads(printed)
    assert code == 0
    assert (found["of"], found["id"]) == ("item", "001")
    assert len(found["items"]) == len(found["customers"]) == 3
    assert all(len(one["id"]) == 3 for one in (*found["items"], *found["customers"]))


def test_neighbours_are_printed_as_tables_the_asked_kind_first(run, orders):
    code, printed, _ = run("neighbours", orders, *SMALL, "--customer", "007", "--top", "2")

    assert code == 0
    assert printed.index("Nearest customers to customer 007") < printed.index("Nearest products to customer 007")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((*SMALL, "--item", "9999"), "segcore: No product has the id or the title '9999'.\n"),
        (("--item", "001"), "segcore: neighbours needs vectors of customers: ask for them with --features cust2vec=64.\n"),
        ((*SMALL, "--item", "001", "--top", "0"), "segcore: --top must be at least 1, got 0.\n"),
        ((*SMALL,), "segcore neighbours: one of the arguments --item --customer is required (see segcore neighbours --help)\n"),
    ],
)
def test_a_mistake_is_one_line(run, orders, arguments, sentence):
    code, printed, said = run("neighbours", orders, *arguments)

    assert (code, printed) == (2, "")
    assert said == sentence


def test_the_check_is_one_document_and_the_same_question_starts_no_job(run, orders, monkeypatch):
    code, printed, _ = run("vectors-check", orders, *SMALL, "--json")
    monkeypatch.setattr("segcore.jobs.start_task", None)
    again = run("vectors-check", orders, *SMALL, "--json")[1]

    found = json.loads(printed)
    assert code == 0 and again == printed
    assert found["verdict"] in ("vectors", "shares", "alike")
    assert {"cust2vec", "shares", "own_favourites", "popular"} <= found["next_basket"].keys()
    for name in ("cust2vec", "shares", "own_favourites", "popular"):
        one = found["next_basket"][name]
        assert 0 <= one["low"] <= one["value"] <= one["high"] <= 1 and 20 <= one["sample_size"] <= 40
    assert found["attributes"] == []  # forty customers are too few


def test_the_check_begins_with_its_verdict(run, orders):
    printed = run("vectors-check", orders, *SMALL)[1]

    assert printed.startswith(("The vectors predict the next basket", "The plain rival predicts the next basket"))
    assert "next basket by" in printed and "own favourites" in printed


def test_a_check_without_vectors_is_one_line(run, orders):
    code, printed, said = run("vectors-check", orders)

    assert (code, printed) == (2, "")
    assert said == "segcore: vectors-check needs vectors of customers: ask for them with --features cust2vec=64.\n"
