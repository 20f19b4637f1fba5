"""Size of Parquet texts: stored once, they may take far more memory than the file when each row gets a copy."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from segcore.data.files.compression import BOMB_BYTES, BOMB_RATIO
from segcore.data.files.csv.structure import MAX_VALUE
from segcore.errors import SourceError
from segcore.wording.findings import refusal

_PIECE = 2**26  # bytes of text that are expanded at a time


def swollen_texts(metadata: pq.FileMetaData) -> tuple[str, ...]:
    """Return the text columns that, by the file's metadata, may exceed ``BOMB_BYTES`` or hold a value longer than ``MAX_VALUE``.

    A dictionary-encoded chunk may hold its longest value in every row.
    """
    found = []
    for column in range(metadata.num_columns):
        for group in range(metadata.num_row_groups):
            chunk = metadata.row_group(group).column(column)
            if chunk.physical_type != "BYTE_ARRAY" or "." in chunk.path_in_schema:
                break
            size = chunk.total_uncompressed_size
            if size > MAX_VALUE or (chunk.has_dictionary_page and size * chunk.num_values > BOMB_BYTES):
                found.append(chunk.path_in_schema)
                break
    return tuple(found)


def spread_texts(column: pa.ChunkedArray, file: str, name: str, packed: int) -> pa.ChunkedArray:
    """Return dictionary-encoded texts expanded to one per row; other texts unchanged.

    Parameters
    ----------
    column : ChunkedArray
    file, name : str
        Names of the file and the column.
    packed : int
        Bytes of the file.

    Raises
    ------
    DataError
        If a value is longer than ``MAX_VALUE``.
    SourceError
        If all together take more than ``BOMB_BYTES`` and ``BOMB_RATIO`` times the file.
    """
    if not pa.types.is_dictionary(column.type):
        return column
    kind, total = column.type.value_type, 0
    pieces: list[pa.Array] = []
    row = 0
    for chunk in column.chunks:
        lengths = pc.fill_null(pc.binary_length(chunk.dictionary), 0).to_numpy(zero_copy_only=False)
        held = pc.fill_null(pc.cast(chunk.indices, pa.int64()), -1).to_numpy(zero_copy_only=False)
        taken = np.append(lengths, 0)[held].astype(np.int64)
        longest = int(taken.max(initial=0))
        if longest > MAX_VALUE:
            place = row + int(taken.argmax()) + 1
            raise refusal("parquet.long_value", file=file, column=name, row=place, size=longest, most=MAX_VALUE)
        total += int(taken.sum())
        if total > max(BOMB_BYTES, BOMB_RATIO * packed):
            raise refusal("parquet.bomb", kind=SourceError, file=file, column=name, ratio=BOMB_RATIO)
        step = max(1, _PIECE // max(1, longest))
        pieces += [pc.take(chunk.dictionary, chunk.indices.slice(at, step)) for at in range(0, len(chunk), step)]
        row += len(chunk)
    return pa.chunked_array(pieces, kind)
