"""A small shop's orders, and pipelines on them; jobs are forked and files read in this process."""

import json

import pytest

from segcore.cli import main
from tests.library.conftest import small_orders

WEEKLY = """\
[data]
path = "orders.csv"
roles = { customer = "customer_id", order = "invoice" }

[features]
set = "small"

[sweep]
algorithm = "kmeans"
evidence = "none"
grid = { n_clusters = [2, 3] }

[choose]
point = { n_clusters = 3 }

[names]
0 = "Regulars"

[[export]]
out = "out/segments.csv"
"""


@pytest.fixture(autouse=True)
def quick_processes(forked, read_here):
    """See `forked` and `read_here`."""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder with the orders, in which commands are given."""
    small_orders().to_csv(tmp_path / "orders.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def weekly(folder):
    """Return a function that writes the weekly pipeline, with more text at its end or texts replaced."""

    def write(more="", **replaced):
        text = WEEKLY + more
        for old, new in replaced.get("changes", ()):
            assert old in text
            text = text.replace(old, new)
        path = folder / "weekly.toml"
        path.write_text(text)
        return path

    return write


@pytest.fixture
def run(capsys):
    """Return a function that gives the command and returns its exit code, its standard output and its errors."""

    def give(*words):
        code = main(["run", *map(str, words)])
        out, errors = capsys.readouterr()
        return code, out, errors

    return give


@pytest.fixture
def run_json(run):
    """Return a function that gives the command with --json and returns the document."""

    def give(*words):
        code, out, errors = run(*words, "--json")
        assert code == 0, errors
        return json.loads(out)

    return give
