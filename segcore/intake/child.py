"""Intake in a separate process, with limits on memory and time."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from segcore.data.databases.stored_extract import check_database, from_database, is_unread
from segcore.errors import DataError, DiskError, MemoryLimitError, ParameterError, SegcoreError, SourceError, StoreError
from segcore.intake.packed_dataset import pack, unpack
from segcore.intake.reading_process import LentReader, lent_reader, start_reader
from segcore.intake.remembered import first_request
from segcore.intake.take_in import known_intake, package_versions, parts_for, peek, take_in
from segcore.records.dataset import Dataset
from segcore.records.finding import Finding, Remedy
from segcore.records.intake import DatabaseQuestion, DataRequest, Intake, Peek
from segcore.store.disk import any_disk_error
from segcore.store.file_lock import take
from segcore.store.store import Store
from segcore.system.child_process import signal_group
from segcore.system.digests import digest
from segcore.system.frames import LAZY
from segcore.system.machine import available_bytes, memory_limit, oom_kills
from segcore.system.private_files import make_folder, private_opener, temporary_file
from segcore.wording.findings import refusal
from segcore.wording.memory import limit_error, memory_error, memory_is_scarce

TIMEOUT_SECONDS, LONG_SECONDS = 600.0, 4 * 3_600.0
_MEMORY_SHARE = 0.7
_NEEDED = (
    *("segcore.data.sources", "segcore.features.builders", "segcore.data.rows.dataset", "pyarrow.parquet", "pandas"),
    *("narwhals._pandas_like.dataframe", "narwhals._pandas_like.group_by", "narwhals.group_by"),  # imported by their first use
)
_ERRORS: Mapping[str, type[SegcoreError]] = {
    error.__name__: error for error in (DataError, DiskError, MemoryLimitError, ParameterError, SegcoreError, SourceError, StoreError)
}


def take_in_child(home: Path | str, request: DataRequest, *, timeout: float | None = None, max_bytes: int | None = None) -> Intake:
    """Take data in with a separate process, so that no file can exhaust the caller's memory or time, or crash it.

    Parameters
    ----------
    home : Path or str
        The store's directory.
    request : DataRequest
    timeout : float or None
        Seconds; ``None`` is ten minutes, or four hours with libraries for more rows than fit into memory.
    max_bytes : int or None
        Memory limit of the process; ``None`` means 70 % of the memory that is free now.

    Raises
    ------
    SegcoreError
        If the data cannot be used, or reading it took too long, took too much memory, or crashed.
    """
    store = Store(home)
    known = known_intake(store, request)
    if known is not None:
        return known
    timeout = timeout or _most_seconds(request)
    # Two callers that want the same data at the same time, such as two tabs that open together, read them once.
    slot = digest(request.to_json())[:2]  # one of a few lock files; unrelated requests that share it only wait
    path = store.home / "locks" / f"intake-{slot}"
    lock = take(path)
    if lock is None:
        lock = take(path, patience=timeout)
        known = known_intake(store, request)  # this computes a digest of the whole file, so only after a wait
    try:
        return known or Intake.from_json(_ask(home, request, "intake", timeout=timeout, max_bytes=max_bytes))
    finally:
        if lock is not None:
            os.close(lock)


def take_in_apart(store: Store, request: DataRequest) -> Intake:
    """Take data in for a command or a script: files with a separate process, so that they cannot crash this one or use its memory.

    Raises
    ------
    SegcoreError
        If the data cannot be used; see `take_in_child`.
    """
    from segcore.data.files.file_identity import user_path
    from segcore.data.samples.registry import find_sample

    # Ray and Spark have their own processes; a sample is known to be sound, and takes precedence over a file of the same name.
    files = [table.data for table in (request.customers, request.items) if table is not None]
    files += [] if find_sample(request.data) else [request.data]
    if request.frames in ("modin", "spark") or not any(user_path(file).exists() for file in files):
        return take_in(store, request)
    return take_in_child(store.home, request)


def from_database_apart(store: Store, request: DataRequest) -> DataRequest:
    """Return the request for its database's present rows, read by a separate process; any other request is returned unchanged.

    Raises
    ------
    SegcoreError
        If the database cannot be read; see also `take_in_child`.
    """
    if not is_unread(request):
        check_database(request)
        return request
    statements = 4  # among others, the rows are counted, perhaps measured, and read
    limit = max(TIMEOUT_SECONDS, statements * (request.database or DatabaseQuestion("")).timeout_seconds)
    return DataRequest.from_json(_ask(store.home, request, "extract", timeout=limit, max_bytes=None))


def take_in_first(home: Path | str) -> None:
    """Take in the data that a new session will open, so that this is done, or begun, when the browser connects; see `first_request`."""
    with contextlib.suppress(SegcoreError):  # the session that opens the data shows the error
        take_in_child(home, first_request(Store(home)))


def peek_in_child(home: Path | str, request: DataRequest, *, timeout: float = TIMEOUT_SECONDS, max_bytes: int | None = None) -> Peek:
    """Look at a file with a separate process; parameters and errors are those of `take_in_child`."""
    return Peek.from_json(_ask(home, request, "peek", timeout=timeout, max_bytes=max_bytes))


@contextlib.contextmanager
def rows_from_child(
    home: Path | str,
    request: DataRequest,
    *,
    trained: Mapping[str, str] | None = None,
    timeout: float | None = None,
    max_bytes: int | None = None,
) -> Iterator[Dataset]:
    """Yield rows read with a separate process; see `read_source`, and `take_in_child` for the other parameters and the errors.

    With libraries that need not hold all rows, order lines are in temporary files until the ``with`` block ends. Modin frames are read in
    this process: Ray starts its own processes.
    """
    if request.frames == "modin":
        from segcore.data.samples.registry import samples_folder
        from segcore.data.sources import read_source

        yield read_source(request, trained=trained, folder=samples_folder(Store(home).home))
        return
    with parts_for(request.frames, request.kind or "") as parts:
        with temporary_file(Store(home).temporary, suffix=".parquet") as (path, _):
            known = None if trained is None else dict(trained)
            places = {"rows": str(path), "parts": None if parts is None else [str(parts.folder), parts.rows_a_part]}
            rest = _ask(home, request, "rows", timeout=timeout or _most_seconds(request), max_bytes=max_bytes, trained=known, **places)
            dataset = unpack(rest, path, frames=request.frames, parts=parts)
        yield dataset


def _most_seconds(request: DataRequest) -> float:
    return LONG_SECONDS if request.frames in LAZY else TIMEOUT_SECONDS


def _ask(home: Path | str, request: DataRequest, what: str, *, timeout: float, max_bytes: int | None, **more: object) -> dict[str, Any]:
    name = request.name or ("the database" if is_unread(request) else Path(request.data).name)
    question = json.dumps({"home": str(home), "request": request.to_json(), "what": what, **more})
    # A password is in the environment or the working folder of this process, which a spare need not share.
    limits: Any = {"timeout": timeout, "max_bytes": max_bytes, "pieces": _may_be_read_in_pieces(request)}
    answer = _run_child(question, home=home, name=name, **limits, may_borrow=what != "extract")
    if "error" not in answer:
        return dict(answer[what])
    raise _rebuilt(answer)


def _may_be_read_in_pieces(request: DataRequest) -> bool:
    """Tell whether a library that need not hold all rows would help, which it does only for Parquet, one file or a folder of parts."""
    return request.frames not in LAZY and request.kind in (None, "transactions") and Path(request.data).suffix in (".parquet", "")


def _rebuilt(answer: Mapping[str, Any]) -> SegcoreError:
    """Return the error that ended the child's work."""
    finding = answer.get("finding")
    error = _ERRORS.get(answer["class"], SegcoreError)(answer["error"])
    error.finding = finding and Finding.from_json(finding)
    return error


def _run_child(
    question: str, *, home: Path | str, name: str, timeout: float, max_bytes: int | None, pieces: bool = False, may_borrow: bool = True
) -> dict[str, Any]:
    """Return the child's answer; ``pieces`` tells whether another library would read the rows piece by piece."""
    limit = max_bytes or int(available_bytes(own_limits=False) * _MEMORY_SHARE)  # the child has as much address space as this process
    kills = oom_kills()
    ended_for: list[str] = []
    try:
        process = (lent_reader(home) if may_borrow else None) or start_reader()
        watch = threading.Thread(target=_watch, args=(process, limit, time.monotonic() + timeout, ended_for), daemon=True)
        watch.start()
    except (OSError, RuntimeError) as error:  # a process or a thread cannot be started
        known = limit_error(error, f"Reading {name}")
        if known is None:
            raise
        raise known from error
    try:
        output, _ = process.communicate(question)
    finally:
        _end(process)
        watch.join()
        if process.returncode != 0:  # ended from here, for example by Ctrl-C: its temporary files still exist
            Store(home).drop_leftovers()
    if ended_for == ["memory"]:
        if memory_limit() is not None:
            raise memory_error(f"Reading {name}")
        raise refusal("limit.reading", kind=SourceError, remedy=Remedy("fewer_rows", {"pieces": pieces}), file=name, limit=limit)
    if ended_for == ["time"]:
        raise SourceError(f"Reading {name} took longer than {timeout:g} seconds: give fewer rows, or save it as Parquet.")
    try:
        return dict(json.loads(output))
    except ValueError:
        if memory_is_scarce() or oom_kills() > kills:
            raise memory_error(f"Reading {name}") from None
        code = process.returncode
        how = "it ended early" if code is None else signal.Signals(-code).name if code < 0 else f"exit code {code}"
        raise SourceError(f"Reading {name} crashed ({how}): the file may be damaged; save it again as CSV or Parquet.") from None


def _watch(process: subprocess.Popen[str] | LentReader, limit: int, deadline: float, ended_for: list[str]) -> None:
    """End the process if it holds too much memory or runs too long; ``ended_for`` is then the reason."""
    import psutil

    while process.poll() is None:
        try:
            held = psutil.Process(process.pid).memory_info().rss
        except psutil.Error:
            return
        if held > limit or time.monotonic() > deadline:
            ended_for.append("memory" if held > limit else "time")
            _end(process)
            return
        time.sleep(0.02)


def _end(process: subprocess.Popen[str] | LentReader) -> None:
    if process.poll() is None:
        signal_group(process.pid)
        process.wait()


def _answer(question: Mapping[str, Any], request: DataRequest) -> dict[str, Any]:
    store = Store(question["home"])
    if question["what"] == "rows":
        from segcore.data.samples.registry import samples_folder
        from segcore.data.sources import read_source
        from segcore.system.row_parts import RowParts

        parts = None
        if question["parts"] is not None:
            place, rows_a_part = question["parts"]
            parts = RowParts(Path(place), lambda path: path, rows_a_part)  # read in the process that makes the features
        asked = replace(request, frames="pandas")  # the process that asks makes its own frames
        dataset = read_source(asked, trained=question["trained"], folder=samples_folder(store.home), parts=parts)
        return pack(dataset, Path(question["rows"]))
    if question["what"] == "extract":
        return from_database(store, request).to_json()
    return (peek if question["what"] == "peek" else take_in)(store, request).to_json()


def _refused(error: SegcoreError) -> dict[str, Any]:
    """Return the answer from which `_rebuilt` makes the same error."""
    finding = None if error.finding is None else error.finding.to_json()
    return {"error": str(error), "class": type(error).__name__, "remedy": error.remedy, "finding": finding}


def _report_fault(home: Path, request: DataRequest) -> str:
    """Log the traceback of a fault in segcore, and return one sentence for the user."""
    log = home / "logs" / "intake.log"
    with contextlib.suppress(OSError):
        make_folder(log.parent)
        with open(log, "a", opener=private_opener) as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {request.to_json()}\n{traceback.format_exc()}\n")
    return f"Reading {request.name or request.data} failed because of a fault in segcore: see {log}."


def _prepare() -> None:
    """Import and compile everything that reading any file needs."""
    from segcore.data.meaning.header_names import NAMES, matching

    for module in _NEEDED:
        importlib.import_module(module)
    for role in NAMES:
        matching(role, ())
    package_versions("pandas")


def main() -> int:
    """Answer one request from standard input: ``{"intake": ...}`` or ``{"peek": ...}``, or ``{"error": "one sentence", ...}``."""
    _prepare()  # before reading the request, for which a spare may have to wait
    asked = sys.stdin.read()
    if not asked:
        return 0  # a spare that was not needed
    question = json.loads(asked)
    request = DataRequest.from_json(question["request"])
    try:
        answer: dict[str, Any] = {question["what"]: _answer(question, request)}
    except SegcoreError as error:
        answer = _refused(error)
    except Exception as error:
        known = any_disk_error(error, question["home"]) or limit_error(error, f"Reading {request.name or request.data}")
        answer = {"class": "SegcoreError", "error": _report_fault(Path(question["home"]), request)} if known is None else _refused(known)
    sys.stdout.write(json.dumps(answer))
    return 0
