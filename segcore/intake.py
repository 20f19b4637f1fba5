"""Take data in: read, set aside, filter, build every feature, and remember all of it, so that the same request is answered at once."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from segcore import __version__
from segcore.canonical import digest
from segcore.dataset import Dataset, FeatureTable, Note
from segcore.errors import DataError, ParameterError, SegcoreError, SourceError, StoreError
from segcore.store import Store

PREVIEW_ROWS = 200
TIMEOUT_SECONDS = 600.0
_MEMORY_SHARE = 0.7
_ERRORS: Mapping[str, type[SegcoreError]] = {
    error.__name__: error for error in (DataError, ParameterError, SegcoreError, SourceError, StoreError)
}
_FORM = 1  # of the stored record; a new one makes the old ones unknown


@dataclass(frozen=True, slots=True)
class DataRequest:
    """What is asked of the data.

    Parameters
    ----------
    data : str
        A sample's name or a path.
    kind : {"transactions", "customers"} or None
        ``None`` guesses.
    roles : mapping of role to column name
        What is known; the rest is guessed. An empty name says that no column has the role.
    where : tuple of str
        SQL conditions on rows.
    date_from, date_to : str or None
        ISO dates, both included.
    frames : {"pandas", "polars", "modin"}
    name : str or None
        What people call the data, where that is not the sample's title or the file's name.
    """

    data: str
    kind: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    where: tuple[str, ...] = ()
    date_from: str | None = None
    date_to: str | None = None
    frames: str = "pandas"
    name: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "roles": dict(self.roles), "where": list(self.where)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DataRequest:
        """Build the request from what ``to_json`` returned; what is left out has its default."""
        known = {key: value for key, value in data.items() if value is not None}
        return cls(**{**known, "roles": dict(known.get("roles", {})), "where": tuple(known.get("where", ()))})


@dataclass(frozen=True, slots=True)
class Intake:
    """What was taken in.

    Parameters
    ----------
    table : str
        Id of the stored FeatureTable with every feature of every customer.
    data : mapping
        ``name``, ``kind``, ``fingerprint``, ``roles``, ``filters``: what a sweep remembers of it.
    kind : {"transactions", "customers"}
    roles, reasons : mapping of role to str
        The column of each role, and why it was taken for it.
    columns : tuple of str
        Every column of the source.
    rows_read, rows_used, filtered_out : int
        ``rows_read == rows_used + sum(set_aside.values()) + filtered_out``.
    set_aside : mapping of reason to number of rows
    notes : tuple of Note
    preview : str
        Id of the stored frame of the first rows, as text.
    n_customers : int
    first_date, last_date : str or None
        ISO, of the rows used.
    total_revenue : float or None
        Net, in the data's currency.
    """

    table: str
    data: Mapping[str, Any]
    kind: str
    roles: Mapping[str, str]
    columns: tuple[str, ...]
    rows_read: int
    rows_used: int
    set_aside: Mapping[str, int]
    filtered_out: int
    notes: tuple[Note, ...]
    preview: str
    n_customers: int
    first_date: str | None
    last_date: str | None
    total_revenue: float | None
    reasons: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        mappings = {name: dict(values[name]) for name in ("data", "roles", "set_aside", "reasons")}
        return {**values, **mappings, "columns": list(self.columns), "notes": [asdict(note) for note in self.notes]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Intake:
        """Build the record from what ``to_json`` returned."""
        return cls(**{**data, "columns": tuple(data["columns"]), "notes": tuple(Note(**note) for note in data["notes"])})


def samples_folder(store: Store) -> Path:
    """Return where the store keeps downloaded samples."""
    return store.home / "samples"


def take_in(store: Store, request: DataRequest) -> Intake:
    """Return what a request gives, from the store where the same was asked of the same content before.

    Raises
    ------
    SegcoreError
        Where the data cannot be read or used, in one sentence.
    """
    key = _key(store, request)
    return _known(store, key) or _take_in(store, request, key)


def _take_in(store: Store, request: DataRequest, key: str) -> Intake:
    from segcore.features import build_features
    from segcore.sources import Selection, build_dataset, find_meaning, open_source

    raw = open_source(request.data, name=request.name, folder=samples_folder(store))
    meaning = find_meaning(raw, kind=request.kind, roles=request.roles)
    selection = Selection(request.where, request.date_from, request.date_to)
    dataset = build_dataset(raw, meaning, selection, frames=request.frames)
    table = build_features(dataset)
    preview = raw.head(PREVIEW_ROWS)
    intake = _record(store, dataset, table, columns=raw.names, reasons=meaning.reasons, preview=_preview(store, preview))
    store.put_intake(key, {"form": _FORM, **intake.to_json()})
    return intake


def _record(
    store: Store, dataset: Dataset, table: FeatureTable, *, columns: tuple[str, ...], reasons: Mapping[str, str], preview: str
) -> Intake:
    first, last = _span(dataset)
    return Intake(
        table=store.put_feature_table(table),
        data={
            "name": dataset.name,
            "kind": dataset.kind,
            "fingerprint": dataset.fingerprint,
            "roles": dict(dataset.roles),
            "filters": list(dataset.filters),
        },
        kind=dataset.kind,
        roles=dict(dataset.roles),
        columns=columns,
        rows_read=dataset.rows_read,
        rows_used=dataset.rows_read - sum(dataset.set_aside.values()) - dataset.filtered_out,
        set_aside=dict(dataset.set_aside),
        filtered_out=dataset.filtered_out,
        notes=(*dataset.notes, *_dropped_notes(table)),
        preview=preview,
        n_customers=len(table),
        first_date=first,
        last_date=last,
        total_revenue=None if table.revenue is None else float(table.revenue.sum()),
        reasons=dict(reasons),
    )


def _span(dataset: Dataset) -> tuple[str | None, str | None]:
    if "time" not in dataset.roles:
        return None, None
    import narwhals as nw

    times = nw.from_native(dataset.frame, eager_only=True)[dataset.roles["time"]]
    first, last = (bound if hasattr(bound, "isoformat") else None for bound in (times.min(), times.max()))
    return (first.isoformat() if first else None), (last.isoformat() if last else None)


def _dropped_notes(table: FeatureTable) -> list[Note]:
    dropped = [entry for entry in table.dictionary if entry.dropped]
    if not dropped:
        return []
    listed = "; ".join(f"{entry.name} ({entry.dropped})" for entry in dropped[:20])
    more = f" and {len(dropped) - 20} more" if len(dropped) > 20 else ""
    return [Note("info", f"Not among the features: {listed}{more}.")]


def _preview(store: Store, head: Any) -> str:
    from segcore.sources.columns import as_text

    columns = {name: as_text(head[name]) for name in head.column_names}
    import pandas as pd

    return store.put_frame(pd.DataFrame({name: column.to_pandas() for name, column in columns.items()}).astype(object))


def _known(store: Store, key: str) -> Intake | None:
    record = store.intake(key)
    if record is None or record.pop("form", None) != _FORM or not store.object_path(record["table"]).exists():
        return None
    return Intake.from_json(record)


def _key(store: Store, request: DataRequest) -> str:
    asked = {key: value for key, value in request.to_json().items() if key != "data"}
    versions = {name: importlib.metadata.version(name) for name in ("pandas", "pyarrow", "narwhals", request.frames)}
    return digest({"form": _FORM, "request": asked, "content": _content(store, request.data), "segcore": __version__, "versions": versions})


def _content(store: Store, data: str) -> str:
    """Return what tells one content from another: a file's SHA-256 and name, a package's version."""
    from segcore.sources import find_sample

    sample = find_sample(data)
    version: str | Path = sample.version(samples_folder(store)) if sample else Path(data).expanduser()
    if isinstance(version, str):
        return version
    try:
        with version.open("rb") as file:
            return f"{version.name} {hashlib.file_digest(file, 'sha256').hexdigest()}"
    except (OSError, ValueError):
        # The reader says what is wrong with it.
        return f"unreadable {version}"


def take_in_child(home: Path | str, request: DataRequest, *, timeout: float = TIMEOUT_SECONDS, max_bytes: int | None = None) -> Intake:
    """Take data in with a process of its own, so that no file can take the caller's memory, time or life.

    Parameters
    ----------
    home : Path or str
        The store's directory.
    request : DataRequest
    timeout : float
        Seconds.
    max_bytes : int or None
        Memory that the process may hold; 70 % of what is free now where ``None``.

    Raises
    ------
    SegcoreError
        Where the data cannot be used, or reading it took too long, too much memory, or crashed.
    """
    store = Store(home)
    known = _known(store, _key(store, request))
    if known is not None:
        return known
    name = request.name or Path(request.data).name
    answer = _run_child(json.dumps({"home": str(home), "request": request.to_json()}), name=name, timeout=timeout, max_bytes=max_bytes)
    if "error" in answer:
        raise _ERRORS.get(answer["class"], SegcoreError)(answer["error"])
    return Intake.from_json(answer["intake"])


def _run_child(question: str, *, name: str, timeout: float, max_bytes: int | None) -> dict[str, Any]:
    import psutil

    limit = max_bytes or int(psutil.virtual_memory().available * _MEMORY_SHARE)
    process = subprocess.Popen(
        [sys.executable, "-m", "segcore.intake"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=Path(__file__).resolve().parents[1],
        start_new_session=True,
    )
    ended_for: list[str] = []
    watch = threading.Thread(target=_watch, args=(process, limit, time.monotonic() + timeout, ended_for), daemon=True)
    watch.start()
    try:
        output, _ = process.communicate(question)
    finally:
        _end(process)
        watch.join()
    if ended_for == ["memory"]:
        raise SourceError(f"{name} needs more memory than the {limit / 2**30:.1f} GiB that are free for it: give fewer rows or columns.")
    if ended_for == ["time"]:
        raise SourceError(f"Reading {name} took longer than {timeout:g} seconds: give fewer rows, or save it as Parquet.")
    try:
        return dict(json.loads(output))
    except ValueError:
        code = process.returncode
        how = signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"
        raise SourceError(f"Reading {name} crashed ({how}): the file may be damaged; save it again as CSV or Parquet.") from None


def _watch(process: subprocess.Popen[str], limit: int, deadline: float, ended_for: list[str]) -> None:
    """End the process where it holds too much memory or runs too long; ``ended_for`` then says which."""
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


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        process.wait()


def main() -> int:
    """Answer one request from standard input: ``{"intake": ...}``, or ``{"error": "one sentence", "class": ...}``."""
    question = json.loads(sys.stdin.read())
    request = DataRequest.from_json(question["request"])
    try:
        answer: dict[str, Any] = {"intake": take_in(Store(question["home"]), request).to_json()}
    except SegcoreError as error:
        answer = {"error": str(error), "class": type(error).__name__}
    except MemoryError:
        answer = {
            "class": "SourceError",
            "error": f"{request.name or request.data} needs more memory than there is: give fewer rows or columns.",
        }
    sys.stdout.write(json.dumps(answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
