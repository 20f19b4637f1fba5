"""Identifiers: text, one spelling each."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from segcore.dataset import Note
from segcore.sources.text import Where, as_text, missing_to_null


@dataclass(frozen=True, slots=True, eq=False)
class Ids:
    """A column of identifiers.

    Parameters
    ----------
    values : pyarrow Array of large_string
        Null where missing.
    notes : tuple of Note
        What was unified, with counts and the first example.
    """

    values: pa.Array
    notes: tuple[Note, ...] = ()


def read_ids(column: pa.ChunkedArray | pa.Array, *, name: str, where: Where) -> Ids:
    """Read a column of identifiers."""
    return Ids(as_ids(column))


def as_ids(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return identifiers as text: leading zeros stay, ``17850.0`` and ``17850`` are one.

    ``.0`` stays where another id of the column has a true fraction, since ids such as 1.0 and 1.1 are then versions of something.
    """
    text = missing_to_null(as_text(column))
    whole = pc.match_substring_regex(text, r"^-?\d+\.0+$")
    if not pc.any(whole).as_py() or pc.any(pc.match_substring_regex(text, r"^-?\d+\.\d*[1-9]\d*$")).as_py():
        return text
    return pc.if_else(whole, pc.replace_substring_regex(text, r"\.0+$", ""), text)
