"""Text from outside as HTML, for notebooks and pages that are written to files."""

from __future__ import annotations

from html import escape as escape_marks
from typing import NewType

from segcore.wording.quotes import visible

Html = NewType("Html", str)
"""HTML that shows only what was meant."""


def escape(text: str) -> Html:
    """Return text that HTML shows unchanged, also in an attribute, with control and invisible characters escaped.

    >>> escape("<b>A & B</b>")
    '&lt;b&gt;A &amp; B&lt;/b&gt;'
    """
    return Html(escape_marks(visible(text)))
