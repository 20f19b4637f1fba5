"""Fingerprint of a data set: equal for equal content."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns.text import bytes_of, written
from segcore.data.meaning.roles import Meaning


def fingerprint(rows: pa.Table, meaning: Meaning) -> str:
    """Return the SHA-256 of the role columns' values in file order; for customer tables, of all columns' values."""
    content = hashlib.sha256(f"{meaning.kind}\x1e{sorted(meaning.roles.items())}\x1e{rows.num_rows}".encode())
    for name in rows.column_names:
        column = rows[name].combine_chunks()
        column = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
        content.update(f"\x1e{name}\x1e".encode())
        content.update(pc.is_valid(column).to_numpy(zero_copy_only=False).tobytes())
        if pa.types.is_floating(column.type):
            content.update((pc.fill_null(column, 0.0).to_numpy(zero_copy_only=False).astype(np.float64) + 0.0).tobytes())
        elif pa.types.is_timestamp(column.type):
            content.update(pc.fill_null(pc.cast(column, pa.timestamp("us"), safe=False).cast(pa.int64()), 0).to_numpy().tobytes())
        else:
            # Text has been trimmed where it was typed.
            text = pc.fill_null(written(column), "")
            content.update(pc.binary_length(text).to_numpy(zero_copy_only=False).astype(np.int64).tobytes())
            content.update(bytes_of(text).data)
    return content.hexdigest()
