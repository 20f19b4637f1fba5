"""Rows that repeat an earlier one in every column of the source."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from segcore.data.columns.text import as_text
from segcore.data.files.raw import Raw

MOST_ROWS = 3_000_000  # above this, repeats are searched only if they are to be set aside
_TELLING = ("customer", "order", "time", "item", "quantity", "price", "amount", "rating")
_NULL = np.uint64(0xD6E8FEB86659FD93)


def repeats_earlier(raw: Raw, roles: Mapping[str, str]) -> np.ndarray:
    """Return which rows repeat an earlier one, comparing values as written, bool, shape (n_rows,).

    Parameters
    ----------
    raw : Raw
    roles : mapping of role to column name
        If the columns most likely to differ already make all rows distinct, the others are not read.

    Notes
    -----
    Each row is hashed to 64 bits, column by column, so that memory stays at 8 bytes per row and one column: of three million different
    rows, two count as equal with a probability below one in four million.
    """
    keys = np.zeros(raw.n_rows, dtype=np.uint64)
    telling = [roles[role] for role in _TELLING if role in roles]
    others = [name for name in raw.names if name not in telling]
    repeated = np.zeros(raw.n_rows, dtype=bool)
    for names in (telling, others):
        for name in names:
            # Hashing spreads the bits of one column over all 64 before those of the next are added.
            keys = pd.util.hash_array(keys ^ _bits(raw.column(name)))
        repeated = np.asarray(pd.Series(keys).duplicated())
        if names and not repeated.any():
            break
    return repeated


def _bits(column: pa.ChunkedArray) -> np.ndarray:
    """Return 64 bits for each value, equal exactly for equal values of the column."""
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date64(kind) or pa.types.is_time64(kind):
        column = column.cast(pa.int64())
    elif pa.types.is_date32(kind) or pa.types.is_time32(kind):
        column = column.cast(pa.int32())
    kind = column.type
    if pa.types.is_float64(kind) or pa.types.is_float32(kind) or pa.types.is_integer(kind):
        values = (column.fill_null(pa.scalar(0, kind)) if column.null_count else column).to_numpy()
        wide = values.astype(np.float64 if values.dtype.kind == "f" else np.int64, copy=False).view(np.uint64)
        return np.where(column.is_null().to_numpy(), _NULL, wide) if column.null_count else wide
    # A text's position among the distinct texts of its column serves as a hash without collisions.
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        column = pa.chunked_array([as_text(column)])
    encoded = column.dictionary_encode().unify_dictionaries()
    places = [chunk.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False) for chunk in encoded.chunks]
    return np.concatenate(places).view(np.uint64) if places else np.zeros(0, dtype=np.uint64)
