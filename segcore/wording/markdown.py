"""Text in which Markdown draws nothing: names and values come from files and analysts, and may hold anything."""

from __future__ import annotations

import re

_MARKS = re.compile(r"[\\`*_{}\[\]<>#$|~@]|(?<=www)\.|^[-+](?=\s)", re.MULTILINE)
_NUMBERED = re.compile(r"^(\d+)([.)])(?=\s)", re.MULTILINE)
# Streamlit looks for names of icons and colours in the finished text, where an escape is no longer there.
_COLON = re.compile(r"(?<!\d):(?=[\w+-])")
_JOINER = "\N{WORD JOINER}"


def escape(text: str) -> str:
    r"""Return text that Markdown draws as it is.

    >>> print(escape("**loud** at $5"))
    \*\*loud\*\* at \$5
    """
    return _COLON.sub(f":{_JOINER}", _NUMBERED.sub(r"\1\\\2", _MARKS.sub(r"\\\g<0>", text)))
