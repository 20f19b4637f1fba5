"""Titles of items: from a table of items, or the description that the lines give most often."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns import inferred_type
from segcore.data.columns.ids import as_ids
from segcore.data.columns.text import as_text, combined, missing_to_null
from segcore.data.files.raw import Items, Raw
from segcore.data.meaning.header_names import named_like_titles
from segcore.data.meaning.role_guesses import SAMPLE_ROWS

_LONGEST = 200
_BEGINS_WITH_A_LETTER = r"^\W*\pL"


def item_titles(raw: Raw, roles: Mapping[str, str]) -> Mapping[str, str]:
    """Return the title of each item by its id; items without a title are left out.

    Parameters
    ----------
    raw : Raw
    roles : mapping of role to column name

    Notes
    -----
    In a table of items it is the column named so (title, name, description), else its text column with the most different values. Without
    one, a column of the lines named like an item's description is used, and each item's most frequent value there; of equally frequent
    ones, the first in alphabetical order.
    """
    if "item" not in roles:
        return {}
    if raw.items is not None and raw.items.column == roles["item"]:
        taken = {raw.items.columns[name] for name in roles.values() if name in raw.items.columns}
        column = raw.items.title or _column_of(raw.items, taken)
        if column is not None:
            return _first(raw.items.table, raw.items.key, column)
    free = [name for name in raw.own_names if name not in roles.values()]
    described = named_like_titles(free, of_items=False)
    return _most_frequent(raw, roles["item"], described[0]) if described else {}


def _column_of(items: Items, taken: Collection[str]) -> str | None:
    free = [name for name in items.table.names if name != items.key and name not in taken]
    head = items.table.head(SAMPLE_ROWS)
    texts = [name for name in free if _is_text(head[name], name)]
    telling = named_like_titles(texts, of_items=True)
    if telling:
        return telling[0]
    counts = {name: pc.count_distinct(items.table.column(name)).as_py() for name in texts}
    return max(texts, key=lambda name: counts[name], default=None)


def _is_text(column: pa.ChunkedArray, name: str) -> bool:
    return (
        inferred_type.as_strings(column) is not None
        and not inferred_type.mostly_numbers(column, name)
        and (pc.mean(pc.match_substring_regex(column, _BEGINS_WITH_A_LETTER)).as_py() or 0) > 0.5  # unlike sizes, dates and many codes
    )


def _first(table: Raw, key: str, column: str) -> dict[str, str]:
    ids, titles = as_ids(table.column(key)), _texts(table.column(column))
    found: dict[str, str] = {}
    for item, title in zip(ids.to_pylist(), titles.to_pylist(), strict=True):
        if item is not None and title:
            found.setdefault(item, title)
    return found


def _most_frequent(raw: Raw, item: str, column: str) -> dict[str, str]:
    pieces = []
    for lines in raw.pieces([item, column]):
        pairs = pa.table({"item": as_ids(lines[item]), "title": combined(lines[column])}).drop_null()
        pieces.append(pairs.group_by(["item", "title"]).aggregate([([], "count_all")]))
    counted = pa.concat_tables(pieces).group_by(["item", "title"]).aggregate([("count_all", "sum")]).to_pandas()
    frame = pd.DataFrame({"item": counted["item"].astype(str), "title": _texts(_plain(counted["title"])), "n": counted["count_all_sum"]})
    frame = frame[frame["title"].notna()].sort_values(["n", "title"], ascending=[False, True], kind="stable")
    first = frame.drop_duplicates("item")
    return dict(zip(first["item"].tolist(), first["title"].tolist(), strict=True))


def _plain(titles: Sequence[object]) -> pa.Array:
    return pa.array([str(title) for title in titles], pa.large_string())


def _texts(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return texts in one line, shortened; null where missing."""
    one_line = pc.replace_substring_regex(as_text(column), r"\s+", " ")
    return missing_to_null(pc.utf8_slice_codeunits(one_line, 0, _LONGEST))
