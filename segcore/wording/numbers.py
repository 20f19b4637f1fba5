"""Numbers, amounts, times and segments as text, the same on every screen and in every sentence."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segcore.records.estimate import Estimate


def number_text(value: float | None, unit: str = "") -> str:
    """Return a number as people write it: thousands separated, about three digits that matter; shares as percent.

    Parameters
    ----------
    value : float or None
        ``None`` is a dash.
    unit : str
        A unit that begins with "share" makes it a percentage; other units do not change the text.
    """
    if value is None:
        return "–"
    if unit.startswith("share"):
        return percent_text(value)
    size = abs(value)
    if size >= 1e15:
        return f"{value:.4g}"
    if size >= 1000 or (value == round(value) and size >= 1):
        return f"{value:,.0f}"
    if value == 0:
        return "0"
    if size >= 100:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}".removesuffix(".0")
    if size >= 1:
        return f"{value:.2f}".removesuffix("0").removesuffix(".0")
    return f"{value:.3f}".rstrip("0") if size >= 0.001 else f"{value:.1e}"


def plain_number(number: float) -> str:
    """Return a number with all its digits, whole ones without a point."""
    return str(int(number)) if number == int(number) and abs(number) < 2**53 else repr(float(number))


def unit_text(unit: str) -> str:
    """Return a unit with its leading space; "" for percentages, the data's currency and logarithms."""
    return "" if not unit or unit == "currency" or unit.startswith(("share", "log")) else f" {unit}"


def percent_text(share: float | None) -> str:
    """Return a share between 0 and 1 as a percentage; "0 %" means none and "100 %" means all."""
    if share is None:
        return "–"
    percent = 100 * share
    if 0 < percent < 0.1:
        return "under 0.1 %"
    if 99.9 < percent < 100:
        return "over 99.9 %"
    if 99 < percent < 100:
        return f"{percent:.1f} %"
    return f"{percent:.0f} %" if abs(percent) >= 9.95 else f"{percent:.1f} %".replace(".0 %", " %").replace("-0 %", "0 %")


def worth_title(worth: str) -> str:
    """Return the title of a sum of ``FeatureTable.revenue``, of which ``worth`` says what it is."""
    return "Net revenue" if worth == "revenue" else f"Total {worth}"


def times_text(ratio: float) -> str:
    """Return a ratio of at least 0: "2.1 times", "0.35 times"."""
    return f"{ratio:,.0f} times" if ratio >= 9.95 else f"{ratio:.1f} times" if ratio >= 0.95 else f"{ratio:.2g} times"


def segment_title(label: int, names: Mapping[int, str]) -> str:
    """Return a segment's title on screen: the analyst's name, else its number, as in exported files."""
    from segcore.records.solution import NOISE  # imports NumPy, which the rest of this module does not need

    return names.get(label) or ("Noise" if label == NOISE else f"Segment {label}")


def two_decimals(value: float | None) -> str:
    """Return a measure between -1 and 1 with two decimals, never as a negative zero; a dash for None."""
    return "–" if value is None else f"{round(value, 2) + 0.0:.2f}"


def difference_text(estimate: Estimate) -> str:
    """Return a difference with its sign and interval: "+0.62 (0.51 to 0.73)"."""
    if estimate.value is None:
        return "–"
    low, high = (f"{0.0 + round(end or 0.0, 2):.2f}" for end in (estimate.low, estimate.high))
    return f"{0.0 + round(estimate.value, 2):+.2f} ({low} to {high})"


def share_text(estimate: Estimate) -> str:
    """Return a share with its interval: "90 % (87 % to 92 %)"."""
    if estimate.value is None:
        return "–"
    return f"{percent_text(estimate.value)} ({percent_text(estimate.low)} to {percent_text(estimate.high)})"


def points_text(estimate: Estimate) -> str:
    """Return a difference of two shares in percentage points with its sign and interval: "+3.1 points (1.0 to 5.2)"."""
    if estimate.value is None:
        return "–"
    low, high = (f"{0.0 + round(100 * (end or 0.0), 1):.1f}" for end in (estimate.low, estimate.high))
    return f"{0.0 + round(100 * estimate.value, 1):+.1f} points ({low} to {high})"


def index_text(estimate: Estimate) -> str:
    """Return an index with its interval, in whole numbers from 10 up: "210 (180 to 240)", "1.1 (0.9 to 1.4)"."""
    if estimate.value is None:
        return "–"
    value, low, high = (
        f"{end or 0:,.0f}" if (end or 0) >= 10 or not end else f"{end:.1f}" for end in (estimate.value, estimate.low, estimate.high)
    )
    return f"{value} ({low} to {high})"


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return ``1 customer`` or ``2,000 customers``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(parts: Sequence[str]) -> str:
    """Return ``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def bytes_text(amount: float) -> str:
    """Return an amount of memory: ``7.3 GiB``, or ``180 MiB`` below half a GiB."""
    return f"{amount / 2**30:,.1f} GiB" if amount >= 2**29 else f"{max(1, round(amount / 2**20)):,} MiB"


def seconds_text(seconds: float | None) -> str:
    """Return a measured time with about three digits: ``12.3 ms``, ``0.27 s`` or ``425 s``; a dash for None."""
    if seconds is None:
        return "–"
    if seconds < 0.0995:
        return f"{1000 * seconds:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 99.5 else f"{seconds:,.0f} s"


def duration_text(seconds: float) -> str:
    """Return how long something takes, roughly: ``20 s``, ``3 min`` or ``2 h 5 min``."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def ago_text(moment: float | None) -> str:
    """Return ``just now``, ``5 min ago`` or the day, of a time in seconds since 1970; nothing for None."""
    if moment is None:
        return ""
    passed = time.time() - moment
    if passed < 60:
        return "just now"
    if passed < 86_400:
        return f"{duration_text(passed)} ago"
    return time.strftime("%d %b %Y", time.localtime(moment))


def day_text(moment: str | None) -> str:
    """Return the day of an ISO date and time, such as ``1 Jan 2017``."""
    if not moment:
        return "unknown"
    parts = time.strptime(moment[:10], "%Y-%m-%d")
    return f"{parts.tm_mday} {time.strftime('%b %Y', parts)}"
