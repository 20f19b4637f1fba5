"""Names that look like markup or move a terminal's cursor, in what commands print and write, and in a notebook."""

import csv
import json
from html.parser import HTMLParser

import pytest

import segcore
from segcore.cli import main
from segcore.store.store import Store
from segcore.wording.quotes import visible
from tests.hostile_names import NAMES, marks, write_customers, wrong_texts

POINT = ("--point", "n_clusters=3")


def test_a_name_whose_letters_were_lost_or_drawn_as_they_are_is_found():
    assert wrong_texts([f"Column {visible(NAMES[0])}, and {NAMES[3]}"]) == []
    assert wrong_texts(["c q00", "alert(1) q03", "a\u202eb"]) == ["q00: 'cq00'", "q03: 'alert(1)q03'", "'\\u202e' in 'a\\u202eb'"]


@pytest.fixture
def run(capsys):
    """Return a function that runs a command that must succeed, and returns what it printed once that was checked."""

    def run(*words):
        assert main(list(words)) == 0, capsys.readouterr().err
        out, err = capsys.readouterr()
        assert [line for line in (*out.split("\n"), *err.split("\n")) if not line.isprintable()] == []
        assert "--json" in words or wrong_texts([*out.split("\n"), *err.split("\n")]) == []
        return out

    return run


@pytest.fixture
def customers_csv(tmp_path):
    path = tmp_path / f"{NAMES[15]}.csv"
    write_customers(path, n_customers=90)
    return path


@pytest.fixture
def swept(customers_csv, run):
    """Return a sweep of customers whose columns, categories and ids are the corpus, and so are its name and a segment's."""
    found = json.loads(run("sweep", str(customers_csv), "--algo", "kmeans", "--grid", "n_clusters=2,3", "--grid", "n_init=1", "--json"))
    run("sweeps", "name", found["sweep"], NAMES[30])
    return found["sweep"]


def test_no_command_prints_a_control_character_or_changes_a_name(swept, customers_csv, run, tmp_path):
    assert 30 in marks([run("sweeps")])
    found = json.loads(run("features", str(customers_csv), "--out", str(tmp_path / "features.csv"), "--json"))
    assert set(found["features"]) & set(NAMES)
    every = ",".join(f'"{name}"' for name in (NAMES[0], NAMES[29], NAMES[30], NAMES[31], NAMES[33]))
    sweep = ("sweep", str(customers_csv), "--number", NAMES[0], "--features", every, "--algo", "kmeans", "--grid", "n_clusters=2,3")
    assert marks([run(*sweep)]) >= {0, 29, 30}
    assert len(marks([run("explain", swept, *POINT)])) > 15
    assert marks([run("rules", swept, *POINT)]) and marks([run("rules", swept, *POINT, "--what", "tree")])
    run("compare", swept, *POINT, swept, "--point", "n_clusters=2")
    run("validate", swept, *POINT)


def test_a_line_break_in_a_name_begins_no_line(swept, run):
    run("sweeps", "name", swept, "evil\nFORGED")
    Store().name_segment(swept, "n_clusters=3,n_init=1", 0, "bad\nFORGED")
    commands = (
        ("compare", swept, *POINT, swept, "--point", "n_clusters=2"),
        ("explain", swept, *POINT),
        ("rules", swept, *POINT),
        ("rules", swept, *POINT, "--what", "tree"),
        ("validate", swept, *POINT),
    )
    for command in commands:
        lines = run(*command).split("\n")
        assert [line for line in lines if line.startswith("FORGED")] == [] and any("\\nFORGED" in line for line in lines), command


def test_a_map_is_one_page_without_a_link_or_an_image(swept, run, tmp_path):
    run("map", swept, *POINT, "--out", str(tmp_path / "map.html"))
    page = (tmp_path / "map.html").read_text()
    assert tags(page) <= {"html", "head", "meta", "title", "style", "body", "h1", "div", "script", "p"}


def test_an_export_marks_what_a_spreadsheet_would_compute(swept, run, tmp_path):
    run("export", swept, *POINT, "--out", str(tmp_path / "out.csv"))
    with (tmp_path / "out.csv").open(newline="", encoding="utf-8") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert [cell for cell in cells if cell[:1] in "=+@\t\r\n" and cell] == []


def test_a_notebook_shows_names_as_text(customers_csv):
    data = segcore.load(str(customers_csv))
    html = data._repr_html_()
    assert tags(html) <= {"div", "b", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"}
    assert repr(data).isprintable() and repr(data.plan()).isprintable()
    assert marks([html]) and not [line for line in html.split("\n") if not line.isprintable()]


def tags(html):
    found = set()

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.add(tag)

    reader = Reader()
    reader.feed(html)
    reader.close()
    return found
