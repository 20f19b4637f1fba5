"""The command ``app``: the workbench in the browser."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

from segcore.errors import SourceError

ROOT = Path(__file__).resolve().parents[2]


def add_commands(subparsers: Any) -> None:
    """Add ``app``."""
    parser = subparsers.add_parser(
        "app",
        help="open the workbench in the browser",
        description="Start the Streamlit app on http://127.0.0.1:8501. Options it does not know are Streamlit's own: --server.port=8502.",
    )
    parser.add_argument("options", nargs="*", help="options of 'streamlit run', after --")
    parser.set_defaults(run=run_app)


def run_app(args: argparse.Namespace) -> int:
    """Become the app's server, so that signals reach it and nothing of this process stays."""
    entry = ROOT / "app.py"
    if not entry.is_file():
        raise SourceError(f"There is no app.py in {ROOT}: run segcore from a checkout of its repository.")
    if importlib.util.find_spec("streamlit") is None:
        raise SourceError("Streamlit is not installed: run 'make install' first.")
    if "SEGCORE_HOME" in os.environ:  # it may be relative to where the user is
        os.environ["SEGCORE_HOME"] = str(Path(os.environ["SEGCORE_HOME"]).expanduser().absolute())
    sys.stdout.flush()
    os.chdir(ROOT)  # Streamlit reads .streamlit/config.toml from where it is started
    command = [sys.executable, "-m", "streamlit", "run", str(entry), *args.options]
    os.execv(sys.executable, command)  # noqa: S606
