"""Fingerprint of a data set: equal for equal content."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns.text import bytes_of, written
from segcore.data.meaning.roles import Meaning

_ROWS = 1 << 20


class Fingerprint:
    """SHA-256 of the role columns' values in file order; for customer tables, of all columns' values.

    Parameters
    ----------
    meaning : Meaning

    Notes
    -----
    Each column has digests of its own, so that rows can be added piece by piece: the pieces make no difference.
    """

    def __init__(self, meaning: Meaning) -> None:
        self._meaning, self._n_rows = meaning, 0
        self._columns: dict[str, Any] = defaultdict(hashlib.sha256)

    def add(self, rows: pa.Table) -> None:
        """Add rows in canonical types, in the order of the file."""
        self._n_rows += rows.num_rows
        for name in rows.column_names:
            for part in _parts(rows[name]):
                for what, values in _contents(part):
                    self._columns[f"{name}\x1e{what}"].update(values)

    def hexdigest(self) -> str:
        """Return the fingerprint of all rows added."""
        content = hashlib.sha256(f"{self._meaning.kind}\x1e{sorted(self._meaning.roles.items())}\x1e{self._n_rows}".encode())
        for name, column in self._columns.items():
            content.update(f"\x1e{name}\x1e".encode() + column.digest())
        return content.hexdigest()


def _contents(part: pa.Array) -> Iterator[tuple[str, Any]]:
    """Yield the bytes of an array's values by what they are."""
    yield "there", pc.is_valid(part).to_numpy(zero_copy_only=False).tobytes()
    if pa.types.is_floating(part.type):
        yield "numbers", (pc.fill_null(part, 0.0).to_numpy(zero_copy_only=False).astype(np.float64) + 0.0).tobytes()
    elif pa.types.is_timestamp(part.type):
        yield "times", pc.fill_null(pc.cast(part, pa.timestamp("us"), safe=False).cast(pa.int64()), 0).to_numpy().tobytes()
    else:
        # Text has been trimmed where it was typed.
        text = pc.fill_null(written(part), "")
        yield "lengths", pc.binary_length(text).to_numpy(zero_copy_only=False).astype(np.int64).tobytes()
        yield "texts", bytes_of(text).data


def _parts(column: pa.ChunkedArray) -> list[pa.Array]:
    """Return a column in parts, so that what is hashed is not copied as a whole: that of 20 million rows is half a gigabyte."""
    return [chunk.slice(first, _ROWS) for chunk in column.chunks for first in range(0, len(chunk), _ROWS)]
