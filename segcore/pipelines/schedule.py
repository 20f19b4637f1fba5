"""Schedules of pipelines: a preset such as ``@weekly``, or the five fields of cron."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass

from segcore.errors import ParameterError
from segcore.wording.findings import refusal

NO_SCHEDULE = "none"
PRESETS = ("@hourly", "@daily", "@weekly", "@monthly", "@quarterly", "@yearly")
"""With Airflow's meaning: `@weekly` is Sunday at midnight."""
_PART = re.compile(r"(?:\*|(?P<low>[A-Za-z0-9]+)(?:-(?P<high>[A-Za-z0-9]+))?)(?:/(?P<step>[0-9]+))?")
_MOST_LETTERS = 200
_LEAP_YEAR = 2024


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: Mapping[str, int]

    def values(self, text: str) -> set[int] | None:
        """Return the values that a field allows; ``None`` if the text is not a field."""
        found: set[int] = set()
        for part in text.split(","):
            read = _PART.fullmatch(part)
            if read is None:
                return None
            bounds = [self._number(read[name]) for name in ("low", "high") if read[name]] or [self.low, self.high]
            step = int(read["step"] or 1)
            if read["step"] and read["low"] and not read["high"]:  # cron's dialects differ on what 5/15 means
                return None
            low, high = bounds[0], bounds[-1]
            if not self.low <= low <= high <= self.high or not 1 <= step <= self.high:
                return None
            found.update(range(low, high + 1, step))
        return found

    def _number(self, text: str) -> int:
        return int(text) if text.isdecimal() else self.names.get(text.lower(), -1)


def _numbered(names: str, first: int) -> dict[str, int]:
    return {name: number for number, name in enumerate(names.split(), first)}


_MONTHS = _numbered("jan feb mar apr may jun jul aug sep oct nov dec", 1)
_FIELDS = (
    _Field("minute", 0, 59, {}),
    _Field("hour", 0, 23, {}),
    _Field("day", 1, 31, {}),
    _Field("month", 1, 12, _MONTHS),
    _Field("weekday", 0, 7, _numbered("sun mon tue wed thu fri sat", 0)),
)


def read_schedule(text: str | None) -> str | None:
    """Return a schedule in the form that Airflow and cron use; ``None`` for a pipeline that is only started by hand.

    Parameters
    ----------
    text : str or None
        One of `PRESETS`; ``"none"``; or minute (0-59), hour (0-23), day (1-31), month (1-12, or jan to dec) and weekday (0-7, both 0 and 7
        are Sunday, or sun to sat). A field is ``*``, a value, a range, or a list of them; ``*`` and ranges may have a step: ``*/5``.

    Raises
    ------
    ParameterError
        If the text is neither, or no date ever matches it.

    Examples
    --------
    >>> read_schedule(" 0  6 * * MON")
    '0 6 * * MON'
    """
    if text is None or text.strip().lower() == NO_SCHEDULE:
        return None
    if len(text) <= _MOST_LETTERS and text.strip().lower() in PRESETS:
        return text.strip().lower()
    parts = text.split() if len(text) <= _MOST_LETTERS and text.isascii() else []
    if len(parts) != len(_FIELDS):
        raise refusal("schedule.not_cron", kind=ParameterError, got=text, presets=[*PRESETS, NO_SCHEDULE])
    fields = []
    for field, part in zip(_FIELDS, parts, strict=True):
        values = field.values(part)
        if values is None:
            raise refusal("schedule.bad_field", kind=ParameterError, got=text, field=field.name, part=part, low=field.low, high=field.high)
        fields.append(values)
    _, _, days, months, _ = fields
    longest = max(calendar.monthrange(_LEAP_YEAR, month)[1] for month in months)
    if parts[4] == "*" and min(days) > longest:
        raise refusal("schedule.never", kind=ParameterError, got=text)
    return " ".join(parts)
