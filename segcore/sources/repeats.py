"""Rows that repeat an earlier one in every column of the source."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from segcore.sources.columns import as_text
from segcore.sources.raw import Raw

MOST_ROWS = 3_000_000  # that are searched for repeats where nobody asked to set them aside
_ODD = np.uint64(0x9E3779B97F4A7C15)
_NULL = np.uint64(0xD6E8FEB86659FD93)


def repeats_earlier(raw: Raw) -> np.ndarray:
    """Return which rows repeat an earlier one, value by value as written, bool, shape (n_rows,).

    Notes
    -----
    Each row is mixed into 64 bits, column by column, so that memory stays at 8 bytes a row beside one column: of three million different
    rows, two are taken for one with a probability below one in four million.
    """
    keys = np.zeros(raw.n_rows, dtype=np.uint64)
    for name in raw.names:
        keys ^= _bits(raw.column(name))
        # Multiplying and folding carries every bit of one column over all bits before the next comes in (Steele et al. 2014, SplitMix).
        keys *= _ODD
        keys ^= keys >> np.uint64(29)
    return np.asarray(pd.Series(keys).duplicated())


def _bits(column: pa.ChunkedArray) -> np.ndarray:
    """Return 64 bits for each value, the same for the same value of the column and no other."""
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date64(kind) or pa.types.is_time64(kind):
        column = column.cast(pa.int64())
    elif pa.types.is_date32(kind) or pa.types.is_time32(kind):
        column = column.cast(pa.int32())
    kind = column.type
    if pa.types.is_float64(kind) or pa.types.is_float32(kind) or pa.types.is_integer(kind):
        missing = column.null_count > 0
        zero = pa.scalar(0, kind)
        values = (column.fill_null(zero) if missing else column).to_numpy()
        wide = (
            values.astype(np.float64).view(np.uint64) if values.dtype.kind == "f" else values.astype(np.int64, copy=False).view(np.uint64)
        )
        if missing:
            wide = np.where(column.is_null().to_numpy(), _NULL, wide)
        return wide
    # The place of a text among the different ones of its column is as good as a hash of it, and never the same for two.
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind)):
        column = pa.chunked_array([as_text(column)])
    encoded = column if pa.types.is_dictionary(column.type) else pc.dictionary_encode(column, null_encoding="encode")
    encoded = encoded.unify_dictionaries() if isinstance(encoded, pa.ChunkedArray) else encoded
    indices = [chunk.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64) for chunk in encoded.chunks]
    return np.concatenate(indices).view(np.uint64) if indices else np.zeros(0, dtype=np.uint64)
