"""Sentences on a kept solution in later data: whether to segment again, and what speaks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from segcore.wording.numbers import counted, listed, percent_text, two_decimals
from segcore.wording.quotes import named, value_text

_MOST = 3


def psi_text(psi: float) -> str:
    """Return a population stability index with the digits that matter."""
    return f"{psi:.2f}" if psi >= 0.1 else f"{psi:.3f}"


def _sizes(*, segments: Sequence[Mapping[str, object]], psi: float, critical: float) -> str:
    changes = [f"“{one['name']}” from {percent_text(_number(one['then']))} to {percent_text(_number(one['now']))}" for one in segments]
    return (
        f"The sizes of the segments changed: {listed(changes)} of the customers (stability index {psi_text(psi)}; chance stays "
        f"below {psi_text(critical)})."
    )


def _number(value: object) -> float:
    return float(str(value))


def _drifted(*, features: Sequence[Mapping[str, object]], of: int) -> str:
    few = [
        f"{value_text(str(one['name']))} (stability index {psi_text(_number(one['psi']))}; chance stays below "
        f"{psi_text(_number(one['critical']))})"
        for one in features[:_MOST]
    ]
    more = [f"{len(features) - _MOST:,} more"] if len(features) > _MOST else []
    return f"{len(features):,} of {counted(of, 'feature')} drifted: {listed([*few, *more])}."


def _other_number(*, n_segments: int, kept: int, then: float, now: float, by_chance: float) -> str:
    return (
        f"The later customers fall into {counted(n_segments, 'segment')} rather than {kept:,}: the silhouette is {_change(now)} than with "
        f"{kept:,}, where before it was {_change(then)} (chance makes a difference of up to {two_decimals(by_chance)})."
    )


def _change(difference: float) -> str:
    return f"{two_decimals(abs(difference))} {'higher' if difference >= 0 else 'lower'}"


def _disagrees(*, share: float, agreement: float, least: float) -> str:
    return (
        f"Clustered again with the same settings, {percent_text(share)} of the later customers are in another segment: the adjusted Rand "
        f"index is {two_decimals(agreement)}, and between halves of the earlier customers at least {two_decimals(least)}."
    )


def _moved(*, moved: int, both: int, revenue: float | None) -> str:
    worth = "" if revenue is None else f", with {percent_text(revenue)} of their earlier revenue"
    verb = "is" if moved == 1 else "are"
    return f"{counted(moved, 'customer')} of {both:,} in both ({percent_text(moved / both)}{worth}) {verb} in another segment now."


def _who(*, both: int, new: int, gone: int, aside: int) -> str:
    out = f"; {counted(aside, 'customer')} set aside" if aside else ""
    return f"{counted(both, 'customer')} {'is' if both == 1 else 'are'} in both data sets, {new:,} are new and {gone:,} are gone{out}."


def _causes(*, behaviour: int, time: int, rows: int) -> str:
    return (
        f"Of those who moved, {behaviour:,} did so because of what they did since the earlier end, {time:,} because time passed (with only "
        f"their earlier rows they would be in the same segment today), and {rows:,} because their earlier rows differ."
    )


def _other_length(*, earlier_days: int, later_days: int) -> str:
    return (
        f"But compare periods of the same length first: the later data cover {counted(later_days, 'day')} and the earlier "
        f"{counted(earlier_days, 'day')}, and counts and sums grow with the length of the period."
    )


SENTENCES: Mapping[str, Callable[..., str]] = {
    "over_time.again": lambda: "Segment again.",
    "over_time.keep": lambda: "Keep these segments: nothing changed beyond chance.",
    "over_time.keep_changed": lambda: "Keep these segments: they still fit, but the customers changed.",
    "over_time.keep_unchecked": lambda: "Nothing speaks for segmenting again, but the later customers could not be clustered to check it.",
    "over_time.unchecked_changed": lambda: "The customers changed, and whether the segments still fit could not be checked.",
    "over_time.sizes": _sizes,
    "over_time.drift": _drifted,
    "over_time.other_number": _other_number,
    "over_time.disagrees": _disagrees,
    "over_time.moved": _moved,
    "over_time.fits": lambda share, agreement: (
        f"Clustered again with the same settings, {percent_text(share)} of the later customers are in another segment (adjusted Rand index "
        f"{two_decimals(agreement)})."
    ),
    "over_time.who": _who,
    "over_time.causes": _causes,
    "over_time.one_cause": lambda is_dated: (
        "All who moved did so because their behaviour changed: each period is counted to its own end, so the passing of time moves nobody."
        if is_dated
        else "All who moved did so because their values changed."
    ),
    "over_time.rows_differ": lambda customers, both: (
        f"{counted(customers, 'customer')} of {both:,} in both {'has' if customers == 1 else 'have'} different rows up to the earlier end "
        "than before: returns, corrections, or rows that were added or removed."
    ),
    "over_time.no_refit": lambda reason: f"The later customers could not be clustered again: {reason}",
    "over_time.unstable": lambda least: (
        f"These segments are not stable: even halves of the earlier customers agree by as little as {two_decimals(max(least, 0.0))}, so "
        "that a change would hardly be seen."
    ),
    "over_time.other_length": _other_length,
    "over_time.months": lambda features: (
        f"Drift is not measured for {listed([value_text(one) for one in features])}: another period always has other months."
    ),
    "over_time.nobody_in_both": lambda earlier, later: (
        f"No customer of {named(later)} is among those of {named(earlier)}: give later data of the same customers, and check which column "
        "has their ids."
    ),
    "over_time.all_set_aside": lambda earlier, later, shared: (
        f"{named(later)} and {named(earlier)} share {counted(shared, 'customer')}, but each is set aside in one of them, as an outlier or "
        "for too few items: check the date up to which days are counted, and the units of the later data."
    ),
    "over_time.ends_earlier": lambda later, latest, earlier, do: (
        f"{named(later)} ends on {latest}, before the sweep's data ({earlier}): give later data, or, if nothing happened since, {do}."
    ),
    "over_time.as_of_before": lambda as_of, earlier, do: (
        f"Days cannot be counted up to {value_text(as_of)}, which is before the sweep's date, {earlier}: {do}."
    ),
    "over_time.after_as_of": lambda latest, as_of, do: (
        f"Days cannot be counted up to {value_text(as_of)}, because the data end later, at {latest}: {do}."
    ),
}
