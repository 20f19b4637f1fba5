"""Every example in the library's docstrings and in docs/library.md, run on the small shop's orders."""

import doctest
import importlib
import inspect
from pathlib import Path

import pytest

import segcore

ROOT = Path(__file__).resolve().parents[2]
MODULES = ("data", "plan", "sweep", "point", "comparison", "customer_map", "drivers", "targeting", "over_time")


def run(tests):
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    for test in tests:
        runner.run(test)
    return runner.summarize(verbose=False)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_hold(name, orders, tmp_path, monkeypatch):
    # What other tests computed would be found: an example shows a sweep without evidence.
    monkeypatch.setenv("SEGCORE_HOME", str(tmp_path / "home"))
    module = importlib.import_module(f"segcore.library.{name}")
    found = doctest.DocTestFinder().find(module, extraglobs={"segcore": segcore, "orders": orders, "folder": tmp_path})
    assert run([test for test in found if test.examples]).failed == 0


def test_every_public_method_has_an_example():
    lacking = []
    for kind in (segcore.Data, segcore.Plan, segcore.Sweep, segcore.Point):
        for name, member in vars(kind).items():
            if inspect.isfunction(member) and not name.startswith("_") and ">>>" not in (member.__doc__ or ""):
                lacking.append(f"{kind.__name__}.{name}")
    assert lacking == []
    assert ">>>" in segcore.load.__doc__


def test_the_examples_of_the_guide_hold(orders, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("orders.csv", "next-month.csv"):
        (tmp_path / name).write_bytes(orders.read_bytes())
    text = (ROOT / "docs/library.md").read_text()
    test = doctest.DocTestParser().get_doctest(text.replace("```", ""), {}, "library.md", "docs/library.md", 0)
    assert len(test.examples) > 10
    assert run([test]).failed == 0
