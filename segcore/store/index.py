"""The store's SQLite index: jobs, and which points of a sweep are finished; it imports no numerical library.

``Store`` adds the objects that the rows name. The supervisor of a sweep needs only this part, and so starts in a tenth of the time.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from segcore.errors import SegcoreError, StoreError
from segcore.store.disk import disk_error, store_error
from segcore.store.home import TEMPORARY, make_private
from segcore.system.digests import canonical_json, mapping
from segcore.system.private_files import (
    drop_leftovers,
    drop_leftovers_elsewhere,
    keep_temporary_files_in,
    make_folder,
    private_opener,
)

_SCHEMA = """
create table if not exists sweeps (
    id text primary key, spec text not null, created real not null, preparation text, summary text, number integer);
create table if not exists points (
    sweep text not null, position integer not null, record text not null, primary key (sweep, position));
create table if not exists attempts (
    sweep text not null, position integer not null, count integer not null, primary key (sweep, position));
create table if not exists evidence (
    sweep text not null, part text not null, number integer not null, attempts integer not null default 0, record text,
    primary key (sweep, part, number));
create table if not exists segment_names (
    sweep text not null, point text not null, segment integer not null, name text not null, primary key (sweep, point, segment));
create table if not exists segment_colours (
    sweep text not null, point text not null, segment integer not null, place integer not null, primary key (sweep, point, segment));
create table if not exists sweep_names (sweep text primary key, name text not null);
create table if not exists removed_sweeps (sweep text primary key);
create table if not exists intakes (
    key text primary key, record text not null, used real not null);
create table if not exists jobs (
    id text primary key, kind text not null, title text not null, spec text not null, state text not null, created real not null,
    started real, finished real, total integer not null, progress integer not null default 0, message text, result text,
    number integer, finding text);
"""
_VERSION = 2
"""Version of the index. A higher one is not opened, because this segcore would not keep that version's guarantees."""
# For version 0, in which the order was that of the clock, which may be set back.
_TO_VERSION_1 = (
    "alter table sweeps add column number integer",
    "alter table jobs add column number integer",
    "alter table jobs add column finding text",
    "update sweeps set number = place from "
    "(select id as of, row_number() over (order by created, id desc) as place from sweeps) where id = of",
    "update jobs set number = place from (select id as of, row_number() over (order by created, id) as place from jobs) where id = of",
)
_NEXT_JOB = "(select coalesce(max(number), 0) + 1 from jobs)"
_SUMMARY = "iif(json_valid(summary), summary, null)"  # a damaged summary is ignored here; the code that reads it reports it
_JOB_FIELDS = {"state", "created", "started", "finished", "message", "result", "title", "total", "progress", "spec", "finding"}
_JOB_JSON = ("spec", "result", "finding")
_JOB_COLUMNS = (
    *("id", "kind", "title", "spec", "state", "created", "started", "finished", "total", "message", "result", "number", "finding"),
    *("done", "gathered"),
)
_JOB_NUMBERS = ("created", "started", "finished", "total", "number", "done", "gathered")
_MOST = 32_503_680_000  # the year 3000, in seconds
_JOB_QUERY = (
    "select id, kind, title, spec, state, created, started, finished, total, message, result, number, finding, "
    "case kind when 'sweep' then (select count(*) from points where sweep = jobs.id) else progress end as done, "
    "(select count(*) from evidence where sweep = jobs.id and record is not null) as gathered from jobs"
)
_BUSY_SECONDS = 30
_swept: set[tuple[int, str]] = set()
_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_MAKING_SECONDS = 1.0


def default_home() -> Path:
    """Return the store's directory: ``SEGCORE_HOME``, else the user's data directory.

    Raises
    ------
    StoreError
        If it depends on a home directory that the user does not have.
    """
    asked = os.environ.get("SEGCORE_HOME")
    try:
        if asked:
            return Path(asked).expanduser()
        import platformdirs

        return Path(platformdirs.user_data_dir("segcore"))
    except RuntimeError as error:
        from segcore.wording.findings import refusal

        raise refusal("home.unknown", kind=StoreError, asked=asked or None) from error


class _ThreadsOwn:
    """Connection of one thread, closed when the thread ends.

    A plain connection is part of a reference cycle: a server, which has a thread for each run of a page, would keep hundreds open until the
    next garbage collection.
    """

    def __init__(self, index: sqlite3.Connection) -> None:
        self.index, self.process = index, os.getpid()

    def __del__(self) -> None:
        if self.process == os.getpid():  # a forked process must not touch its parent's connection
            self.index.close()


class Index:
    """Rows of a store; safe to use from many processes and threads at once.

    Parameters
    ----------
    home : Path or None
        The store's directory, created for this user only if missing (see ``make_private``); ``None`` means ``default_home()``.
    is_own : bool
        Whether this process keeps its temporary files here too; false for a store that is only copied from.

    Raises
    ------
    StoreError, DiskError
        If the directory cannot be used, or cannot be made private. On a full disk, existing results can still be read.
    """

    def __init__(self, home: Path | str | None = None, *, is_own: bool = True) -> None:
        self.home = Path(home) if home is not None else default_home()
        self._local = threading.local()
        try:
            make_private(self.home)
            make_folder(self.home / "objects")
            self._check_emptied()
        except OSError as error:
            raise store_error(error, self.home) from error
        self._make_tables()
        if is_own:
            keep_temporary_files_in(self.temporary)
        start = (os.getpid(), str(self.home))
        if start not in _swept:
            _swept.add(start)
            self.drop_leftovers()
            drop_leftovers_elsewhere()

    @property
    def temporary(self) -> Path:
        """Folder of temporary files, each of which belongs to a living process; see ``segcore.system.private_files``."""
        return self.home / TEMPORARY

    def _check_emptied(self) -> None:
        """Raise if the index is empty in a store with objects; an index that another process is just creating has content in a moment."""
        deadline = time.monotonic() + _MAKING_SECONDS
        path = self.home / "index.db"
        while path.is_file() and path.stat().st_size == 0 and any((self.home / "objects").iterdir()):
            if time.monotonic() > deadline:
                raise self._index_damaged("it is empty")
            time.sleep(0.02)

    def _make_tables(self) -> None:
        """Create missing parts of the index: everything in a new index, some tables and columns in one of an earlier version."""
        with self._write() as index:
            if self._version(index) >= _VERSION:
                return
            index.execute("begin immediate")
            try:
                version = self._version(index)
                if version < _VERSION:  # otherwise another process has done this in the meantime
                    is_of_0 = version == 0 and index.execute("select 1 from sqlite_master where name = 'sweeps'").fetchone() is not None
                    more = _TO_VERSION_1 if is_of_0 else ()
                    for statement in (*_SCHEMA.strip().split(";"), *more, f"pragma user_version = {_VERSION}"):
                        index.execute(statement)
                index.execute("commit")
            except BaseException:
                index.execute("rollback")
                raise

    def _version(self, index: sqlite3.Connection) -> int:
        """Return the version of the index, 0 for a new one.

        Raises
        ------
        StoreError
            If a newer segcore created it.
        """
        version = int(index.execute("pragma user_version").fetchone()[0])
        if version > _VERSION:
            from segcore.wording.findings import refusal

            raise refusal("store.newer", kind=StoreError, home=str(self.home), version=version)
        return version

    def _damaged(self, error: Exception) -> SegcoreError | None:
        """Return the error for a damaged index; ``None`` if ``error`` has another cause."""
        code = getattr(error, "sqlite_errorcode", None)
        damaged = code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        return self._index_damaged(str(error)) if damaged else None

    def _index_damaged(self, reason: str) -> SegcoreError:
        from segcore.wording.findings import refusal  # what supervises a job does not need the sentences

        return refusal("store.index_damaged", kind=StoreError, index=str(self.home / "index.db"), reason=reason)

    def drop_leftovers(self) -> int:
        """Delete temporary files of ended processes, and return their number; happens when a process first uses a store."""
        return 0 if self.temporary.is_symlink() else drop_leftovers(self.temporary)  # the target of a link does not belong to the store

    def _index(self) -> sqlite3.Connection:
        alone: sqlite3.Connection | None = getattr(self._local, "alone", None)
        if alone is not None:
            return alone
        known: _ThreadsOwn | None = getattr(self._local, "index", None)
        if known is not None and known.process == os.getpid():
            return known.index
        path = self.home / "index.db"
        if not path.exists():  # SQLite gives its log the same permissions
            os.close(private_opener(str(path), os.O_RDWR | os.O_CREAT))
        # The thread that drops the last reference closes the connection, which may be another thread.
        index = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            _write_ahead(index)
            index.execute("pragma synchronous=full")
        except BaseException:
            index.close()
            raise
        self._local.index = _ThreadsOwn(index)
        return index

    @contextlib.contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        try:
            with contextlib.ExitStack() as stack:
                try:
                    index = self._index()
                except sqlite3.Error as error:
                    if not self._is_closed() and disk_error(error, self.home, holder="home") is None:
                        raise
                    index = stack.enter_context(self._index_of_full_disk())
                yield index
        except sqlite3.Error as error:
            raise self._damaged(error) or store_error(error, self.home) from error

    def _is_closed(self) -> bool:
        """Tell whether nothing can be created in the store's directory, because of its disk or its permissions."""
        return bool(os.statvfs(self.home).f_flag & os.ST_RDONLY) or not os.access(self.home, os.W_OK)

    @contextlib.contextmanager
    def _index_of_full_disk(self) -> Iterator[sqlite3.Connection]:
        """Open the index for one access, and for those that this thread makes meanwhile: two connections would wait for each other."""
        self._local.alone = index = self._opened_alone()
        try:
            yield index
        finally:
            self._local.alone = None
            index.close()

    def _opened_alone(self) -> sqlite3.Connection:
        """Open the index if SQLite cannot create the files that processes share, so that it can still be read."""
        path = self.home / "index.db"
        log = path.with_name("index.db-wal")
        if self._is_closed() and not (log.exists() and log.stat().st_size):
            # Nobody can change it. The content of a log would be missed.
            return sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True, isolation_level=None)
        index = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        index.execute("pragma locking_mode=exclusive")  # shared state is then in memory; others wait until this connection is closed
        return index

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._write() as index:
            return index.execute(query, values).fetchall()

    def _one(self, query: str, *values: object) -> tuple[Any, ...] | None:
        rows = self._rows(query, *values)
        return rows[0] if rows else None

    def positions(self, sweep_id: str) -> set[int]:
        """Return the positions of a sweep's finished points."""
        rows = self._rows("select position from points where sweep = ? and typeof(position) = 'integer'", sweep_id)
        return {int(row[0]) for row in rows}

    def is_complete(self, sweep_id: str) -> bool:
        """Tell whether every point of a sweep has its solution, and the sweep its summary."""
        row = self._one(
            "select summary is not null and json_array_length(iif(json_valid(spec), spec, '{}'), '$.points') "
            "= (select count(*) from points where sweep = sweeps.id) from sweeps where id = ?",
            sweep_id,
        )
        return row is not None and bool(row[0])

    def begin_attempt(self, sweep_id: str, position: int) -> int:
        """Count one more attempt at a point without a solution, and return the attempt's number, from 1."""
        with self._write() as index:
            row = index.execute(
                "insert into attempts values (?, ?, 1) on conflict (sweep, position) do update set count = count + 1 returning count",
                (sweep_id, position),
            ).fetchone()
        return int(row[0])

    def attempts(self, sweep_id: str) -> dict[int, int]:
        """Return the number of attempts at each point that has no solution yet."""
        rows = self._rows(
            "select position, count from attempts where sweep = ? "
            "and not exists (select 1 from points where points.sweep = attempts.sweep and points.position = attempts.position)",
            sweep_id,
        )
        return {int(position): int(count) for position, count in rows}

    def evidence(self, sweep_id: str) -> dict[str, dict[int, Any]]:
        """Return the records of a sweep's evidence, by part and number; see ``segcore.sweeps.evidence.gather``.

        A record that cannot be read is ``None``.
        """
        found: dict[str, dict[int, Any]] = {}
        query = "select part, number, record from evidence where sweep = ? and record is not null order by part, number"
        for part, number, record in self._rows(query, sweep_id):
            found.setdefault(str(part), {})[int(number)] = _mapping(record)
        return found

    def begin_evidence(self, sweep_id: str, part: str, number: int) -> int:
        """Count one more attempt at a piece of evidence, and return the attempt's number, from 1."""
        with self._write() as index:
            row = index.execute(
                "insert into evidence (sweep, part, number, attempts) values (?, ?, ?, 1) "
                "on conflict (sweep, part, number) do update set attempts = attempts + 1 returning attempts",
                (sweep_id, part, number),
            ).fetchone()
        return int(row[0])

    def evidence_attempts(self, sweep_id: str) -> dict[tuple[str, int], int]:
        """Return the number of attempts at each piece of evidence, by part and number, that was begun and is not stored."""
        query = "select part, number, attempts from evidence where sweep = ? and record is null and attempts > 0"
        return {(str(part), int(number)): int(count) for part, number, count in self._rows(query, sweep_id)}

    def put_evidence(self, sweep_id: str, part: str, number: int, record: object) -> None:
        """Store a piece of evidence, JSON-able, unless it is stored already."""
        with self._write() as index:
            index.execute(
                "insert into evidence (sweep, part, number, record) values (?, ?, ?, ?) "
                "on conflict (sweep, part, number) do update set record = coalesce(record, excluded.record)",
                (sweep_id, part, number, canonical_json(record)),
            )

    def evidence_level(self, sweep_id: str) -> str | None:
        """Return how much evidence has been gathered: "auto", "all", or ``None`` if gathering is unfinished or was never requested."""
        row = self._one(f"select json_extract({_SUMMARY}, '$.evidence.level') from sweeps where id = ?", sweep_id)
        return None if row is None or row[0] is None else str(row[0])

    def evidence_counts(self, sweep_id: str) -> tuple[int, int, int]:
        """Return the numbers of placebos, resamples and splits in the summary of a sweep."""
        names = ("placebos", "resamples", "splits")
        fields = ", ".join(f"ifnull(json_extract({_SUMMARY}, '$.evidence.{name}'), 0)" for name in names)
        placebos, resamples, splits = self._one(f"select {fields} from sweeps where id = ?", sweep_id) or (0, 0, 0)
        return int(placebos), int(resamples), int(splits)

    def forget_failed(self, sweep_id: str) -> int:
        """Delete failed solutions and pieces of evidence, and all counted attempts, so that they are tried again; return the number."""
        with self._write() as index:
            dropped = index.execute(
                "delete from points where sweep = ? and json_valid(record) and json_extract(record, '$.solution.status') = 'failed'",
                (sweep_id,),
            ).rowcount
            index.execute("delete from attempts where sweep = ?", (sweep_id,))
            index.execute("update sweeps set summary = null where id = ? and ? > 0", (sweep_id, dropped))
            # Evidence concerns the whole grid, so if solutions change, all of it is gathered again.
            failed = index.execute(
                "delete from evidence where sweep = ? and (? > 0 or (json_valid(record) and json_extract(record, '$.reason') is not null))",
                (sweep_id, dropped),
            ).rowcount
        self.forget_evidence_attempts(sweep_id)
        return int(dropped) + int(failed)

    def forget_evidence_attempts(self, sweep_id: str) -> None:
        """Set the attempts at each piece of evidence that is not stored yet to 0."""
        with self._write() as index:
            index.execute("update evidence set attempts = 0 where sweep = ? and record is null", (sweep_id,))

    def put_job(self, job_id: str, *, kind: str, title: str, spec: Mapping[str, Any], total: int, state: str) -> None:
        """Add a job, or reset an existing one to ``state`` with a new place in the queue.

        ``spec`` is a benchmark's whole specification; for a sweep, which has its own row, it says how to run it (``jobs.start_sweep``).
        """
        with self._write() as index:
            index.execute(
                "insert into jobs (id, kind, title, spec, state, created, total, number) "
                f"values (?, ?, ?, ?, ?, ?, ?, {_NEXT_JOB}) on conflict (id) do update "
                "set spec = excluded.spec, state = excluded.state, created = excluded.created, total = excluded.total, "
                "number = excluded.number, "
                "started = null, finished = null, message = null, finding = null, result = null, progress = 0",
                (job_id, kind, title, canonical_json(spec), state, time.time(), total),
            )

    def update_job(self, job_id: str, *, only_from: Sequence[str] = (), **fields: Any) -> bool:
        """Change fields of a job: state, started, finished, message, progress (of a benchmark), result and finding (JSON-able).

        With ``only_from``, the job is changed only if it is in one of these states. Returns whether it was changed.
        """
        unknown = set(fields) - _JOB_FIELDS
        if unknown:
            raise ValueError(f"A job has no field {', '.join(sorted(unknown))}.")
        for name in _JOB_JSON:
            if fields.get(name) is not None:
                fields[name] = canonical_json(fields[name])
        query = f"update jobs set {', '.join(f'{name} = ?' for name in fields)} where id = ?"
        if only_from:
            query += f" and state in ({', '.join('?' for _ in only_from)})"
        with self._write() as index:
            return index.execute(query, (*fields.values(), job_id, *only_from)).rowcount == 1

    def queue_again(self, job_id: str) -> None:
        """Put a running job at the end of the queue."""
        with self._write() as index:
            index.execute(
                f"update jobs set state = 'queued', created = ?, number = {_NEXT_JOB} where id = ? and state = 'running'",
                (time.time(), job_id),
            )

    def drop_job(self, job_id: str) -> None:
        """Delete a job's row; its results stay."""
        with self._write() as index:
            index.execute("delete from jobs where id = ?", (job_id,))

    def job_rows(self, limit: int = 50) -> list[dict[str, Any]]:
        """Return the newest jobs, each with ``done``: the finished points of a sweep, fits of a benchmark, or steps.

        ``spec``, ``result`` or ``finding`` is ``None`` if it is damaged: `job_row` reports it.
        """
        return [_job(row) for row in self._rows(f"{_JOB_QUERY} order by number desc limit ?", limit)]

    def jobs_in(self, states: Sequence[str]) -> list[dict[str, Any]]:
        """Return the jobs in any of the ``states``, in queue order; see `job_rows`."""
        marks = ", ".join("?" for _ in states)
        return [_job(row) for row in self._rows(f"{_JOB_QUERY} where state in ({marks}) order by number, id", *states)]

    def job_row(self, job_id: str) -> dict[str, Any]:
        """Return one job.

        Raises
        ------
        StoreError
            If there is no such job, or its request or its result is damaged.
        """
        row = self._one(f"{_JOB_QUERY} where id = ?", job_id)
        if row is None:
            raise StoreError(f"There is no job {job_id!r} in the store at {self.home}.")
        job, stored = _job(row), dict(zip(_JOB_COLUMNS, row, strict=True))
        damaged = [name for name in ("spec", "result") if job[name] is None and stored[name] is not None]
        if damaged and not (damaged == ["result"] and job["kind"] == "sweep"):  # for a sweep, the result in the row is only the pace
            from segcore.store.damage import damage

            raise damage("job" if "spec" in damaged else "result", "start_again", title=str(job["title"]))
        return job

    def is_readable_job(self, job_id: str) -> bool:
        """Tell whether the job exists and is undamaged."""
        try:
            self.job_row(job_id)
        except StoreError:
            return False
        return True

    def job_ids(self, prefix: str) -> list[str]:
        """Return the ids that begin with ``prefix``, at most three, without rows that only hold a place in the queue."""
        query = "select id from jobs where substr(id, 1, ?) = ? and kind <> 'turn' limit 3"
        return [str(row[0]) for row in self._rows(query, len(prefix), prefix.lower())]

    def job_state(self, job_id: str) -> str | None:
        """Return the state in a job's row; ``None`` for an unknown job."""
        row = self._one("select state from jobs where id = ?", job_id)
        return str(row[0]) if row else None


def _job(row: tuple[Any, ...]) -> dict[str, Any]:
    job = dict(zip(_JOB_COLUMNS, row, strict=True))
    job.update({name: _mapping(job[name]) for name in _JOB_JSON})
    if not all(_is_amount(job[name]) for name in _JOB_NUMBERS):
        job.update({name: job[name] if _is_amount(job[name]) else 0 for name in _JOB_NUMBERS}, spec=None)
    return job


def _is_amount(value: object) -> bool:
    """Tell whether a value of a job's row is a possible count or time, or is missing."""
    return value is None or (isinstance(value, int | float) and 0 <= value < _MOST)


def _mapping(text: str | None) -> dict[str, Any] | None:
    """Return a stored JSON object; ``None`` if there is none, or it is damaged."""
    try:
        return None if text is None else mapping(text)
    except (ValueError, TypeError, RecursionError):
        return None


def _write_ahead(index: sqlite3.Connection) -> None:
    # SQLite waits for other processes, except to change the journal's mode.
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            index.execute("pragma journal_mode=wal")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode not in _LOCKED or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
