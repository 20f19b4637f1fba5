"""Text from outside as Streamlit's Markdown: names and values come from files and analysts, and may contain anything."""

from __future__ import annotations

import re

from segcore.wording.quotes import visible

_MARKS = re.compile(r"[\\`*_{}\[\]<>#$|~]|&(?=#?\w+;)|:(?=\w)|^[-+](?=\s|-*\s*$)", re.MULTILINE | re.IGNORECASE)
_NUMBERED = re.compile(r"^(\d+)([.)])(?=\s|$)", re.MULTILINE)
# Streamlit looks for addresses, names of icons and emoji, and signs such as arrows in the finished text, after escapes were removed. These
# are the places to divide them at.
_FOUND_LATER = re.compile(
    r"(?<=http)(?=://)|(?<=https)(?=://)|(?<=www)(?=\.)|(?<=[\w.+-])(?=@\w)"
    r"|(?<=:[\w+-])(?=[\w+-]*:)|(?<=:material)(?=/)",
    re.IGNORECASE,
)
_SIGNS = re.compile(r"(?<!\S)(?:<->|->|<-|--|>=|<=|~=)(?!\S)")
_NOTHING = ":color[]"  # an empty element, which keeps two texts apart and is neither seen nor copied
_APART = "\0"


def escape(text: str) -> str:
    r"""Return text that Streamlit's Markdown shows unchanged, with control and invisible characters escaped.

    >>> print(escape("**loud** at $5"))
    \*\*loud\*\* at \$5
    """
    kept = _FOUND_LATER.sub(_APART, _SIGNS.sub(lambda sign: _APART.join(sign[0]), visible(text)))
    return _NUMBERED.sub(r"\1\\\2", _MARKS.sub(r"\\\g<0>", kept)).replace(_APART, _NOTHING)
