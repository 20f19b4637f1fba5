"""What a sweep would take, on the command line: ``--dry-run`` and ``--memory``."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from segcore.system.machine import parse_bytes
from segcore.wording.numbers import bytes_text, duration_text

if TYPE_CHECKING:
    from segcore.records.sweep import SweepSpec
    from segcore.store.store import Store
    from segcore.sweeps.cost.estimate import SweepEstimate


def add_cost_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--memory`` and ``--dry-run``."""
    parser.add_argument(
        "--memory",
        metavar="BYTES",
        help="memory the sweep may take, such as 4e9, 512M or 2G (what is free); one that needs more is refused before it starts",
    )
    parser.add_argument("--dry-run", action="store_true", help="only estimate time and memory on this machine")


def asked_memory(args: argparse.Namespace) -> int | None:
    """Return ``--memory`` in bytes, or ``None`` where it was not given.

    Raises
    ------
    ParameterError
        Where it is no amount of memory.
    """
    return None if args.memory is None else parse_bytes(args.memory)


def print_estimate(store: Store, spec: SweepSpec, args: argparse.Namespace) -> None:
    """Print what a sweep would take, measuring this machine first where that was not done yet; nothing is run."""
    from segcore.sweeps.cost.calibration import require_calibration
    from segcore.sweeps.cost.estimate import estimate_spec, memory_limit

    limit = memory_limit(asked_memory(args))
    calibration = require_calibration(store.home)
    found = estimate_spec(store.feature_table(spec.table), spec, calibration=calibration, memory=limit)
    print(json.dumps(found.to_json(limit), allow_nan=False) if args.json else estimate_text(found, limit))


def estimate_text(found: SweepEstimate, limit: int) -> str:
    """Return an estimate in a sentence or two."""
    points = f"{len(found.points):,} point{'' if len(found.points) == 1 else 's'}"
    what = f"{points} on {found.n_rows:,} rows with {found.n_features} features"
    refusal = found.refusal(limit)
    if refusal:
        return f"{what}. {refusal}"
    time = "for a time that is not known" if found.seconds is None else f"about {duration_text(found.seconds)}"
    return f"{what}: {time} and {bytes_text(found.bytes)} of memory on this machine; {bytes_text(limit)} are there."


def require_room(store: Store, spec: SweepSpec, memory: int | None) -> None:
    """Raise `MemoryLimitError` where a sweep needs more memory than there is, or than it may take.

    Its time is of no account here, so this machine is not measured for it.
    """
    from segcore.sweeps.cost.calibration import read_calibration
    from segcore.sweeps.cost.estimate import estimate_spec, memory_limit, require_memory

    limit = memory_limit(memory)
    require_memory(estimate_spec(store.feature_table(spec.table), spec, calibration=read_calibration(store.home), memory=limit), limit)
