"""Results as a notebook shows them: short HTML, in which all text from data is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from segcore.records.finding import Finding
from segcore.wording.findings import sentence
from segcore.wording.html import escape
from segcore.wording.quotes import visible_cell

if TYPE_CHECKING:
    import pandas as pd


class NotedFinding(Finding):
    """A finding that knows its sentence; see `segcore.records.finding.Finding` for its fields."""

    __slots__ = ()

    @property
    def sentence(self) -> str:
        """The finding in one sentence."""
        return sentence(self)

    def __str__(self) -> str:
        """Return the sentence."""
        return self.sentence


class Findings(tuple[NotedFinding, ...]):
    """Findings, printed one sentence per line."""

    __slots__ = ()

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> Findings:
        """Return findings that know their sentences."""
        return cls(NotedFinding(found.code, found.severity, found.values, found.remedy) for found in findings)

    def __str__(self) -> str:
        """Return one sentence per line."""
        return "\n".join(str(found) for found in self) or "Nothing unusual was found."

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return listed_html([str(found) for found in self]) or paragraph(str(self))


def paragraph(text: str, *, title: str = "") -> str:
    """Return one line of HTML, with a title in bold before it."""
    return f"<div>{f'<b>{escape(title)}</b> ' if title else ''}{escape(text)}</div>"


def listed_html(lines: Sequence[str]) -> str:
    """Return a list in HTML, or nothing for no lines."""
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>" if lines else ""


def frame_html(frame: pd.DataFrame) -> str:
    """Return a table in HTML: numbers with four digits, texts in full, and a dash for what is undefined."""
    import pandas as pd

    with pd.option_context("display.max_colwidth", None):
        # pandas escapes for HTML, and writes control characters as they are.
        shown = frame.map(visible_cell).rename(columns=visible_cell)
        return str(shown.to_html(index=False, border=0, na_rep="–", escape=True, float_format=lambda value: f"{value:.4g}"))
