"""Processor and free memory of this machine."""

from __future__ import annotations

import contextlib
import math
import platform
import re
from collections.abc import Iterator
from pathlib import Path

from segcore.errors import ParameterError

CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUPS = Path("/proc/self/cgroup")
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_AMOUNT = re.compile(r"([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)
_UNLIMITED = 1 << 60
# For each version of control groups: the limit, what is used, and the part of it that the kernel reclaims first.
_FILES = (("memory.max", "memory.current", "inactive_file"), ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"))


def processor_name() -> str:
    """Return the processor's name."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()


def available_bytes() -> int:
    """Return the free memory: the machine's, or less if this process's control groups allow less."""
    import psutil

    return min([int(psutil.virtual_memory().available), *_left_in_cgroups()])


def resident_bytes() -> int:
    """Return the memory that this process uses now."""
    import psutil

    return int(psutil.Process().memory_info().rss)


def oom_kills() -> int:
    """Return how many processes were killed for lack of memory, on this machine or in this process's control groups.

    Only an increase is meaningful: one kill may count more than once, and the number is 0 where it is unavailable.
    """
    counts = [_count(Path("/proc/vmstat"), "oom_kill")]
    for folder in _control_groups():
        counts += [_count(folder / name, "oom_kill") for name in ("memory.events", "memory.oom_control")]
    return sum(counts)


def _count(path: Path, name: str) -> int:
    with contextlib.suppress(OSError, ValueError):
        for line in path.read_text().splitlines():
            key, _, value = line.partition(" ")
            if key == name:
                return int(value)
    return 0


def _left_in_cgroups() -> Iterator[int]:
    """Yield the memory left within the limit of each control group of this process."""
    for folder in _control_groups():
        left = _left_in(folder)
        if left is not None:
            yield left


def _control_groups() -> Iterator[Path]:
    """Yield the folders of the control groups, of either version, that may limit this process's memory."""
    try:
        lines = _OWN_CGROUPS.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, own = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        for root in (CGROUPS / "memory", CGROUPS, CGROUPS / "unified"):
            # In a container its own group may be mounted as the root, under any name that it has outside.
            folder = root / own.lstrip("/")
            yield folder
            while folder != root and folder.is_relative_to(root):
                folder = folder.parent
                yield folder


def _left_in(folder: Path) -> int | None:
    for limit, used, reclaimable in _FILES:
        with contextlib.suppress(OSError, ValueError):
            most = int((folder / limit).read_text())
            if most >= _UNLIMITED:
                return None
            taken = int((folder / used).read_text())
            with contextlib.suppress(OSError, ValueError):
                found = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
                taken -= int(found.get(reclaimable, 0))
            return max(0, most - taken)
    return None


def parse_bytes(text: str) -> int:
    """Read an amount of memory: ``4e9``, ``512M``, ``2G``, ``1.5GiB``; K, M, G and T are powers of 1,024.

    Raises
    ------
    ParameterError
        If it is not an amount, or not above 0.
    """
    found = _AMOUNT.fullmatch(text.strip())
    amount = float(found[1]) * _UNITS[found[2].upper()] if found else 0.0
    if not 1 <= amount < math.inf:
        raise ParameterError(f"An amount of memory is written 4e9, 512M or 2G and is above 0, got {text!r}.")
    return int(amount)
