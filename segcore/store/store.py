"""The store: an SQLite index, and arrays and tables as files named by their content.

An object is written to a temporary file, flushed to disk and renamed before any row of the index names it. The index runs with
``synchronous=FULL``, so an acknowledged row survives a crash, as does everything that it names.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from segcore.errors import StoreError
from segcore.records.evidence import sound_piece
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.finding import Remedy
from segcore.records.grid import point_key
from segcore.records.preparation import Preparation
from segcore.records.purchases import Baskets, Purchases
from segcore.records.shapes import check_fields
from segcore.records.solution import NOISE, Solution
from segcore.records.sweep import Sweep, SweepSpec, check_summary
from segcore.records.taste import OF, Of
from segcore.store.content import EXTRACTS, UPLOADS, check_content, is_sound
from segcore.store.damage import damage, if_readable, reading, record_from
from segcore.store.disk import naming_disk, store_error
from segcore.store.index import Index
from segcore.system.digests import canonical_json, digest, mapping, plain_values
from segcore.system.private_files import make_folder, temporary_file
from segcore.wording.findings import refusal
from segcore.wording.store import Lost

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

# Fields of a feature table that are mappings of names to arrays.
_BY_NAME = ("filled", "sums")
_PURCHASES = ("starts", "items", "counts")
_SHOWN = 12
"""Number of letters of an id in sentences, enough to identify it."""
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
        If the directory cannot be used. On a full disk, existing results can still be read.
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
        if is_sound(path):  # a damaged file is written again
            return name
        try:
            _write_durably(self.temporary, path, head, content)
        except OSError as error:
            raise store_error(error, self.home, needed=len(head) + len(content)) from error
        return name

    def put_upload(self, content: bytes | memoryview, ending: str) -> Path:
        """Keep an uploaded file under the SHA-256 of its content, with an ending such as ``.csv``, and return its path."""
        path = self.home / UPLOADS / f"{hashlib.sha256(content).hexdigest()}{ending}"
        if not is_sound(path):  # a damaged file is written again
            with naming_disk(self.home, holder="home", needed=len(content)):
                _write_durably(self.temporary, path, content)
        return path

    def put_extract(self, written: Path) -> Path:
        """Keep a Parquet file with rows of a database under the SHA-256 of its content, and return its path.

        ``written`` is a temporary file of this store, which is moved.
        """
        with naming_disk(self.home, holder="home"), written.open("rb") as file:
            path = self.home / EXTRACTS / f"{hashlib.file_digest(file, 'sha256').hexdigest()}.parquet"
            if not is_sound(path):  # a damaged file is written again
                os.fsync(file.fileno())
                make_folder(path.parent)
                written.rename(path)
        return path

    def extract(self, name: str) -> Path | None:
        """Return the path of an extract by its file's name; ``None`` if it is missing or damaged."""
        path = self.home / EXTRACTS / Path(name).name
        return path if is_sound(path) else None

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
        with self._object(name) as path:
            return np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)

    @contextlib.contextmanager
    def _object(self, name: str) -> Iterator[Path]:
        """Yield the path of an object whose content was checked; report errors in reading it as its loss."""
        with reading(lambda: damage("file", "ask_again", name=str(name)[:_SHOWN])):
            path = self.object_path(name)
            check_content(path)
            yield path

    def check_objects(self, names: Iterable[str]) -> None:
        """Raise `StoreError` if one of these objects is missing or damaged."""
        for name in names:
            with self._object(name):
                pass

    def put_frame(self, frame: pd.DataFrame) -> str:
        """Store a frame as Parquet."""
        buffer = io.BytesIO()
        frame.to_parquet(buffer, index=False)
        return self.put_bytes(buffer.getvalue(), ".parquet")

    def frame(self, name: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a stored frame, or only those of ``columns`` that it has."""
        return self._table(name, columns).to_pandas()

    def _table(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        from pyarrow.parquet import ParquetFile  # `read_table` imports the code that reads folders, and with it pandas

        with self._object(name) as path, ParquetFile(path) as file:
            kept = None if columns is None else [column for column in file.schema_arrow.names if column in columns]
            return file.read(kept)

    def put_json(self, value: object) -> str:
        """Store a JSON-able value."""
        return self.put_bytes(canonical_json(value).encode(), ".json")

    def json(self, name: str) -> Any:
        """Return a stored JSON value."""
        with self._object(name) as path:
            return plain_values(path.read_bytes())

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
        with reading(lambda: self._lost_table(name)):
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

        ``None`` if the data have no such column, and for tables of earlier versions.
        """
        with reading(lambda: self._lost_table(name, "purchases")):
            record = self.json(name).get("purchases", {}).get(what)
            if record is None:
                return None
            titles = tuple(self.json(record["titles"])) if "titles" in record else None
            arrays = {part: self.array(record[part]) for part in _PURCHASES}
            there = _BASKETS.keys() <= record.keys()
            baskets = Baskets(**{part: self.array(record[stored]) for stored, part in _BASKETS.items()}) if there else None
            return Purchases(tuple(self.json(record["names"])), **arrays, titles=titles, baskets=baskets)

    def purchased(self, name: str) -> tuple[Of, ...]:
        """Return the kinds of `purchases` in a stored feature table: ``item``, ``category``, both or neither."""
        with reading(lambda: self._lost_table(name)):
            return tuple(what for what in OF if what in self.json(name).get("purchases", {}))

    def check_feature_table(self, name: str) -> None:
        """Raise `StoreError` if a part of a stored feature table is lost or damaged."""
        with reading(lambda: self._lost_table(name)):
            self.check_objects(_parts_of(self.json(name)))

    def _lost_table(self, name: str, what: Lost = "table") -> StoreError:
        """Build the error for a damaged feature table, with the name of its data and the sweep whose repair makes it again."""
        of_sweep = (
            "select id, json_extract(spec, '$.data.name') from sweeps "
            "where json_valid(spec) and json_extract(spec, '$.table') = ? order by number desc limit 1"
        )
        of_data = (
            "select json_extract(record, '$.intake.data.name') from intakes "
            "where json_valid(record) and json_extract(record, '$.intake.table') = ? limit 1"
        )
        swept = self._one(of_sweep, name)
        if swept is not None:
            return damage(what, Remedy("repair_sweep", {"sweep": swept[0][:_SHOWN]}), data=str(swept[1]))
        loaded = self._one(of_data, name)
        return damage(what, "load_again", data="the data" if loaded is None else str(loaded[0]))

    def put_intake(self, key: str, record: Mapping[str, Any]) -> None:
        """Store the record of an intake under the digest of its request and the file's content."""
        with self._write() as index:
            index.execute("insert or replace into intakes values (?, ?, ?)", (key, _record(record), time.time()))

    def intake(self, key: str) -> dict[str, Any] | None:
        """Return the record of an earlier intake; ``None`` if there is none, or it is damaged and has to be made again."""
        row = self._one("select record from intakes where key = ?", key)
        return None if row is None else if_readable(lambda: mapping(row[0]))

    def is_damaged_intake(self, key: str) -> bool:
        """Tell whether a key has a record that cannot be read."""
        return self.intake(key) is None and self._one("select 1 from intakes where key = ?", key) is not None

    def copy_intake(self, key: str, source: Store) -> None:
        """Store the intake that another store has under ``key``, with its feature table and rows.

        Raises
        ------
        StoreError
            If a part of the intake is lost.
        """
        record = source.intake(key)
        if record is None:
            raise StoreError(f"The store at {source.home} has no intake {key[:12]}.")
        with reading(lambda: damage("table", "load_again", data="the data")):
            parts = [record["table"], record["preview"], record["aside"], *_parts_of(source.json(record["table"]))]
            for name in filter(None, parts):
                with source._object(name) as path:
                    self.put_bytes(path.read_bytes(), path.suffix)
        self.put_intake(key, record)

    def add_sweep(self, spec: SweepSpec) -> str:
        """Store a sweep's specification and return its id; adding it again changes nothing, except that a removed sweep is listed again."""
        with self._write() as index:
            index.execute("delete from removed_sweeps where sweep = ?", (spec.id,))
            index.execute(
                "insert or ignore into sweeps (id, spec, created, number) "
                "values (?, ?, ?, (select coalesce(max(number), 0) + 1 from sweeps))",
                (spec.id, _record(spec.to_json()), time.time()),
            )
            if if_readable(lambda: self.spec(spec.id)) is None:
                index.execute("update sweeps set spec = ? where id = ?", (_record(spec.to_json()), spec.id))
        return spec.id

    def resolve(self, prefix: str) -> str:
        """Return the id of the only sweep whose id begins with ``prefix``.

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

    def has_sweep(self, sweep_id: str) -> bool:
        """Tell whether there is a sweep of this id."""
        return self._one("select 1 from sweeps where id = ?", sweep_id) is not None

    def sweep_ids(self, table: str | None = None) -> list[str]:
        """Return the ids of all sweeps that were not removed, or only of those of one feature table, the newest first."""
        query = "select id from sweeps where id not in (select sweep from removed_sweeps) order by number desc, id"
        ids = [str(row[0]) for row in self._rows(query)]
        return ids if table is None else [found for found, spec in self.specs(ids).items() if spec.table == table]

    def specs(self, ids: Iterable[str]) -> dict[str, SweepSpec]:
        """Return the specifications of sweeps by id, in the order given, without damaged ones."""
        found = {sweep_id: if_readable(partial(self.spec, sweep_id)) for sweep_id in ids}
        return {sweep_id: spec for sweep_id, spec in found.items() if spec is not None}

    def remove_sweep(self, sweep_id: str) -> None:
        """Leave a sweep out of lists; its results stay for repeated sweeps and for `restore_sweep`."""
        with self._write() as index:
            index.execute("insert or ignore into removed_sweeps values (?)", (sweep_id,))

    def restore_sweep(self, sweep_id: str) -> None:
        """List a removed sweep again."""
        with self._write() as index:
            index.execute("delete from removed_sweeps where sweep = ?", (sweep_id,))

    def spec(self, sweep_id: str) -> SweepSpec:
        """Return a sweep's specification.

        Raises
        ------
        StoreError
            If there is no such sweep, or its specification is damaged.
        """
        row = self._one("select spec from sweeps where id = ?", sweep_id)
        if row is None:
            raise StoreError(f"There is no sweep {sweep_id!r} in the store at {self.home}.")
        with reading(lambda: damage("settings", "same_sweep", sweep=sweep_id[:_SHOWN])):
            return record_from(SweepSpec.from_json, row[0])

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
        record["sha256"] = digest([sweep_id, position, record])
        with self._write() as index:
            done = index.execute("insert or ignore into points values (?, ?, ?)", (sweep_id, position, _record(record)))
        return done.rowcount == 1

    def sweep(self, sweep_id: str) -> Sweep:
        """Return a sweep with its finished solutions, without their labels and arrays.

        Raises
        ------
        StoreError
            If there is no such sweep, or a part of it is damaged.
        """
        spec = self.spec(sweep_id)
        preparation, summary = self._rows("select preparation, summary from sweeps where id = ?", sweep_id)[0]
        solutions: list[Solution | None] = [None] * len(spec.points)
        for position, stored in self._rows(
            "select position, record from points where sweep = ? and typeof(position) = 'integer'", sweep_id
        ):
            with reading(partial(self._lost, "solution", sweep_id, position)):
                solutions[position] = _solution_of(stored, sweep_id, position)[0]
        return Sweep(
            id=sweep_id,
            spec=spec,
            solutions=tuple(solutions),
            preparation=self._preparation(sweep_id, preparation),
            summary=self._summary(sweep_id, summary),
        )

    def _preparation(self, sweep_id: str, stored: str | None) -> Preparation | None:
        with reading(lambda: self._lost("preparation", sweep_id)):
            return None if stored is None else record_from(Preparation.from_json, stored)

    def _summary(self, sweep_id: str, stored: str | None) -> dict[str, Any]:
        with reading(lambda: self._lost("summary", sweep_id)):
            found = {} if stored is None else mapping(stored)
            check_summary(found)
        return found

    def _lost(self, what: Lost, sweep_id: str, position: int | None = None) -> StoreError:
        """Build the error for a damaged part of a sweep, or of one of its solutions."""
        whose = {"sweep": sweep_id[:_SHOWN]}
        if position is not None:
            points = self.spec(sweep_id).points
            whose["point"] = point_key(points[position]) if 0 <= position < len(points) else f"number {position + 1}"
        return damage(what, Remedy("repair_sweep", {"sweep": sweep_id[:_SHOWN]}), **whose)

    def solution(self, sweep_id: str, position: int) -> Solution:
        """Return one solution with its labels and arrays.

        Raises
        ------
        StoreError
            If the solution is not finished, or it or its arrays are damaged.
        """
        row = self._one("select record from points where sweep = ? and position = ?", sweep_id, position)
        if row is None:
            raise StoreError(f"Solution {position + 1} of sweep {sweep_id[:12]} is not finished: wait for the sweep, or resume it.")
        with reading(lambda: self._lost("solution", sweep_id, position)):
            found, kept, parts = _solution_of(row[0], sweep_id, position)
        with reading(lambda: self._lost("labels", sweep_id, position)):
            labels = None if kept is None else self.array(kept)
            if labels is not None and not _are_labels_of(found, labels):
                raise ValueError("these are not the labels of this solution")
        with reading(lambda: self._lost("model", sweep_id, position)):
            arrays = {name: self.array(array) for name, array in parts.items()}
        return replace(found, labels=labels, arrays=arrays)

    def forget_damaged(self, sweep_id: str) -> int:
        """Delete the damaged parts of a sweep, so that running it again computes only these; return their number.

        Checks its solutions, each with labels and arrays, its pieces of evidence, its preparation and its summary; for a sweep that is not
        in the store, nothing.

        Raises
        ------
        StoreError
            If its specification is damaged (`add_sweep` stores it again), or if a file cannot be read for a reason that is not damage; then
            nothing is deleted.
        """
        row = self._one("select preparation, summary from sweeps where id = ?", sweep_id)
        if row is None:
            return 0
        n_points = len(self.spec(sweep_id).points)
        damaged = [
            position
            for (position,) in self._rows("select position from points where sweep = ?", sweep_id)
            if not isinstance(position, int)
            or not 0 <= position < n_points
            or if_readable(partial(self.solution, sweep_id, position)) is None
        ]
        judged = if_readable(lambda: (self._preparation(sweep_id, row[0]), bool(self._summary(sweep_id, row[1])) or row[1] is None))
        with self._write() as index:
            index.executemany("delete from points where sweep = ? and position = ?", [(sweep_id, position) for position in damaged])
            index.executemany("delete from attempts where sweep = ? and position = ?", [(sweep_id, position) for position in damaged])
            if judged is None or not judged[1]:
                index.execute("update sweeps set preparation = null, summary = null where id = ?", (sweep_id,))
        dropped = self.drop_damaged_evidence(sweep_id, n_points=n_points)
        return len(damaged) + dropped + (judged is None or not judged[1])

    def drop_damaged_evidence(self, sweep_id: str, *, n_points: int) -> int:
        """Delete the damaged pieces of evidence on a sweep, so that they are gathered again; return their number."""
        damaged = [
            (sweep_id, part, number)
            for part, pieces in self.evidence(sweep_id).items()
            for number, piece in pieces.items()
            if if_readable(partial(sound_piece, part, piece, n_points=n_points)) is None
        ]
        with self._write() as index:
            index.executemany("delete from evidence where sweep = ? and part = ? and number = ?", damaged)
        return len(damaged)

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
        return {segment: name for segment, name in rows if _is_name(segment, name)}

    def keep_segment_colours(self, sweep_id: str, point: str, places: Mapping[int, int]) -> None:
        """Store which colours a solution's segments keep from an earlier solution, by position; they replace those stored before."""
        with self._write() as index:
            index.execute("delete from segment_colours where sweep = ? and point = ?", (sweep_id, point))
            rows = [(sweep_id, point, segment, place) for segment, place in places.items()]
            index.executemany("insert into segment_colours values (?, ?, ?, ?)", rows)

    def segment_colours(self, sweep_id: str, point: str) -> dict[int, int]:
        """Return the positions of the colours that a solution's segments keep from an earlier solution; all other colours go by size."""
        rows = self._rows("select segment, place from segment_colours where sweep = ? and point = ?", sweep_id, point)
        return {segment: place for segment, place in rows if isinstance(segment, int) and isinstance(place, int) and place >= 0}

    def all_segment_names(self, sweep_id: str) -> dict[str, dict[int, str]]:
        """Return the names that the analyst gave to the segments of each solution of a sweep, by the solution's ``grid.point_key``."""
        found: dict[str, dict[int, str]] = {}
        for point, segment, name in self._rows("select point, segment, name from segment_names where sweep = ?", sweep_id):
            if _is_name(segment, name):
                found.setdefault(str(point), {})[segment] = name
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
        if path.is_dir():  # in place of a lost file; nothing can be renamed to a directory
            shutil.rmtree(path)
        written.rename(path)
    for directory in (path.parent, path.parent.parent):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _solution_of(stored: str, sweep_id: str, position: int) -> tuple[Solution, str | None, Mapping[str, str]]:
    """Return a solution without labels and arrays, and the names of the objects with these, from the record of its point."""
    found = mapping(stored)
    kept = found.pop("sha256", None)
    if kept is not None and kept != digest([sweep_id, position, found]):  # earlier versions stored no digest
        raise ValueError("the solution is not what was stored")
    solution = Solution.from_json(found["solution"])
    check_fields(solution)
    if len(solution.sizes) != len(solution.segments):
        raise ValueError("a solution has as many sizes as segments")
    return solution, found["labels"], dict(found["arrays"])


def _are_labels_of(solution: Solution, labels: np.ndarray) -> bool:
    """Tell whether labels have the segments, sizes and noise of a solution."""
    if labels.dtype.kind != "i" or labels.shape != (sum(solution.sizes) + solution.n_noise,):
        return False
    counts = np.bincount(labels - NOISE)
    found = {label + NOISE: int(counts[label]) for label in np.flatnonzero(counts).tolist()}
    return found.pop(NOISE, 0) == solution.n_noise and found == dict(zip(solution.segments, solution.sizes, strict=True))


def _is_name(segment: object, name: object) -> bool:
    """Tell whether a row is the name of a segment; a damaged row counts as no name, and naming the segment again replaces it."""
    return isinstance(segment, int) and isinstance(name, str)


def _parts_of(record: Mapping[str, Any]) -> list[str]:
    """Return the names of all objects of a stored feature table, except its record."""
    tables = [part for part in (record["rows"], record["profile"]) if part]
    return [record["values"], *tables, *_arrays_by_name(record), *_texts_of(record)]


def _texts_of(record: Mapping[str, Any]) -> list[str]:
    """Return the objects with names and titles of items in a feature table's record."""
    learned = _learned(record)
    names = [found[part] for found in record.get("purchases", {}).values() for part in ("names", "titles") if part in found]
    return [*names, *([learned["items"]] if learned else [])]


def _learned(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fitted values of features learned from items, from a feature table's record; empty if there are no such features."""
    fitted = record.get("fitted", {})
    found: Mapping[str, Any] = fitted.get("taste") or fitted.get("vectors") or {}
    return found


def _arrays_by_name(record: Mapping[str, Any]) -> list[str]:
    """Return the names of the stored arrays in the mappings of a feature table."""
    by_name = [array for part in _BY_NAME for array in record.get(part, {}).values()]
    learned = _learned(record)
    by_name += [learned[part] for part in ("loadings", "idf", "counts", "output", "input") if part in learned]
    bought = record.get("purchases", {}).values()
    return by_name + [found[part] for found in bought for part in (*_PURCHASES, *_BASKETS) if part in found]


def _record(value: object) -> str:
    """Return JSON text with keys in their given order, so that a point's parameters keep the order in which they were given."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
