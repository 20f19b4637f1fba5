import argparse
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from segcore import cli
from segcore.cli import COMMANDS, main
from segcore.errors import DataError
from segcore.wording.terminal import say

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def command_that(monkeypatch):
    """Return a function that makes ``jobs`` run something else."""

    def make(run):
        monkeypatch.setattr("segcore.cli.jobs.run_jobs", run)

    return make


def raising(error):
    def run(args):
        raise error

    return run


def test_help_names_every_command_and_imports_none_of_them():
    code = (
        "import sys\nfrom segcore.cli import main\ncode = main(['--help'])\n"
        "print(code, sorted({'numpy', 'pandas', 'segcore.store.store', 'segcore.jobs'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True).stdout
    assert all(f"    {command}" in shown for command, _, _ in COMMANDS)
    assert shown.splitlines()[-1] == "0 []"


def test_the_list_of_jobs_needs_no_numerical_library():
    code = (
        "import sys\nfrom segcore.cli import main\ncode = main(['jobs'])\n"
        "print(code, sorted({'numpy', 'pandas', 'pyarrow'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True).stdout
    assert shown.splitlines()[-1] == "0 []"


@pytest.mark.parametrize("command", [command for command, _, _ in COMMANDS])
def test_every_command_explains_itself(command, capsys):
    assert main([command, "--help"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith(f"usage: segcore {command}")
    assert shown.err == ""


def test_every_command_that_is_named_is_what_its_module_adds():
    for module in {module for _, module, _ in COMMANDS}:
        subparsers = argparse.ArgumentParser().add_subparsers()
        cli.importlib.import_module(module).add_commands(subparsers)
        assert set(subparsers.choices) == {command for command, owner, _ in COMMANDS if owner == module}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "required: COMMAND"),
        (["frobnicate"], "invalid choice: 'frobnicate'"),
        (["jobs", "--nonsense"], "unrecognized arguments: --nonsense"),
        (["jobs", "explode"], "invalid choice: 'explode'"),
        (["sweep", "complete-journey"], "required: --algo"),
        (["sweep", "complete-journey", "--algo", "kmeans", "--seed", "one"], "invalid int value: 'one'"),
        (["sweep", "complete-journey", "--al", "kmeans"], "required: --algo"),
        (["neighbours", "orders.csv", "--item", "-a7"], "a value that begins with a dash is written as --item=-VALUE"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_code_2(arguments, said, capsys):
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert said in shown.err


def test_a_users_error_is_one_line_and_exit_code_2(command_that, capsys):
    command_that(raising(DataError("The file\nis   empty.")))
    assert main(["jobs"]) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "segcore: The file is empty.\n")


def test_a_bug_stays_loud(command_that):
    command_that(raising(ZeroDivisionError()))
    with pytest.raises(ZeroDivisionError):
        main(["jobs"])


def test_an_interrupt_has_its_own_exit_code_and_no_traceback(command_that, capsys):
    command_that(raising(KeyboardInterrupt()))
    assert main(["jobs"]) == 130
    assert capsys.readouterr().err == ""


def test_what_a_command_returns_is_the_exit_code(command_that):
    command_that(lambda args: None)
    assert main(["jobs"]) == 0
    command_that(lambda args: 1)
    assert main(["jobs"]) == 1


def test_a_reader_that_leaves_early_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        found = subprocess.run([sys.executable, "-m", "segcore", "jobs"], stdout=closed, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    assert (found.returncode, found.stderr) == (141, "")


@pytest.mark.parametrize(("arguments", "code"), [("samples", 0), ("--help", 0), ("jobs cancel nothing", 2)])
def test_closed_output_and_error_streams_are_no_error(arguments, code):
    found = subprocess.run(["sh", "-c", f"{sys.executable} -m segcore {arguments} >&- 2>&-"], cwd=ROOT, check=False)
    assert found.returncode == code
    found = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m segcore {arguments} >&-"], cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False
    )
    assert (found.returncode, found.stderr.count("\n")) == (code, 1 if code else 0)


def test_letters_that_the_output_cannot_encode_are_escaped(command_that, monkeypatch):
    command_that(lambda args: say("Größe – 数"))
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="latin-1"))
    assert main(["jobs"]) == 0
    assert written.getvalue() == b"Gr\xf6\xdfe \\u2013 \\u6570\n"


def test_a_warning_of_a_library_is_not_shown(command_that):
    code = (
        "import sys, warnings\nfrom segcore import cli\nimport segcore.cli.jobs as command\n"
        "command.run_jobs = lambda args: warnings.warn('old')\nsys.exit(cli.main(['jobs']))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert (found.stdout, found.stderr) == ("", "")


def test_the_app_becomes_streamlit_with_the_options_it_does_not_know(monkeypatch):
    started = []
    monkeypatch.setattr("segcore.cli.app._is_in_use", lambda port: False)  # whatever else runs on this machine
    monkeypatch.setattr(os, "execv", lambda program, command: started.append((program, command)))
    monkeypatch.chdir(ROOT / "tests")
    monkeypatch.setenv("SEGCORE_HOME", "here")
    for options in (["--server.port=8599"], ["--", "--server.port", "8599"], []):
        assert main(["app", *options]) == 0
    wanted = [["--server.port=8599"], ["--server.port", "8599"], []]
    assert [command[1:6] for _, command in started] == [["-P", "-m", "streamlit", "run", str(ROOT / "app.py")]] * 3
    assert [command[6:] for _, command in started] == wanted
    assert Path.cwd() == ROOT
    assert os.environ["SEGCORE_HOME"] == str(ROOT / "tests" / "here")


def test_without_an_app_beside_it_the_command_says_so(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("segcore.cli.app.CHECKOUT", tmp_path)
    assert main(["app"]) == 2
    assert "There is no app.py" in capsys.readouterr().err
