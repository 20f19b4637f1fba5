"""Fingerprint of a data set: equal for equal content."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns.text import bytes_of, written
from segcore.data.meaning.roles import Meaning

_ROWS = 1 << 20


def fingerprint(rows: pa.Table, meaning: Meaning) -> str:
    """Return the SHA-256 of the role columns' values in file order; for customer tables, of all columns' values."""
    content = hashlib.sha256(f"{meaning.kind}\x1e{sorted(meaning.roles.items())}\x1e{rows.num_rows}".encode())
    for name in rows.column_names:
        content.update(f"\x1e{name}\x1e".encode())
        parts = _parts(rows[name])
        for part in parts:
            content.update(pc.is_valid(part).to_numpy(zero_copy_only=False).tobytes())
        if pa.types.is_floating(rows[name].type):
            for part in parts:
                content.update((pc.fill_null(part, 0.0).to_numpy(zero_copy_only=False).astype(np.float64) + 0.0).tobytes())
        elif pa.types.is_timestamp(rows[name].type):
            for part in parts:
                content.update(pc.fill_null(pc.cast(part, pa.timestamp("us"), safe=False).cast(pa.int64()), 0).to_numpy().tobytes())
        else:
            # Text has been trimmed where it was typed.
            for part in parts:
                text = pc.fill_null(written(part), "")
                content.update(pc.binary_length(text).to_numpy(zero_copy_only=False).astype(np.int64).tobytes())
            for part in parts:
                content.update(bytes_of(pc.fill_null(written(part), "")).data)
    return content.hexdigest()


def _parts(column: pa.ChunkedArray) -> list[pa.Array]:
    """Return a column in parts, so that what is hashed is not copied as a whole: that of 20 million rows is half a gigabyte."""
    return [chunk.slice(first, _ROWS) for chunk in column.chunks for first in range(0, len(chunk), _ROWS)]
