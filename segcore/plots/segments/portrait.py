"""Portrait of all segments: their features, coloured by the difference from all customers, with size and share of revenue."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from segcore.plots.heatmap import UPRIGHT, Cell, HeatMap, row_titles
from segcore.plots.theme import PlotlyText, in_lines, lines_text, plain_text
from segcore.segments.profiles.descriptions import SHIFT_WORTH_SAYING
from segcore.segments.profiles.records import FeatureProfile, SegmentProfile, SegmentSummary
from segcore.wording.numbers import number_text, percent_text
from segcore.wording.quotes import visible

MOST_FEATURES = 12
_VERY = 1.0
_FEW, _LETTERS, _FEWER_LETTERS, _ONE_LINE = 4, 17, 13, 26
_RANGE = 1.5  # standard deviations from which colours do not get stronger


def portrait_data(profile: SegmentProfile, ideas: Sequence[Mapping[str, Any]] = ()) -> HeatMap | None:
    """Return the cells: a column per segment, those with the most revenue (or customers) first, and the features that differ most.

    ``None`` if there are no segments, or no feature varies. Each cell has the segment's median, or the share of the customers that have a
    0/1 feature; up to six segments, it also says in words whether the segment is high or low. Of a column's categories, and of features
    that say the same, only the one that differs most is shown.

    Parameters
    ----------
    profile : SegmentProfile
    ideas : sequence of mappings
        Features that say the same, as `segcore.features.ideas.Idea.to_json` returns them.
    """
    segments = by_worth(profile)
    names = _differing(segments, ideas)
    if not segments or not names:
        return None
    columns = segment_columns(segments, profile.worth)
    in_words = len(segments) <= UPRIGHT
    titles = _titles(segments[0], names)
    rows = row_titles(names, titles)
    cells = []
    for summary in segments:
        known = {feature.name: feature for feature in summary.features}
        for name in names:
            feature = known[name]
            shift = feature.shift or 0.0
            cells.append(
                Cell(
                    column=columns[summary.label],
                    row=rows[name],
                    value=max(-_RANGE, min(_RANGE, shift)),
                    text=plain_text(_text(feature) if in_words else _value(feature)),
                    hover=lines_text(
                        summary.title,
                        titles[name],
                        f"{_text(feature)}, all customers {_value(feature, everyone=True)}",
                        f"mean {shift:+.2f} standard deviations from all customers",
                    ),
                    mark=summary.label,
                    place=summary.title,
                )
            )
    return HeatMap(
        title="Difference from all customers (standard deviations)",
        x_title="",
        y_title="",
        columns=tuple(columns.values()),
        rows=tuple(rows[name] for name in reversed(names)),
        cells=tuple(cells),
        low=-_RANGE,
        high=_RANGE,
        clickable=False,
    )


def by_worth(profile: SegmentProfile) -> list[SegmentSummary]:
    """Return the segments by descending share of revenue, where there is one; else the largest first."""
    return sorted(profile.segments, key=lambda summary: (-(summary.revenue_share or 0.0), -summary.customers, summary.label))


def describe_portrait(profile: SegmentProfile) -> str:
    """Return each segment with its size and what sets it apart."""
    return " ".join(f"“{summary.title}”, {_size(summary, profile.worth)}: {summary.apart}" for summary in by_worth(profile))


def _differing(segments: list[SegmentSummary], ideas: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the features by how much the segments differ in them, at most twelve; of a column's dummies and of an idea only the first."""
    same = {
        feature: number
        for number, idea in enumerate(ideas)
        if "shares" not in idea["why"]
        for features in idea["columns"].values()
        for feature in features
    }
    spread: dict[str, float] = {}
    blocks: dict[str, str] = {}
    for summary in segments:
        for feature in summary.features:
            if feature.shift is not None:
                spread[feature.name] = spread.get(feature.name, 0.0) + summary.customer_share * feature.shift**2
                blocks[feature.name] = feature.block
    found: list[str] = []
    for name in sorted(spread, key=lambda name: -spread[name]):
        if any(blocks[name] == blocks[earlier] != "" or same.get(name, -1) == same.get(earlier, -2) for earlier in found):
            continue
        found.append(name)
    return found[:MOST_FEATURES]


def _titles(summary: SegmentSummary, names: list[str]) -> dict[str, str]:
    titles = {
        feature.name: f"{feature.title} (days)" if feature.unit == "days" else feature.title
        for feature in summary.features
        if feature.name in names
    }
    given = list(titles.values())
    return {name: title if given.count(title) == 1 else f"{title} ({name})" for name, title in titles.items()}


def segment_columns(segments: Sequence[SegmentSummary], worth: str) -> dict[int, PlotlyText]:
    """Return the text below each column, all different: the name on several short lines, and the size; one line for many segments."""
    if len(segments) > UPRIGHT:
        titles = {summary.label: plain_text(textwrap.shorten(visible(summary.title), _ONE_LINE, placeholder="…")) for summary in segments}
        joint, sizes = " · ", {summary.label: percent_text(summary.customer_share) for summary in segments}
    else:
        width = _LETTERS if len(segments) <= _FEW else _FEWER_LETTERS
        titles = {summary.label: in_lines(summary.title, width) for summary in segments}
        joint, sizes = "<br>", {summary.label: _size(summary, plain_text(worth), joint="<br>") for summary in segments}
    given = list(titles.values())
    names = {label: title if given.count(title) == 1 else f"{title}{joint}({label})" for label, title in titles.items()}
    return {label: PlotlyText(f"{name}{joint}{sizes[label]}") for label, name in names.items()}


def _size(summary: SegmentSummary, worth: str, *, joint: str = ", ") -> str:
    revenue = f"{joint}{percent_text(summary.revenue_share)} of {worth}" if summary.revenue_share is not None else ""
    return f"{percent_text(summary.customer_share)} of customers{revenue}"


def _text(feature: FeatureProfile) -> str:
    return " · ".join(part for part in (level(feature.shift), _value(feature)) if part)


def _value(feature: FeatureProfile, *, everyone: bool = False) -> str:
    if feature.is_share:
        return percent_text(feature.population_mean if everyone else feature.mean)
    value = feature.population_median if everyone else feature.median
    return number_text(value, feature.unit)


def level(shift: float | None) -> str:
    """Return how far the mean is from that of all customers, in words: "very high" from a standard deviation, "high" from 0.3, or ""."""
    if shift is None or abs(shift) < SHIFT_WORTH_SAYING:
        return ""
    word = "high" if shift > 0 else "low"
    return f"very {word}" if abs(shift) >= _VERY else word
