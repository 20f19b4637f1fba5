"""Command ``app``: the workbench in the browser."""

from __future__ import annotations

import argparse
import importlib.util
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from segcore.errors import ParameterError, SourceError
from segcore.store.index import default_home
from segcore.system.child_process import CHECKOUT, python_command, start_child

_PORT = "8501"  # as in .streamlit/config.toml


def add_commands(subparsers: Any) -> None:
    """Add ``app``."""
    parser = subparsers.add_parser(
        "app",
        help="open the workbench in the browser",
        description="Start the Streamlit app on http://127.0.0.1:8501. Other options are passed to Streamlit, such as --server.port=8502.",
    )
    parser.add_argument("options", nargs="*", help="options of 'streamlit run', after --")
    parser.set_defaults(run=run_app)


def run_app(args: argparse.Namespace) -> int:
    """Replace this process by the app's server, so that signals reach the server directly."""
    folder = app_folder()
    if importlib.util.find_spec("streamlit") is None:
        raise SourceError("Streamlit is not installed: run 'make install' first, or install segcore with pip.")
    if "SEGCORE_HOME" in os.environ:  # it may be relative to the user's current folder
        os.environ["SEGCORE_HOME"] = str(Path(os.environ["SEGCORE_HOME"]).expanduser().absolute())
    port = _port(args.options)
    if port and _is_in_use(port):
        raise ParameterError(
            f"Port {port} is in use, perhaps by this app: open http://127.0.0.1:{port}, or start the app on another port "
            f"with 'make app PORT={port + 1}' or 'segcore app --server.port={port + 1}'."
        )
    # Reading takes longer than the server's start: it begins now, and goes on while the browser loads.
    command = python_command("segcore.intake", str(default_home().absolute()))
    begun = start_child(command, own="session", dies_with_parent=True, stdout=subprocess.DEVNULL)
    begun.wait()
    if begun.lifeline:
        os.set_inheritable(begun.lifeline.writing, True)  # by the server, with which the reading ends
    sys.stdout.flush()
    os.chdir(folder)  # Streamlit reads .streamlit/config.toml from its working directory
    command = python_command("streamlit", "run", str(folder / "app.py"), *args.options)
    os.execv(command[0], command)  # noqa: S606


def app_folder() -> Path:
    """Return the folder with ``app.py``: that of the installed package (see ``setup.py``), or a checkout.

    Raises
    ------
    SourceError
        If there is neither.
    """
    for folder in (CHECKOUT / "segcore" / "workbench", CHECKOUT):
        if (folder / "app.py").is_file():
            return folder
    raise SourceError(f"There is no app.py in {CHECKOUT}: run segcore from a checkout of its repository, or install it with pip.")


def _port(options: Sequence[str]) -> int | None:
    """Return the port that the server will listen on; ``None`` if it is invalid, which Streamlit then reports."""
    asked = os.environ.get("STREAMLIT_SERVER_PORT", _PORT)
    for option, following in zip(options, [*options, ""][1:], strict=True):
        name, equals, value = option.partition("=")
        if name == "--server.port":
            asked = value if equals else following
    return int(asked) if asked.isdigit() and int(asked) < 65535 else None


def _is_in_use(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0
