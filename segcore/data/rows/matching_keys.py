"""Keys of second tables: the column whose ids are those of the data's customers or items, and the row of each id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns import inferred_type
from segcore.data.columns.ids import as_ids
from segcore.data.columns.text import true_of, written
from segcore.data.files.raw import Raw
from segcore.data.meaning.header_names import plain
from segcore.data.meaning.role_guesses import SAMPLE_ROWS
from segcore.data.rows.duplicates import repeats_earlier
from segcore.records.finding import Remedy
from segcore.wording.findings import refusal

_ENOUGH = 0.5  # of the ids on one side must match before a column with another name is used


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """Ids that a second table is matched to.

    Parameters
    ----------
    of : {"customers", "items"}
    data : str
        Name of the data, for messages.
    column : str
        The data's column with the ids.
    ids : pyarrow Array of large_string
        Each once, without null; spelled as `as_ids` does.
    """

    of: str
    data: str
    column: str
    ids: pa.Array


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """Key of a second table.

    Parameters
    ----------
    column : str
    ids : pyarrow Array of large_string, shape (n_rows,)
        Null where missing.
    found : int
        Number of the wanted ids that have a row.
    zeros : int
        Number of those without a row that would have one if leading zeros did not count.
    """

    column: str
    ids: pa.Array
    found: int
    zeros: int = 0


def find_key(table: Raw, wanted: Wanted, *, asked: str | None = None) -> Key:
    """Find the column of a second table that holds the wanted ids.

    Parameters
    ----------
    table : Raw
    wanted : Wanted
    asked : str or None
        The column that the analyst named.

    Raises
    ------
    DataError
        If the named column does not exist, nothing matches, or two rows for one id differ.

    Notes
    -----
    A column named like the data's is used if any of its ids match. Otherwise the column with the most matches is used, those with all
    values different first, if at least half of the ids on one of the two sides match: small numbers match by chance.
    """
    remedy = Remedy("second_key", {"of": wanted.of})
    if asked is not None and asked not in table.names:
        raise refusal("second.no_column", remedy=remedy, file=table.name, column=asked, names=list(table.names))
    alike = [asked] if asked is not None else namesakes(table.names, wanted.column)
    keys = [_key(table, name, wanted) for name in alike]
    found = next((key for key in keys if key.found), None)
    if found is None and asked is None:
        others = [_key(table, name, wanted) for name in _candidates(table) if name not in alike]
        found = max((key for key in others if _enough(key, wanted)), key=lambda key: (_all_differ(key), key.found), default=None)
    if found is None:
        tried = alike or _candidates(table) or list(table.names)
        raise _no_match(table, wanted, tried, remedy)
    _refuse_contradictions(table, found, wanted.of)
    return replace(found, zeros=_but_for_zeros(found.ids, wanted))


def rows_of_ids(ids: pa.Array | pa.ChunkedArray, known: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return the position of each id among ``known``, int32; null where it is not there. Both have one type."""
    known = known.combine_chunks() if isinstance(known, pa.ChunkedArray) else known
    found = pc.index_in(ids, value_set=known, skip_nulls=True)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def namesakes(names: Sequence[str], column: str) -> list[str]:
    """Return the columns of the same name, then those that differ only in capitals, spaces and signs."""
    exact = [name for name in names if name == column]
    return exact + [name for name in names if name != column and plain(name) and plain(name) == plain(column)]


def _candidates(table: Raw) -> list[str]:
    head = table.head(SAMPLE_ROWS)
    return [name for name in table.names if inferred_type.may_be_id(head[name], name) and not inferred_type.has_fractions(head[name])]


def _key(table: Raw, name: str, wanted: Wanted) -> Key:
    ids = as_ids(table.column(name))
    return Key(name, ids, int(true_of(pc.is_in(wanted.ids, value_set=ids, skip_nulls=True)).sum()))


def _but_for_zeros(ids: pa.Array, wanted: Wanted) -> int:
    """Return how many more of the wanted ids would match if leading zeros did not count: 007 is 7."""
    lacking = wanted.ids.filter(pc.invert(pc.is_in(wanted.ids, value_set=ids, skip_nulls=True)))
    if not len(lacking):
        return 0
    # Of a number of zeros, one stays.
    shorter, known = (pc.replace_substring_regex(some, r"^0+([0-9])", r"\1") for some in (lacking, pc.unique(ids)))
    return int(true_of(pc.is_in(shorter, value_set=known, skip_nulls=True)).sum())


def _all_differ(key: Key) -> bool:
    return bool(pc.count_distinct(key.ids).as_py() == len(key.ids) - key.ids.null_count)


def _enough(key: Key, wanted: Wanted) -> bool:
    return key.found > 0 and key.found >= _ENOUGH * min(len(wanted.ids), len(key.ids) - key.ids.null_count)


def _no_match(table: Raw, wanted: Wanted, tried: Sequence[str], remedy: Remedy) -> Exception:
    zeros = {name: _but_for_zeros(as_ids(table.column(name)), wanted) for name in tried}
    tried = sorted(tried, key=lambda name: -zeros[name])
    first = written(table.column(tried[0]).drop_null())
    return refusal(
        "second.no_match",
        remedy=remedy,
        file=table.name,
        columns=list(tried),
        names=list(table.names),
        example=first[0].as_py() if len(first) else None,
        of=wanted.of,
        column=wanted.column,
        wanted=wanted.ids[0].as_py() if len(wanted.ids) else None,
        zeros=zeros[tried[0]],
        ids=len(wanted.ids),
    )


def _refuse_contradictions(table: Raw, key: Key, of: str) -> None:
    """Raise if two rows for one id differ; rows that repeat an earlier one in every column do not matter."""
    ids = key.ids.to_pandas()
    repeated = (ids.duplicated() & ids.notna()).to_numpy()
    if repeated.any():
        repeated &= ~repeats_earlier(table, {})
    if not repeated.any():
        return
    second = int(np.argmax(repeated))
    first = int(np.argmax((ids == ids.iloc[second]).to_numpy()))
    places = [table.where(row) for row in (first, second)]
    raise refusal(
        "second.repeated", file=table.name, column=key.column, value=str(ids.iloc[second]), places=places, of=of, names=list(table.names)
    )


def distinct_ids(values: pa.Array | pd.Index) -> pa.Array:
    """Return ids as `Wanted` needs them, from ids in one spelling."""
    return pc.unique(pa.array(values, pa.large_string()) if isinstance(values, pd.Index) else values).drop_null()
