"""Text from outside as HTML, for notebooks and pages that are written to files."""

from __future__ import annotations

from html import escape as escape_marks

from segcore.wording.quotes import visible


def escape(text: str) -> str:
    """Return text that HTML shows unchanged, also in an attribute, with control and invisible characters escaped.

    >>> escape("<b>A & B</b>")
    '&lt;b&gt;A &amp; B&lt;/b&gt;'
    """
    return escape_marks(visible(text))
