"""Names and values of the data, quoted for sentences."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any

MISSING = "(missing)"
_MOST_LETTERS = 300  # of a name in a sentence; a file's has at most 255
_SHOWN_LETTERS, _SHOWN_WIDTH = 60, 90


def quoted(value: object, *, plain: bool = False) -> str:
    """Return a value for a sentence: shortened, in quotes, with invisible and control characters escaped.

    Parameters
    ----------
    value : object
        A pyarrow scalar is quoted as its value.
    plain : bool
        Escape every character that is not ASCII, for letters that look alike.
    """
    as_py: Any = getattr(value, "as_py", None)
    text = str(value if as_py is None else as_py())
    written = ascii if plain else repr
    found = written(text if len(text) <= _SHOWN_LETTERS else f"{text[: _SHOWN_LETTERS - 3]}...")
    for kept in range(_SHOWN_LETTERS // 2, 0, -4):
        if len(found) <= _SHOWN_WIDTH:
            break
        found = written(f"{text[:kept]}...")
    return found


def named(name: str) -> str:
    """Return the name of a file or column for a sentence: unchanged, or quoted if it is very long or has invisible characters."""
    return name if len(name) <= _MOST_LETTERS and name.isprintable() else quoted(name)


def value_text(value: str | None) -> str:
    """Return a value or a title for names, titles and sentences: at most 60 letters, with unprintable characters escaped."""
    if value is None:
        return MISSING
    text = visible(value[: 2 * _SHOWN_LETTERS])
    return text if len(text) <= _SHOWN_LETTERS else f"{text[: _SHOWN_LETTERS - 3]}..."


def distinct(texts: Sequence[str]) -> list[str]:
    """Return texts of which no two are equal: repeated ones get a number, counted from their position on.

    >>> distinct(["A", "B", "A"])
    ['A (1)', 'B', 'A (3)']
    """
    counts, taken, found = Counter(texts), set(texts), []
    for place, text in enumerate(texts, 1):
        if counts[text] > 1:
            text = next(one for number in itertools.count(place) if (one := f"{text} ({number})") not in taken)
            taken.add(text)
        found.append(text)
    return found


def visible_cell(value: object) -> object:
    """Return a value of a table to show: text as `visible` returns it, anything else unchanged."""
    return visible(value) if isinstance(value, str) else value


def visible(text: str) -> str:
    """Return text with control and invisible characters escaped."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
