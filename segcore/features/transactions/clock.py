"""Shares of a customer's lines by time of day, if the times include it."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import pandas as pd

from segcore.features.transactions.calendar_names import PERIODS
from segcore.records.feature_table import FeatureEntry
from segcore.records.finding import Finding

_BOUNDS = ("0:00 to 5:59", "6:00 to 11:59", "12:00 to 17:59", "18:00 to 23:59")
_PARTS = ("minute", "second", "microsecond")
_TELLING_LINES = 12


def period(time: str) -> Any:
    """Return the expression of a time's quarter of the day, 0 to 3."""
    return nw.col(time).dt.hour().cast(nw.Int64) // 6


def clock_bounds(time: str) -> tuple[Any, ...]:
    """Return expressions of the earliest and latest hour (``first_hour``, ``last_hour``) and of the largest other parts of a time."""
    hour = nw.col(time).dt.hour()
    others = (getattr(nw.col(time).dt, part)().max().alias(part) for part in _PARTS)
    return hour.min().alias("first_hour"), hour.max().alias("last_hour"), *others


def why_no_clock(bounds: pd.DataFrame, n_lines: int, time: str) -> Finding | None:
    """Return why the times lack the time of day; ``None`` if they have it.

    Parameters
    ----------
    bounds : DataFrame
        `clock_bounds` of lines, one row per part of the data.
    n_lines : int
        Number of lines in all.
    time : str
        Name of the column of times.

    Notes
    -----
    A 12-hour clock without AM or PM never shows 0 or more than 12, though small and large hours both occur.
    """
    first, last = int(bounds["first_hour"].min()), int(bounds["last_hour"].max())
    if last == 0 and not bounds[list(_PARTS)].to_numpy().any():
        return Finding("feature.no_time_of_day", values={"column": time})
    if n_lines >= _TELLING_LINES and 1 <= first <= 6 and 7 <= last <= 12:
        return Finding("feature.maybe_twelve_hour_clock", values={"column": time})
    return None


def describe_clock(time: str, dropped: Finding | None) -> tuple[FeatureEntry, ...]:
    """Return the dictionary entries of the four shares; ``dropped`` is the reason why they are missing."""
    return tuple(
        FeatureEntry(
            f"share_{name}",
            f"Share {'at night' if name == 'night' else f'in the {name}'}",
            "share of lines",
            f"Number of order lines with {time} from {bounds}, divided by NumberOfOrders.",
            (time,),
            dropped,
        )
        for name, bounds in zip(PERIODS, _BOUNDS, strict=True)
    )
