"""Sentences on what this machine lacks: space on a disk, memory, and a Spark that runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from segcore.wording.numbers import bytes_text
from segcore.wording.quotes import named, value_text

_MARGIN_BYTES = 20_000_000  # of a full disk, for what comes after the file that did not fit
_STEP_BYTES = 10_000_000


def _place(holder: str, path: str) -> str:
    """Return what a disk holds: SEGCORE_HOME, the temporary folder, standard output or a file."""
    known = {"home": f"SEGCORE_HOME ({named(path)})", "temporary": f"the temporary folder ({named(path)})", "output": "the output"}
    return known.get(holder, named(path))


def _kept(holder: str) -> str:
    return ", then try again: what was finished is kept." if holder == "home" else ", then try again."


def disk_bytes_text(amount: float) -> str:
    """Return an amount on a disk in the units in which disks are sold: ``40 MB``, or ``3 KB`` below one."""
    if amount >= 1e9:
        return f"{amount / 1e9:,.1f} GB"
    return f"{amount / 1e6:,.0f} MB" if amount >= 1e6 else f"{amount // 1000:,.0f} KB" if amount >= 1000 else f"{amount:.0f} bytes"


def _full(holder: str, path: str, free: int, needed: int | None) -> str:
    wanted = max(0, (needed or 0) - free) + _MARGIN_BYTES
    more = "some space" if needed is None and holder != "home" else disk_bytes_text(-(-wanted // _STEP_BYTES) * _STEP_BYTES)
    return f"The disk with {_place(holder, path)} is full ({disk_bytes_text(free)} left): free {more}{_kept(holder)}"


def _quota(holder: str, path: str) -> str:
    return f"The disk quota for {_place(holder, path)} is used up: delete files or ask for more{_kept(holder)}"


def _file_limit(holder: str, path: str, limit: int | None) -> str:
    most = "as large as this one" if limit is None else f"larger than {disk_bytes_text(limit)} (ulimit -f)"
    return f"No file on the disk with {_place(holder, path)} may be {most}: raise the limit{_kept(holder)}"


def _read_only(holder: str, path: str) -> str:
    other = {"home": "set SEGCORE_HOME to another directory", "temporary": "set TMPDIR to another directory"}
    return f"The disk with {_place(holder, path)} is read-only: make it writable, or {other.get(holder, 'choose another folder')}."


def _memory(what: str, limit: int, source: str | None, needed: int | None) -> str:
    if source is None:
        return f"{what} needs more memory than the {bytes_text(limit)} that is free: close other programs, or give fewer rows or columns."
    may = f"{bytes_text(limit)} that it may use ({source})"
    if needed is None:
        return f"{what} needs more memory than the {may}: raise the limit, or give fewer rows or columns."
    return f"{what} needs about {bytes_text(needed)} of memory, more than the {may}: raise the limit."


SENTENCES: Mapping[str, Callable[..., str]] = {
    "disk.full": _full,
    "disk.quota": _quota,
    "disk.file_limit": _file_limit,
    "disk.read_only": _read_only,
    "limit.memory": _memory,
    "limit.reading": lambda file, limit, do: f"{named(file)} needs more memory than the {bytes_text(limit)} that is free: {do}.",
    "no_spark.missing": lambda do: f"Spark is not installed: {do}, or do without Spark.",
    "no_spark.java": lambda found, least, do: (
        f"Spark needs Java {least} or newer, and {'none was found' if found is None else f'found Java {found}'}: install one, such as with "
        f"'sudo apt install openjdk-{least}-jre-headless', make JAVA_HOME or PATH point to it, or {do}."
    ),
    "no_spark.address": lambda variable, form, do: (
        f"{variable} in the environment is not an address of Spark: set it to {form}, unset it to use a Spark on this machine, or {do}."
    ),
    "no_spark.unreachable": lambda variable, address, do: (
        f"No Spark answers at {value_text(address)}, the address in {variable}: check the address and whether the cluster runs, or {do}."
    ),
    "no_spark.connect_missing": lambda package, do: (
        f"Spark Connect, which SPARK_REMOTE asks for, is not installed: run pip install '{package}', or {do}."
    ),
    "no_spark.failed": lambda reason, do: f"Spark failed ({value_text(reason)}): try again, or {do}.",
    "limit.processes": lambda: "No more processes or threads can be started: raise the limit (ulimit -u), or end other programs.",
}
