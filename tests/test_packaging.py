"""What ``pip install .`` installs: the library, the command, and the app with its pages, theme and assets."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from segcore.cli.app import app_folder
from segcore.wording.spark import PACKAGE

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return the folder that a wheel is packed from; building it takes a second."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "setup.py", "-q", "build", "--build-base", str(folder / "base"), "--build-lib", str(folder / "lib")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    return folder / "lib"


def files_of(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


def test_every_file_of_the_library_and_the_app_is_installed(installed):
    library = {f"segcore/{name}" for name in files_of(ROOT / "segcore")}
    app = {f"segcore/workbench/{folder}/{name}" for folder in ("ui", "pages") for name in files_of(ROOT / folder)}
    alone = {"segcore/workbench/app.py", "segcore/workbench/.streamlit/config.toml"}
    assert files_of(installed) == library | app | alone


def test_the_app_is_found_where_it_is_installed(installed, monkeypatch):
    monkeypatch.setattr("segcore.cli.app.CHECKOUT", installed)
    assert app_folder() == installed / "segcore" / "workbench"


def test_the_command_is_the_command_line():
    assert PROJECT["scripts"] == {"segcore": "segcore.cli:main"}


def pinned_in(file):
    lines = (line.split("#")[0].strip() for line in (ROOT / file).read_text().splitlines())
    return dict(line.split("==") for line in lines if line and not line.startswith("-r "))


@pytest.mark.parametrize(
    ("file", "entries"),
    [
        ("requirements.txt", PROJECT["dependencies"]),
        *((f"requirements-{extra}.txt", oldest) for extra, oldest in PROJECT["optional-dependencies"].items()),
    ],
)
def test_the_oldest_versions_that_can_work_are_older_than_the_tested_ones(file, entries):
    tested = pinned_in(file)
    oldest = dict(entry.split(";")[0].strip().split(">=") for entry in entries)
    assert set(oldest) == {name.split("[")[0] for name in tested}

    def number(version):
        return tuple(int(part) for part in version.split("."))

    for name, version in tested.items():
        assert number(oldest[name.split("[")[0]]) <= number(version), name


def test_airflow_and_what_it_needs_are_the_tested_versions():
    """Its environment is its own, and so is its lock."""
    lock = (ROOT / "constraints-airflow.txt").read_text().splitlines()
    assert {f"{name}=={version}" for name, version in pinned_in("requirements-airflow.txt").items()} <= set(lock)


def test_the_spark_that_a_sentence_says_to_install_is_the_tested_one():
    assert pinned_in("requirements-spark.txt") == dict([PACKAGE.split("==")])
    assert PACKAGE in (ROOT / "constraints.txt").read_text().splitlines()
