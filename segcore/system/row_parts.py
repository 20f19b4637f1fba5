"""Row parts: rows in Parquet files of bounded size, all rows with the same key in the same file, which a lazy frame library reads."""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from segcore.system.frames import LAZY, scanning
from segcore.system.local_spark import PLAIN
from segcore.system.private_files import private_opener, temporary_file, temporary_folder

ROWS_A_PART = 2_000_000
_ALIGNED = 8
ROW = "row"
"""The column with each row's number in the source, int64: a lazy frame has no order of its own."""


class RowParts:
    """Rows in Parquet files, all rows with the same key in the same file.

    Parameters
    ----------
    folder : Path
        Private, empty.
    scan : callable
        Returns a Parquet file as a lazy frame: see `segcore.system.frames.scanning`; or the path itself, where another process reads it.
    rows_a_part : int
        About how many rows a file is to have, at least 1. One with a frequent key has more.
    """

    def __init__(self, folder: Path, scan: Callable[[Path], Any], rows_a_part: int) -> None:
        self.folder, self.scan, self.rows_a_part = folder, scan, rows_a_part
        self._files: contextlib.ExitStack = contextlib.ExitStack()
        self._writers: list[pq.ParquetWriter | None] = []
        self._paths: list[Path] = []

    def clear(self, n_rows: int) -> None:
        """Begin with no rows, with as many files as ``n_rows`` rows need."""
        self.close()
        for path in self._paths:
            path.unlink(missing_ok=True)
        self._writers = [None] * max(1, -(-n_rows // self.rows_a_part))
        self._paths = [self.folder / f"{part}.parquet" for part in range(len(self._writers))]

    def add(self, rows: pa.Table, key: str) -> None:
        """Append rows in canonical types, with the column ``ROW``.

        Parameters
        ----------
        rows : pyarrow Table
            Always the same columns.
        key : str
            A column of text without nulls.
        """
        of_rows = _part_of(rows[key], len(self._writers))
        order = pa.array(np.argsort(of_rows, kind="stable"))
        ordered, sizes = rows.take(order), np.bincount(of_rows, minlength=len(self._writers))
        for part, (end, size) in enumerate(zip(np.cumsum(sizes).tolist(), sizes.tolist(), strict=True)):
            if size:
                self._writer(part, rows.schema).write_table(ordered.slice(end - size, size))

    def close(self) -> None:
        """Complete the files."""
        self._files.close()

    def frames(self) -> tuple[Any, ...]:
        """Return the files as lazy frames."""
        self.close()
        return tuple(self.scan(path) for path, writer in zip(self._paths, self._writers, strict=True) if writer is not None)

    def _writer(self, part: int, schema: pa.Schema) -> pq.ParquetWriter:
        writer = self._writers[part]
        if writer is None:
            file = open(self._paths[part], "xb", opener=private_opener)  # noqa: SIM115 (open until all rows are there)
            self._files.enter_context(file)
            writer = self._writers[part] = self._files.enter_context(pq.ParquetWriter(file, schema, compression="lz4"))
        return writer


class ArraysOnDisk:
    """One-dimensional arrays of plain numbers in one unnamed file, mapped into memory read-only.

    Parameters
    ----------
    arrays : sequence of ndarray
    folder : Path
        Where the file is.
    """

    def __init__(self, arrays: Sequence[np.ndarray], folder: Path) -> None:
        begins = []
        with temporary_file(folder) as (_, file):
            for array in arrays:
                file.write(bytes(-file.tell() % _ALIGNED))
                begins.append(file.tell())
                file.write(np.ascontiguousarray(array).data)
            file.write(bytes(_ALIGNED))  # an empty file cannot be mapped
            file.flush()
            self._content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.arrays = [
            np.frombuffer(self._content, array.dtype, len(array), begin) if len(array) else array
            for array, begin in zip(arrays, begins, strict=True)
        ]

    def let_go(self) -> None:
        """Keep nothing of the file in this process's memory until it is read again."""
        self._content.madvise(mmap.MADV_DONTNEED)


@contextlib.contextmanager
def row_parts(frames: str) -> Iterator[RowParts | None]:
    """Yield where to put rows for a lazy library, in a private temporary folder that is deleted afterwards; ``None`` for others.

    Raises
    ------
    SparkError
        If Spark cannot be started, or fails inside the ``with`` block.
    """
    if frames not in LAZY:
        yield None
        return
    with temporary_folder(prefix="rows-", fits=PLAIN.fullmatch) as folder, scanning(frames) as scan:
        parts = RowParts(folder, scan, ROWS_A_PART)
        try:
            yield parts
        finally:
            parts.close()


def _part_of(keys: pa.ChunkedArray, n: int) -> np.ndarray:
    """Return the part of each row by a hash of its key, the same in every process."""
    if n == 1:
        return np.zeros(len(keys), dtype=np.int64)
    encoded = (keys.combine_chunks() if isinstance(keys, pa.ChunkedArray) else keys).dictionary_encode()
    hashes = pd.util.hash_array(encoded.dictionary.to_numpy(zero_copy_only=False), categorize=False)
    return (hashes % np.uint64(n)).astype(np.int64)[pc.cast(encoded.indices, pa.int64()).to_numpy()]
