"""Shares of a customer's lines by time of day, if the times include it."""

from __future__ import annotations

from typing import Any

import narwhals as nw
import numpy as np

from segcore.features.transactions.calendar_names import PERIODS
from segcore.records.feature_table import FeatureEntry
from segcore.records.finding import Finding

_BOUNDS = ("0:00 to 5:59", "6:00 to 11:59", "12:00 to 17:59", "18:00 to 23:59")
_DAY, _HOUR = 86_400_000_000, 3_600_000_000  # microseconds
_TELLING_LINES = 12


def period(time: str) -> Any:
    """Return the expression of a time's quarter of the day, 0 to 3."""
    return nw.col(time).dt.timestamp("us") % _DAY // (6 * _HOUR)


def why_no_clock(times: Any, time: str) -> Finding | None:
    """Return why the times lack the time of day; ``None`` if they have it.

    Parameters
    ----------
    times : narwhals Series
    time : str
        Name of its column.

    Notes
    -----
    A 12-hour clock without AM or PM never shows 0 or more than 12, though small and large hours both occur.
    """
    clock = times.dt.timestamp("us") % _DAY
    if clock.max() == 0:
        return Finding("feature.no_time_of_day", values={"column": time})
    hours = np.asarray((clock // _HOUR).unique().to_numpy(), dtype=np.int64)
    first, last = int(hours.min()), int(hours.max())
    if len(clock) >= _TELLING_LINES and 1 <= first <= 6 and 7 <= last <= 12:
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
