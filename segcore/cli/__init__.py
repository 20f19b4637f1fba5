"""Command line: ``main`` runs the module of one command, and turns errors into one line and an exit code.

A command's module has ``add_commands(subparsers)``, which adds its parsers; each sets ``run`` (``parser.set_defaults(run=function)``)
to a function that takes the parsed arguments and returns an exit code (``None`` means 0). Only that module is imported, so that
``--help`` and small commands answer at once.

Exit codes: 0 done, 1 the work failed (or a database did not answer or was in use), 2 user error, 3 'run --check' found other segments,
130 interrupted or cancelled.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import segcore
from segcore.errors import SegcoreError
from segcore.wording.quotes import visible
from segcore.wording.terminal import STANDARD_OUTPUT, say

COMMANDS: tuple[tuple[str, str, str], ...] = (
    ("samples", "segcore.cli.samples", "list the sample data sets, or download one"),
    ("features", "segcore.cli.features", "build a table of features, one row per customer"),
    ("neighbours", "segcore.cli.features", "list the products or customers nearest to one, by their vectors"),
    ("vectors-check", "segcore.cli.features", "check whether vectors predict better than plain rivals"),
    ("sweep", "segcore.cli.sweeps", "cluster with every setting of a grid and measure each solution"),
    ("evidence", "segcore.cli.sweeps", "gather the evidence on a sweep, and recommend a solution"),
    ("sweeps", "segcore.cli.sweeps", "list the sweeps with their best solutions; name, remove or restore one"),
    ("run", "segcore.cli.pipelines.run_pipeline", "run a pipeline: a TOML file with the whole way from data to files"),
    ("airflow", "segcore.cli.pipelines.write_dag", "write a pipeline as a DAG, which Airflow runs on a schedule"),
    ("analyze", "segcore.cli.kit", "run the Intel kit's analysis, with its flags and files"),
    ("benchmark", "segcore.cli.bench", "time the engines on the same grid and compare their results"),
    ("explain", "segcore.cli.results", "say who is in each segment of a solution"),
    ("items", "segcore.cli.results", "list the most telling items of each segment"),
    ("rules", "segcore.cli.results", "print the rule that finds each segment, or one tree for all, in words or as SQL"),
    ("validate", "segcore.cli.results", "predict a solution's segments with naive Bayes, out of fold"),
    ("drivers", "segcore.cli.results", "say which features drive each segment, and what puts one customer into it"),
    ("map", "segcore.cli.results", "write a map of the customers of a solution"),
    ("compare", "segcore.cli.results", "compare two solutions of the same customers"),
    ("over-time", "segcore.cli.results", "follow the segments of a solution into later data, and say whether to segment again"),
    ("export", "segcore.cli.results", "write the customers of chosen segments to a file"),
    ("score", "segcore.cli.results", "assign new customers to the segments of a sweep"),
    ("targets", "segcore.cli.targeting", "rank whom to contact about a promotion, and say how many will buy"),
    ("jobs", "segcore.cli.jobs", "list, cancel or resume sweeps and benchmarks"),
    ("app", "segcore.cli.app", "open the workbench in the browser"),
)
FAILED = 1
USER_ERROR = 2
INTERRUPTED = 130
_BROKEN_PIPE = 141
# The same command may work later, so that schedulers should repeat it.
_PASSING = frozenset(("database.refused", "database.no_answer", "database.locked", "database.lost"))
_LIGHT = ("samples", "jobs")  # these need little memory


class Parser(argparse.ArgumentParser):
    """Argument parser that reports an error as one line."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"allow_abbrev": False, **options})

    def error(self, message: str) -> NoReturn:
        """Print one line and exit with the code of a user error."""
        if message.endswith("expected one argument"):
            option = message.removeprefix("argument ").split(":")[0].split("/")[-1]
            message += f"; a value that begins with a dash is written as {option}=-VALUE"
        self.exit(USER_ERROR, f"{self.prog}: {visible(' '.join(message.split()))} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; ``argv`` defaults to ``sys.argv[1:]``."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # libraries' warnings are not meant for users
    _open_output()
    code = _run(arguments)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # what was not written stays in its buffer, and the interpreter would fail on it at the end
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return code


def _open_output() -> None:
    """Make standard output and error streams that can be written, whatever this process was started with."""
    if sys.stdout is None:  # closed, as by ``>&-``
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the process ends
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):  # its encoding may lack letters of the data
        sys.stdout.reconfigure(errors="backslashreplace")


def _run(arguments: list[str]) -> int:
    try:
        try:
            parsed = _parse(arguments)
            if parsed.command not in _LIGHT:
                _prepare_for_limits()
            code = parsed.run(parsed)
        except SystemExit as leave:  # argparse, after --help or an error
            code = leave.code if isinstance(leave.code, int) else USER_ERROR
        sys.stdout.flush()
    except SegcoreError as error:
        return _report(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader, such as head, has exited
        return _BROKEN_PIPE
    except OSError as error:
        from segcore.store.disk import any_disk_error, disk_error
        from segcore.store.index import default_home

        unwritten = _unwritten(error)
        full = any_disk_error(error, default_home()) if unwritten is None else disk_error(unwritten, STANDARD_OUTPUT, holder="output")
        return _report_if_limit(error) if full is None else _report(full)
    except Exception as error:
        return _report_if_limit(error)
    return int(code or 0)


def _unwritten(error: OSError) -> OSError | None:
    """Return the error with which standard output refused to be written; ``None`` if it did not."""
    if error.filename == STANDARD_OUTPUT:
        return error
    try:
        sys.stdout.flush()
    except OSError as failed:
        return failed
    return None


def _prepare_for_limits() -> None:
    """Refuse to begin under a memory limit that is too low for any work."""
    from segcore.system.machine import is_limited, save_address_space

    if is_limited():
        from segcore.wording.memory import require_least_memory

        save_address_space()
        require_least_memory()


def _report_if_limit(error: Exception) -> int:
    from segcore.wording.memory import limit_error

    known = limit_error(error)
    if known is None:
        raise error
    return _report(known)


def _report(error: SegcoreError) -> int:
    """Print a user's error as one line and return the exit code."""
    from segcore.wording.findings import error_text

    with contextlib.suppress(OSError):  # the exit code is all that can still be reported
        say(f"segcore: {' '.join(error_text(error).split())}", file=sys.stderr)
    cause = error.__cause__ if isinstance(error.__cause__, SegcoreError) else error  # a pipeline's error is about a key of its file
    return FAILED if cause.finding is not None and cause.finding.code in _PASSING else USER_ERROR


def _parse(arguments: list[str]) -> argparse.Namespace:
    asked = next((argument for argument in arguments if not argument.startswith("-")), None)
    module = next((module for command, module, _ in COMMANDS if command == asked), None)
    parser = Parser(prog="segcore", description=segcore.__doc__)
    parser.add_argument("--version", action="version", version=f"segcore {segcore.__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command, owner, explanation in COMMANDS:
        if owner != module:
            subparsers.add_parser(command, help=explanation)
    if module is not None:
        importlib.import_module(module).add_commands(subparsers)
    parsed, unknown = parser.parse_known_args(arguments)
    if unknown and not hasattr(parsed, "options"):  # ``app`` passes unknown options to Streamlit
        subparsers.choices[parsed.command].error(f"unrecognized arguments: {' '.join(unknown)}")
    if hasattr(parsed, "options"):
        parsed.options = [*unknown, *parsed.options]
    return parsed
