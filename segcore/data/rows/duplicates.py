"""Rows that repeat an earlier one in every column of the source."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa

from segcore.data.columns.role_values import as_text
from segcore.data.files.raw import Raw

MOST_ROWS = 3_000_000  # that are searched for repeats where nobody asked to set them aside
_TELLING = ("customer", "order", "time", "item", "quantity", "price", "amount", "rating")
_ODD = np.uint64(0x9E3779B97F4A7C15)
_NULL = np.uint64(0xD6E8FEB86659FD93)


def repeats_earlier(raw: Raw, roles: Mapping[str, str]) -> np.ndarray:
    """Return which rows repeat an earlier one, value by value as written, bool, shape (n_rows,).

    Parameters
    ----------
    raw : Raw
    roles : mapping of role to column name
        Where the columns that most likely tell one row from another do, the others are not even read.

    Notes
    -----
    Each row is mixed into 64 bits, column by column, so that memory stays at 8 bytes a row beside one column: of three million different
    rows, two are taken for one with a probability below one in four million.
    """
    keys = np.zeros(raw.n_rows, dtype=np.uint64)
    telling = [roles[role] for role in _TELLING if role in roles]
    others = [name for name in raw.names if name not in telling]
    repeated = np.zeros(raw.n_rows, dtype=bool)
    for names in (telling, others):
        for name in names:
            keys ^= _bits(raw.column(name))
            # Multiplying and folding carries every bit of one column over all bits before the next comes in (Steele et al. 2014, SplitMix).
            keys *= _ODD
            keys ^= keys >> np.uint64(29)
        repeated = np.asarray(pd.Series(keys).duplicated())
        if names and not repeated.any():
            break
    return repeated


def _bits(column: pa.ChunkedArray) -> np.ndarray:
    """Return 64 bits for each value, the same for the same value of the column and no other."""
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
    # The place of a text among the different ones of its column is as good as a hash of it, and never the same for two.
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        column = pa.chunked_array([as_text(column)])
    encoded = column.dictionary_encode().unify_dictionaries()
    places = [chunk.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False) for chunk in encoded.chunks]
    return np.concatenate(places).view(np.uint64) if places else np.zeros(0, dtype=np.uint64)
