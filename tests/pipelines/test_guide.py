"""docs/pipelines.md shows what the format is, and examples of the library hold."""

import doctest
import re
import tomllib
from pathlib import Path

import pytest

import segcore
from segcore.pipelines import airflow_dag, pipeline, schedule
from segcore.pipelines.format import key_lines, schema, toml_text
from segcore.pipelines.format.checking import problems_of
from segcore.pipelines.format.layout import TABLES

GUIDE = (Path(__file__).resolve().parents[2] / "docs/pipelines.md").read_text()


def test_the_example_of_the_guide_is_a_pipeline():
    (example,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    assert problems_of(tomllib.loads(example)) == []


@pytest.mark.parametrize("name", [name for name in TABLES if name != "score"])
def test_the_guide_names_every_key(name):
    row = next(line for line in GUIDE.splitlines() if line.startswith((f"| `[{name}]`", f"| `[[{name}]]`")))
    named = set(re.findall(r"[a-z_0-9]+", " ".join(re.findall(r"`([^`]*)`", row))))
    assert {key.name for key in TABLES[name].keys} <= named


def test_the_examples_of_the_modules_hold(weekly):
    path = weekly()
    for module in (pipeline, airflow_dag, schedule, key_lines, schema, toml_text):
        found = doctest.DocTestFinder().find(module, extraglobs={"segcore": segcore, "pipeline_file": path})
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
        for test in found:
            runner.run(test)
        assert runner.summarize(verbose=False).failed == 0
