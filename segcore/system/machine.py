"""Processor and memory of this machine, and the limits on what this process may use of it."""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import platform
import re
import resource
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from segcore.errors import ParameterError

CONTROL_GROUP = "control group"
CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUPS = Path("/proc/self/cgroup")
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_AMOUNT = re.compile(r"([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)
_UNLIMITED = 1 << 60
_MAPPED_BYTES = 450 << 20  # address space that a worker's libraries take without using it
_M_ARENA_MAX = -8  # of glibc's mallopt
# For each version of control groups: the limit, what is used, and the part of it that the kernel reclaims first.
_FILES = (("memory.max", "memory.current", "inactive_file"), ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"))


def processor_name() -> str:
    """Return the processor's name."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """The least memory limit of this process, which its children inherit.

    Parameters
    ----------
    bytes : int
    source : {"ulimit -v", "ulimit -d", "control group"}
        How it was set.
    """

    bytes: int
    source: str


def memory_limit() -> MemoryLimit | None:
    """Return the least memory limit of this process; ``None`` if it has none, or only ones above the machine's memory."""
    found = [MemoryLimit(most, source) for source, most in _own_limits()]
    for folder in _control_groups():
        for name, _, _ in _FILES:
            with contextlib.suppress(OSError, ValueError):
                found.append(MemoryLimit(int((folder / name).read_text()), CONTROL_GROUP))
    least = min(found, key=lambda limit: limit.bytes, default=None)
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None if least is None or least.bytes >= machine else least


def is_limited() -> bool:
    """Tell whether a limit was set on the memory of this process, other than by its control groups."""
    return any(True for _ in _own_limits())


def sparing_settings() -> dict[str, str]:
    """Return environment variables with which libraries reserve less address space; none where a process may use all of it.

    Under ``ulimit -v`` what is reserved counts like what is used. By default, pyarrow reserves over 1 GiB, and glibc 64 MiB for each
    thread: with these, a sweep of Online Retail needs 0.7 GiB instead of 1.9. What the user has set stays.
    """
    usual = {"ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_ARENA_MAX": "1"} if is_limited() else {}
    return {name: os.environ.get(name, value) for name, value in usual.items()}


def save_address_space() -> None:
    """Use `sparing_settings` in this process too; before pyarrow is imported."""
    settings = sparing_settings()
    os.environ.update(settings)
    if settings.get("MALLOC_ARENA_MAX") == "1" and sys.platform == "linux":
        with contextlib.suppress(AttributeError, OSError):  # of another C library
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)  # glibc has read its settings before


def available_bytes(*, own_limits: bool = True) -> int:
    """Return the free memory: the machine's, or less if this process's limits or control groups allow less.

    Without ``own_limits``, the limits that each process has for itself are left out.
    """
    import psutil

    found = [int(psutil.virtual_memory().available), *_left_in_cgroups()]
    if own_limits:
        mapped = max(int(psutil.Process().memory_info().vms), _MAPPED_BYTES)
        found += [max(0, most - mapped) for _, most in _own_limits()]
    return min(found)


def _own_limits() -> Iterator[tuple[str, int]]:
    """Yield each limit that was set on this process, and how."""
    for source, name in (("ulimit -v", resource.RLIMIT_AS), ("ulimit -d", resource.RLIMIT_DATA)):
        most = resource.getrlimit(name)[0]
        if most != resource.RLIM_INFINITY:
            yield source, most


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
