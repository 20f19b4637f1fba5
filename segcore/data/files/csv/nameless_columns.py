"""Names for the columns of files without a header: ratings, MovieLens' tables of films, and other tables of items."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import pyarrow as pa

from segcore.data.columns.date_patterns import NUMBER_RANGES, Form
from segcore.data.columns.text import as_text
from segcore.data.files.header_row import kind_of
from segcore.data.files.raw import Raw
from segcore.records.finding import Finding

Rows = Sequence[Sequence[str]]
Namer = Callable[[Rows], tuple[str, ...] | None]
"""Function of the first rows of a file without a header: the names of its columns, or ``None`` to refuse the file."""

RATING_NAMES = ("user", "item", "rating", "time")
_RATING_ROLES = ("customer", "item", "rating", "time")
GENRES = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy", "Film-Noir"),
    *("Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)
"""The flags of MovieLens' ``u.item``, in their order (README of ml-100k, GroupLens)."""
_FLAGGED = ("item", "title", "release_date", "video_release_date", "url")
_FILMS = ("item", "title", "genres")
_FEWEST_ROWS, _MANY_ROWS, _MOST_RATINGS, _LARGEST_RATING = 3, 50, 25, 100
_MOSTLY = 0.9
_WHOLE_OR_HALF = re.compile(r"[+-]?\d{1,3}([.,][05]0*)?\Z")
_NUMBERED = re.compile(r"(column|col|field|var|unnamed:)?[ _]*\d+", re.IGNORECASE)  # as writers call columns without a name
_SAMPLE_ROWS = 200
_UNIX = [NUMBER_RANGES[form][:2] for form in (Form.SECONDS, Form.MILLISECONDS)]


def rating_names(rows: Rows) -> tuple[str, ...] | None:
    """Return ``user, item, rating`` and ``time`` if there are four columns; ``None`` if the rows are not ratings.

    Parameters
    ----------
    rows : sequence of rows
        The first rows of a file; those with another number of values than the first are skipped.

    Notes
    -----
    Rows are ratings if the third column has few different numbers, whole or halves up to 100, nearly every row is of another pair of
    the first two, which are neither dates nor fractions, and the fourth holds times. In few rows, a user or an item must occur again. A
    tenth of ratings and times may be something else: reading them names the first.
    """
    width = len(rows[0])
    rows = [row for row in rows if len(row) == width]
    if width not in (3, 4) or len(rows) < _FEWEST_ROWS:
        return None
    users, items, ratings, *times = ([row[position].strip() for row in rows] for position in range(width))
    again = len(set(users)) < len(rows) or len(set(items)) < len(rows)
    if not (again or len(rows) >= _MANY_ROWS) or len(set(zip(users, items, strict=True))) < _MOSTLY * len(rows):
        return None
    if not all(map(_is_id, (*users, *items))) or not _are_ratings(ratings) or (times and not _mostly(list(map(_is_time, times[0])))):
        return None
    return RATING_NAMES[:width]


def are_films(rows: Rows) -> bool:
    """Tell whether the first rows of a file without a header are a table of films as MovieLens writes it."""
    return item_names(rows)[0] == _FILMS[0]


def item_names(rows: Rows) -> tuple[str, ...]:
    """Return the names of the columns of a table of items: MovieLens', else ``column_1``, ``column_2``..."""
    width = len(rows[0])
    if width == len(_FLAGGED) + len(GENRES) and all(set(row[len(_FLAGGED) :]) <= {"0", "1"} for row in rows if len(row) == width):
        return (*_FLAGGED, *GENRES)
    if width == len(_FILMS) and any("|" in row[2] for row in rows if len(row) == width):
        return _FILMS
    return tuple(f"column_{position}" for position in range(1, width + 1))


def with_genres(table: pa.Table) -> pa.Table:
    """Return a table with MovieLens' flags of genres as one column ``genres``, such as ``Animation|Comedy``; others unchanged."""
    if tuple(table.column_names) != (*_FLAGGED, *GENRES):
        return table
    flags = zip(*(table[genre].to_pylist() for genre in GENRES), strict=True)
    genres = ["|".join(genre for genre, flag in zip(GENRES, row, strict=True) if flag == "1") for row in flags]
    return table.select(_FLAGGED).append_column("genres", pa.chunked_array([pa.array(genres, pa.large_string())]))


def with_rating_roles(raw: Raw) -> Raw:
    """Return rows with known roles if their columns were named by `rating_names`."""
    if raw.names != RATING_NAMES[: len(raw.names)]:
        return raw
    return replace(raw, roles=dict(zip(_RATING_ROLES, raw.names, strict=False)))


def renamed_ratings(raw: Raw) -> Raw:
    """Return rows with names for their columns if these have only numbers as names, and the rows are ratings.

    So do Parquet files that were written from data without a header.
    """
    if not all(map(_NUMBERED.fullmatch, raw.names)) or len(raw.names) not in (3, 4):
        return raw
    head = raw.head(_SAMPLE_ROWS)
    columns = [["" if value is None else value for value in as_text(head[name]).to_pylist()] for name in raw.names]
    names = rating_names(list(zip(*columns, strict=True)))
    if names is None:
        return raw
    earlier = dict(zip(names, raw.names, strict=True))

    def read(wanted: Sequence[str]) -> pa.Table:
        return raw.read([earlier[name] for name in wanted]).rename_columns(list(wanted))

    note = Finding("csv.columns_named", values={"file": raw.name, "names": list(names)})
    renamed = replace(raw, names=names, read=read, head=lambda n: raw.head(n).rename_columns(list(names)), notes=(*raw.notes, note))
    return with_rating_roles(renamed)


def _is_id(value: str) -> bool:
    kind = kind_of(value)
    return kind == "text" or (kind == "number" and value.removeprefix("-").isalnum())


def _are_ratings(values: Sequence[str]) -> bool:
    few = min(_MOST_RATINGS, max(1, len(values) // 2))
    return len(set(values)) <= few and _mostly([bool(_WHOLE_OR_HALF.match(value)) and _is_small(value) for value in values])


def _is_small(value: str) -> bool:
    return abs(float(value.replace(",", "."))) <= _LARGEST_RATING


def _mostly(found: Sequence[bool]) -> bool:
    return sum(found) >= _MOSTLY * len(found)


def _is_time(value: str) -> bool:
    kind = kind_of(value)
    if kind != "number":
        return kind == "date"
    return value.isdigit() and any(low <= int(value) <= high for low, high in _UNIX)
