"""The store: an SQLite index, and arrays and tables as files named by their content.

An object is written to a temporary file, flushed to disk and renamed before any row of the index names it. The index runs with
``synchronous=FULL``, so an acknowledged row survives a crash, and so does everything that it names.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segcore.errors import StoreError
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.grid import point_key
from segcore.records.preparation import Preparation
from segcore.records.purchases import Baskets, Purchases
from segcore.records.solution import Solution
from segcore.records.sweep import Sweep, SweepSpec
from segcore.records.taste import OF, Of
from segcore.store.index import Index
from segcore.system.digests import canonical_json
from segcore.system.private_files import make_folder, temporary_file
from segcore.wording.findings import refusal

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

# Fields of a feature table that are arrays by name.
_BY_NAME = ("filled", "sums")
_PURCHASES = ("starts", "items", "counts")
_BASKETS = {f"basket_{part}": part for part in ("items", "orders", "customers", "placed")}


class Store(Index):
    """Sweeps, feature tables, intakes and jobs on disk; safe to use from many processes and threads at once.

    Parameters
    ----------
    home : Path or None
        The store's directory, created if missing; ``None`` means ``default_home()``.

    Raises
    ------
    StoreError, DiskError
        If the directory cannot be used. From a full disk, what is there can still be read.
    """

    def object_path(self, name: str) -> Path:
        """Return the path of an object's file."""
        return self.home / "objects" / name[:2] / name

    def put_bytes(self, content: bytes | memoryview, suffix: str, *, head: bytes = b"") -> str:
        """Store ``head`` followed by ``content``, and return the object's name: its SHA-256 with ``suffix``."""
        digest = hashlib.sha256(head)
        digest.update(content)
        name = digest.hexdigest() + suffix
        path = self.object_path(name)
        try:
            if path.stat().st_size == len(head) + len(content):  # a truncated file is written again
                return name
        except OSError:
            pass
        try:
            _write_durably(self.temporary, path, head, content)
        except OSError as error:
            raise self._unusable(error, len(head) + len(content)) from error
        return name

    def put_array(self, array: np.ndarray) -> str:
        """Store an array of plain numbers as ``.npy``."""
        array = np.asarray(array, order="C")
        if array.dtype.hasobject:
            raise ValueError(f"Only plain numbers are stored (allow_pickle=False), got {array.dtype}.")
        head = io.BytesIO()
        np.lib.format.write_array_header_1_0(head, np.lib.format.header_data_from_array_1_0(array))
        # Hashed and written in place: a copy of the largest array might not fit into memory.
        return self.put_bytes(array.reshape(-1).view(np.uint8).data, ".npy", head=head.getvalue())

    def array(self, name: str, *, mapped: bool = True) -> np.ndarray:
        """Return a stored array, mapped into memory read-only, or read."""
        try:
            return np.load(self.object_path(name), mmap_mode="r" if mapped else None, allow_pickle=False)
        except (OSError, EOFError, ValueError) as error:
            raise self._lost(name, "load the data and run the sweep again") from error

    def put_frame(self, frame: pd.DataFrame) -> str:
        """Store a frame as Parquet."""
        buffer = io.BytesIO()
        frame.to_parquet(buffer, index=False)
        return self.put_bytes(buffer.getvalue(), ".parquet")

    def frame(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a stored frame, or those of ``columns`` that it has."""
        return self._table(name, columns).to_pandas()

    def check_frame(self, name: str) -> None:
        """Raise `StoreError` if a stored frame is lost or damaged."""
        self._table(name)

    def _table(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        from pyarrow.parquet import ParquetFile  # `read_table` imports what reads folders, and with it pandas

        try:
            with ParquetFile(self.object_path(name)) as file:
                kept = None if columns is None else [column for column in file.schema_arrow.names if column in columns]
                return file.read(kept)
        except (OSError, ValueError) as error:
            raise self._lost(name, "load the data again") from error

    def put_json(self, value: object) -> str:
        """Store a JSON-able value."""
        return self.put_bytes(canonical_json(value).encode(), ".json")

    def json(self, name: str) -> Any:
        """Return a stored JSON value."""
        try:
            return json.loads(self.object_path(name).read_bytes())
        except (OSError, ValueError) as error:
            raise self._lost(name, "load the data again") from error

    def _lost(self, name: str, remedy: str) -> StoreError:
        return StoreError(f"A file of the store at {self.home} is missing or damaged ({name}): {remedy}.")

    def put_feature_table(self, table: FeatureTable) -> str:
        """Store a feature table and return its name; equal tables have the same name."""
        import pandas as pd

        rows = pd.DataFrame({"customer_id": table.customers.astype(str), "copy": table.copies})
        if table.revenue is not None:
            rows["revenue"] = table.revenue
        return self.put_json(
            {
                "values": self.put_array(table.values),
                "rows": self.put_frame(rows),
                "profile": self.put_frame(pd.DataFrame(dict(table.profile))) if table.profile else None,
                "names": list(table.names),
                "dictionary": [entry.to_json() for entry in table.dictionary],
                "reference_date": table.reference_date,
                "fitted": dict(table.fitted),
                **({"described": list(table.described)} if table.described else {}),
                **({"worth": table.worth} if table.worth != "revenue" else {}),
                **{
                    part: {name: self.put_array(array) for name, array in arrays.items()}
                    for part in _BY_NAME
                    if (arrays := getattr(table, part))
                },
                **({"purchases": {what: self._put_purchases(found) for what, found in table.purchases.items()}} if table.purchases else {}),
            }
        )

    def feature_table(self, name: str, *, ids: bool = True, profile: bool = True) -> FeatureTable:
        """Return a stored feature table; its values are mapped into memory, read-only.

        Without ``ids``, the values are read instead, customer ids are blank and profile columns are omitted: for a process that needs
        neither and frees the values as soon as they are scaled. Without ``profile``, only the profile columns are omitted, which need
        pandas.
        """
        record = self.json(name)
        rows = self._table(record["rows"], None if ids else ["copy", "revenue"])
        columns = self.frame(record["profile"]) if ids and profile and record["profile"] else None

        def by_name(part: str) -> dict[str, np.ndarray]:
            return {name: self.array(array) for name, array in record.get(part, {}).items()} if ids else {}

        return FeatureTable(
            values=self.array(record["values"], mapped=ids),
            names=tuple(record["names"]),
            customers=_plain(rows["customer_id"], object) if ids else np.broadcast_to(np.array("", dtype=object), rows.num_rows),
            copies=_plain(rows["copy"], np.int32),
            dictionary=tuple(FeatureEntry.from_json(entry) for entry in record["dictionary"]),
            revenue=_plain(rows["revenue"], np.float64) if "revenue" in rows.column_names else None,
            profile={} if columns is None else {str(column): columns[column].to_numpy() for column in columns},
            worth=record.get("worth", "revenue"),
            described=tuple(record.get("described", ())),
            reference_date=record["reference_date"],
            fitted=record.get("fitted", {}),
            filled=by_name("filled"),
            sums=by_name("sums"),
        )

    def _put_purchases(self, found: Purchases) -> dict[str, str]:
        arrays = {name: self.put_array(getattr(found, name)) for name in _PURCHASES}
        titles = {} if found.titles is None else {"titles": self.put_json(list(found.titles))}
        baskets = {} if found.baskets is None else {name: self.put_array(getattr(found.baskets, part)) for name, part in _BASKETS.items()}
        return {"names": self.put_json(list(found.names)), **titles, **arrays, **baskets}

    def purchases(self, name: str, what: str) -> Purchases | None:
        """Return how often each customer of a stored feature table bought each ``item``, or from each ``category``.

        ``None`` where the data have no such column, and for tables of earlier versions.
        """
        record = self.json(name).get("purchases", {}).get(what)
        if record is None:
            return None
        titles = tuple(self.json(record["titles"])) if "titles" in record else None
        arrays = {part: self.array(record[part]) for part in _PURCHASES}
        there = _BASKETS.keys() <= record.keys()
        baskets = Baskets(**{part: self.array(record[stored]) for stored, part in _BASKETS.items()}) if there else None
        return Purchases(tuple(self.json(record["names"])), **arrays, titles=titles, baskets=baskets)

    def purchased(self, name: str) -> tuple[Of, ...]:
        """Return of what a stored feature table has `purchases`: ``item``, ``category``, both or neither."""
        return tuple(what for what in OF if what in self.json(name).get("purchases", {}))

    def check_feature_table(self, name: str) -> None:
        """Raise `StoreError` if a part of a stored feature table is lost or damaged."""
        record = self.json(name)
        for name in (record["values"], *_arrays_by_name(record)):
            self.array(name)
        for text in _texts_of(record):
            self.json(text)
        for part in (record["rows"], record["profile"]):
            if part:
                self.check_frame(part)

    def put_intake(self, key: str, record: Mapping[str, Any]) -> None:
        """Store the record of an intake under the digest of its request and the file's content."""
        with self._write() as index:
            index.execute("insert or replace into intakes values (?, ?, ?)", (key, _record(record), time.time()))

    def intake(self, key: str) -> dict[str, Any] | None:
        """Return the record of an earlier intake, or None."""
        row = self._one("select record from intakes where key = ?", key)
        return json.loads(row[0]) if row else None

    def copy_intake(self, key: str, source: Store) -> None:
        """Store the intake that another store has under ``key``, with its feature table and rows.

        Raises
        ------
        StoreError
            If a part of it is lost.
        """
        record = source.intake(key)
        if record is None:
            raise StoreError(f"The store at {source.home} has no intake {key[:12]}.")
        table = source.json(record["table"])
        parts = (
            record["table"],
            record["preview"],
            record["aside"],
            table["values"],
            table["rows"],
            table["profile"],
            *_arrays_by_name(table),
            *_texts_of(table),
        )
        for name in filter(None, parts):
            path = source.object_path(name)
            try:
                self.put_bytes(path.read_bytes(), path.suffix)
            except OSError as error:
                raise source._lost(name, "load the data again") from error
        self.put_intake(key, record)

    def add_sweep(self, spec: SweepSpec) -> str:
        """Store a sweep's specification and return its id; adding it again changes nothing, but lists it again if it was removed."""
        with self._write() as index:
            index.execute("delete from removed_sweeps where sweep = ?", (spec.id,))
            index.execute(
                "insert or ignore into sweeps (id, spec, created) values (?, ?, ?)", (spec.id, _record(spec.to_json()), time.time())
            )
        return spec.id

    def resolve(self, prefix: str) -> str:
        """Return the id of the one sweep that begins with ``prefix``.

        Raises
        ------
        StoreError
            If no sweep does, or more than one.
        """
        found = [row[0] for row in self._rows("select id from sweeps where substr(id, 1, ?) = ? limit 3", len(prefix), prefix.lower())]
        if len(found) == 1 and prefix:
            return str(found[0])
        if found:
            raise StoreError(f"More than one sweep begins with {prefix!r}: give more of its id.")
        raise StoreError(f"There is no sweep {prefix!r} in the store at {self.home}: 'segcore jobs list' lists the sweeps.")

    def sweep_ids(self, table: str | None = None) -> list[str]:
        """Return the ids of all sweeps that were not removed, or of those of one feature table, the newest first."""
        query = "select id from sweeps where id not in (select sweep from removed_sweeps) order by created desc, id"
        ids = [str(row[0]) for row in self._rows(query)]
        return ids if table is None else [found for found in ids if self.spec(found).table == table]

    def remove_sweep(self, sweep_id: str) -> None:
        """Leave a sweep out of lists; its results stay for the same question, and for `restore_sweep`."""
        with self._write() as index:
            index.execute("insert or ignore into removed_sweeps values (?)", (sweep_id,))

    def restore_sweep(self, sweep_id: str) -> None:
        """List a removed sweep again."""
        with self._write() as index:
            index.execute("delete from removed_sweeps where sweep = ?", (sweep_id,))

    def spec(self, sweep_id: str) -> SweepSpec:
        """Return a sweep's specification."""
        row = self._one("select spec from sweeps where id = ?", sweep_id)
        if row is None:
            raise StoreError(f"There is no sweep {sweep_id!r} in the store at {self.home}.")
        return SweepSpec.from_json(json.loads(row[0]))

    def put_preparation(self, sweep_id: str, preparation: Preparation) -> None:
        """Store the preparation that was fitted before clustering."""
        with self._write() as index:
            index.execute("update sweeps set preparation = ? where id = ?", (_record(preparation.to_json()), sweep_id))

    def put_summary(self, sweep_id: str, summary: Mapping[str, Any]) -> None:
        """Store the summary of a complete sweep: see ``Sweep.summary``."""
        with self._write() as index:
            index.execute("update sweeps set summary = ? where id = ?", (_record(summary), sweep_id))

    def put_solution(self, sweep_id: str, position: int, solution: Solution) -> bool:
        """Store a solution so that it survives any crash once this returns; return False if the point already had one."""
        record = {
            "solution": solution.to_json(),
            "labels": None if solution.labels is None else self.put_array(solution.labels),
            "arrays": {name: self.put_array(array) for name, array in solution.arrays.items()},
        }
        with self._write() as index:
            done = index.execute("insert or ignore into points values (?, ?, ?)", (sweep_id, position, _record(record)))
        return done.rowcount == 1

    def sweep(self, sweep_id: str) -> Sweep:
        """Return a sweep with its finished solutions, without their labels and arrays."""
        spec = self.spec(sweep_id)
        preparation, summary = self._rows("select preparation, summary from sweeps where id = ?", sweep_id)[0]
        solutions: list[Solution | None] = [None] * len(spec.points)
        for position, record in self._rows("select position, record from points where sweep = ?", sweep_id):
            solutions[position] = Solution.from_json(json.loads(record)["solution"])
        return Sweep(
            id=sweep_id,
            spec=spec,
            solutions=tuple(solutions),
            preparation=Preparation.from_json(json.loads(preparation)) if preparation else None,
            summary=json.loads(summary) if summary else {},
        )

    def solution(self, sweep_id: str, position: int) -> Solution:
        """Return one solution with its labels and arrays.

        Raises
        ------
        StoreError
            If the solution is not finished, or its arrays are damaged; a damaged one is deleted, and the sweep computes it again.
        """
        row = self._one("select record from points where sweep = ? and position = ?", sweep_id, position)
        if row is None:
            raise StoreError(f"Solution {position + 1} of sweep {sweep_id[:12]} is not finished: wait for the sweep, or resume it.")
        record = json.loads(row[0])
        try:
            labels = None if record["labels"] is None else self.array(record["labels"])
            arrays = {name: self.array(array) for name, array in record["arrays"].items()}
        except StoreError as error:
            if isinstance(error.__cause__, FileNotFoundError | EOFError | ValueError):
                # A damaged solution must go: otherwise the same question would get this error for ever.
                with self._write() as index:
                    index.execute("delete from points where sweep = ? and position = ? and record = ?", (sweep_id, position, row[0]))
            raise
        return Solution.from_json(record["solution"], labels=labels, arrays=arrays)

    def labelled_solution(self, sweep_id: str, position: int) -> Solution:
        """Return one solution with its labels and arrays, which must have labels.

        Raises
        ------
        StoreError
            If the solution is not finished, has no labels, or its arrays are damaged.
        """
        found = self.solution(sweep_id, position)
        if found.labels is None:
            raise refusal("export.no_segments", kind=StoreError, point=point_key(found.params), reason=found.reason)
        return found

    def name_sweep(self, sweep_id: str, name: str) -> None:
        """Store the analyst's name for a sweep; an empty name removes it."""
        with self._write() as index:
            if name.strip():
                index.execute("insert or replace into sweep_names values (?, ?)", (sweep_id, name.strip()))
            else:
                index.execute("delete from sweep_names where sweep = ?", (sweep_id,))

    def sweep_name(self, sweep_id: str) -> str | None:
        """Return the name that the analyst gave to a sweep."""
        row = self._one("select name from sweep_names where sweep = ?", sweep_id)
        return None if row is None else str(row[0])

    def name_segment(self, sweep_id: str, point: str, segment: int, name: str) -> None:
        """Store the analyst's name for a segment; an empty name removes it. ``point`` is the solution's ``grid.point_key``."""
        with self._write() as index:
            if name.strip():
                index.execute("insert or replace into segment_names values (?, ?, ?, ?)", (sweep_id, point, segment, name.strip()))
            else:
                index.execute("delete from segment_names where sweep = ? and point = ? and segment = ?", (sweep_id, point, segment))

    def segment_names(self, sweep_id: str, point: str) -> dict[int, str]:
        """Return the names that the analyst gave to a solution's segments."""
        rows = self._rows("select segment, name from segment_names where sweep = ? and point = ?", sweep_id, point)
        return {int(segment): str(name) for segment, name in rows}

    def all_segment_names(self, sweep_id: str) -> dict[str, dict[int, str]]:
        """Return the names that the analyst gave to the segments of each solution of a sweep, by the solution's ``grid.point_key``."""
        found: dict[str, dict[int, str]] = {}
        for point, segment, name in self._rows("select point, segment, name from segment_names where sweep = ?", sweep_id):
            found.setdefault(str(point), {})[int(segment)] = str(name)
        return found


def _plain(column: pa.ChunkedArray, dtype: type) -> np.ndarray:
    """Return a column as an array; pyarrow's own ``to_numpy`` imports pandas, which takes longer than a small table."""
    return np.array(column.to_pylist(), dtype=dtype)


def _write_durably(temporary: Path, path: Path, *parts: bytes | memoryview) -> None:
    make_folder(path.parent)
    with temporary_file(temporary) as (written, file):
        for part in parts:
            file.write(part)
        file.flush()
        os.fsync(file.fileno())
        written.rename(path)
    for directory in (path.parent, path.parent.parent):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _texts_of(record: Mapping[str, Any]) -> list[str]:
    """Return the objects with names and titles of items in a feature table's record."""
    learned = _learned(record)
    names = [found[part] for found in record.get("purchases", {}).values() for part in ("names", "titles") if part in found]
    return [*names, *([learned["items"]] if learned else [])]


def _learned(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what was fitted to learn features from items, of a feature table's record; empty if none was."""
    fitted = record.get("fitted", {})
    found: Mapping[str, Any] = fitted.get("taste") or fitted.get("vectors") or {}
    return found


def _arrays_by_name(record: Mapping[str, Any]) -> list[str]:
    """Return the names of the arrays that a stored feature table has under names of their own."""
    by_name = [array for part in _BY_NAME for array in record.get(part, {}).values()]
    learned = _learned(record)
    by_name += [learned[part] for part in ("loadings", "idf", "counts", "output", "input") if part in learned]
    bought = record.get("purchases", {}).values()
    return by_name + [found[part] for found in bought for part in (*_PURCHASES, *_BASKETS) if part in found]


def _record(value: object) -> str:
    """Return JSON text with keys in their given order, so that a point's parameters keep the order in which they were given."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
