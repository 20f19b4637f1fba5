"""Finding: something noticed about data, features or results; code decides by it, and ``wording`` makes the sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["info", "warning", "error"]
Plain = Any
"""A JSON value: text, number, true or false, null, or a list or mapping of these."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """Remedy that a user has for a finding, such as ``Remedy("encoding", {"choices": ["cp1251", "koi8-r"]})``.

    Parameters
    ----------
    code : str
        One of ``wording.remedies.REMEDIES``, which names the option of the command line and the field of the screen.
    values : mapping of str to JSON value
    """

    code: str
    values: Mapping[str, Plain] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something noticed about data, features or results.

    Parameters
    ----------
    code : str
        What was noticed, such as ``"csv.delimiter"``. Code decides by this and by ``values``, never by a sentence.
    severity : {"info", "warning", "error"}
        An error ends the work, and travels in ``SegcoreError.finding``.
    values : mapping of str to JSON value
        Names, counts and examples as they are, not yet quoted or formatted.
    remedy : Remedy or None
        What a user can do about it.
    """

    code: str
    severity: Severity = "info"
    values: Mapping[str, Plain] = field(default_factory=dict)
    remedy: Remedy | None = None

    def to_json(self) -> dict[str, Plain]:
        """Return plain values."""
        remedy = None if self.remedy is None else {"code": self.remedy.code, "values": dict(self.remedy.values)}
        return {"code": self.code, "severity": self.severity, "values": dict(self.values), "remedy": remedy}

    @classmethod
    def from_json(cls, data: Mapping[str, Plain]) -> Finding:
        """Build the record from the output of ``to_json``.

        ``level`` and ``text``, as older stores hold them, become a finding with the code ``"text"``.
        """
        if "text" in data and "code" not in data:
            return cls("text", data["level"], {"text": data["text"]})
        remedy = data.get("remedy")
        return cls(data["code"], data["severity"], data["values"], remedy and Remedy(remedy["code"], remedy["values"]))
