"""Escaping for Markdown: names and values come from files and analysts, and may contain anything."""

from __future__ import annotations

import re

_MARKS = re.compile(r"[\\`*_{}\[\]<>#$|~@]|^[-+](?=\s)", re.MULTILINE)
_NUMBERED = re.compile(r"^(\d+)([.)])(?=\s)", re.MULTILINE)
# Streamlit looks for names of icons and colours, and for addresses of pages, in the finished text, after escapes were removed. Addresses of
# mail stay links: a joiner would be copied with them.
_FOUND_LATER = re.compile(r"(?<!\d):(?=[\w+-])|(?<=http):(?=//)|(?<=https):(?=//)|www(?=\.)", re.IGNORECASE)
_JOINER = "\N{WORD JOINER}"


def escape(text: str) -> str:
    r"""Return text that Markdown shows unchanged.

    >>> print(escape("**loud** at $5"))
    \*\*loud\*\* at \$5
    """
    return _FOUND_LATER.sub(rf"\g<0>{_JOINER}", _NUMBERED.sub(r"\1\\\2", _MARKS.sub(r"\\\g<0>", text)))
