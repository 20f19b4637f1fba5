"""Conditions of a benchmark: the machine, and the load from other programs."""

from __future__ import annotations

import os
import platform
from typing import Any

import psutil

from segcore.clustering.engines import versions
from segcore.system.cores import usable_cores
from segcore.system.machine import processor_name

_BUSY_SHARE = 0.1


def describe_machine() -> dict[str, Any]:
    """Return processor, cores, memory, system, versions and the current load.

    ``load_average`` is the number of running programs over the last 1, 5 and 15 minutes.
    """
    return {
        "cpu": processor_name(),
        "cores": usable_cores(),
        "memory_bytes": psutil.virtual_memory().total,
        "os": platform.platform(),
        "python": platform.python_version(),
        "versions": versions(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }


def busy_seconds() -> float:
    """Return the processor seconds that the machine has used since it was started."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    # Guests are already counted in user and nice.
    return float(sum(times) - idle - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0))


def busy_warning(shares: list[float]) -> str | None:
    """Return a warning if other programs used more than a tenth of the processor during a run."""
    worst = max(shares, default=0.0)
    if worst <= _BUSY_SHARE:
        return None
    return f"Other programs used up to {worst:.0%} of the processor during the runs, so times may be too long or uneven: run it again."
