"""Time and memory of a sweep, estimated on the command line: ``--dry-run`` and ``--memory``."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from segcore.system.machine import parse_bytes
from segcore.wording.numbers import bytes_text, counted, duration_text

if TYPE_CHECKING:
    from segcore.records.sweep import SweepSpec
    from segcore.store.store import Store
    from segcore.sweeps.cost.estimate import SweepEstimate


def add_cost_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--memory`` and ``--dry-run``."""
    parser.add_argument(
        "--memory",
        metavar="BYTES",
        help="most memory the sweep may use, such as 4e9, 512M or 2G (default: free memory); a sweep that needs more is refused",
    )
    parser.add_argument("--dry-run", action="store_true", help="only estimate time and memory on this machine")


def asked_memory(args: argparse.Namespace) -> int | None:
    """Return ``--memory`` in bytes, or ``None`` if it was not given.

    Raises
    ------
    ParameterError
        If it is not an amount of memory.
    """
    return None if args.memory is None else parse_bytes(args.memory)


def print_estimate(store: Store, spec: SweepSpec, args: argparse.Namespace) -> None:
    """Print the estimated time and memory of a sweep without running it; measure this machine first if that is not done yet."""
    from segcore.sweeps.cost.calibration import require_calibration
    from segcore.sweeps.cost.estimate import estimate_spec, memory_limit

    limit = memory_limit(asked_memory(args))
    calibration = require_calibration(store.home)
    found = estimate_spec(store.feature_table(spec.table), spec, calibration=calibration, memory=limit)
    print(json.dumps(found.to_json(limit), allow_nan=False) if args.json else estimate_text(found, limit))


def estimate_text(found: SweepEstimate, limit: int) -> str:
    """Return an estimate in one or two sentences."""
    what = f"{counted(len(found.points), 'solution')} on {counted(found.n_rows, 'row')} with {counted(found.n_features, 'feature')}"
    refusal = found.refusal(limit)
    if refusal:
        return f"{what}. {refusal}"
    time = "an unknown time" if found.seconds is None else f"about {duration_text(found.seconds)}"
    return f"{what}: {time} and {bytes_text(found.bytes)} of memory on this machine; {bytes_text(limit)} may be used."
