"""Distribution of a feature in one segment compared with all customers: density curves, or bars where there is no density."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from segcore.plots.theme import ACCENT, MAIN, lay_out, plain_text
from segcore.segments.profiles.densities import Density
from segcore.segments.profiles.histograms import Histogram, LeftOut
from segcore.segments.profiles.records import FeatureProfile
from segcore.wording.numbers import counted, number_text, percent_text, unit_text
from segcore.wording.quotes import value_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_STEPS = 25  # of the range: heights of a curve are about those of so many bars
_HIGHEST = 0.3  # share of the customers to aim at for the top of the higher curve, so that none seems to count more than all
_AREA = "rgba(62,134,198,0.35)"  # the dotted line stays visible behind it, on either background
_EVERYONE = {"color": ACCENT, "width": 2.5, "dash": "dot", "simplify": False}


def draw_distribution(pair: Density | Histogram, feature: FeatureProfile, title: str) -> Figure:
    """Draw a feature's distribution in a segment, filled, and among all customers as a dotted line; of 0/1 features, no and yes.

    Parameters
    ----------
    pair : Density or Histogram
    feature : FeatureProfile
        Its title and unit; whether it is 0/1.
    title : str
        The segment's.
    """
    figure = _draw_curves(pair, feature, title) if isinstance(pair, Density) else _draw_bars(pair, feature, title)
    figure.update_yaxes(rangemode="tozero")
    figure.update_xaxes(showgrid=False, tickformat=".0%" if _is_percentage(feature) else None)
    if feature.is_share:
        figure.update_xaxes(tickvals=[0, 1], ticktext=["no", "yes"])
    return figure


def _draw_curves(pair: Density, feature: FeatureProfile, title: str) -> Figure:
    import plotly.graph_objects as go

    step = readable_step(min((pair.at[-1] - pair.at[0]) / _STEPS, _HIGHEST / max(*pair.segment, *pair.population)))
    per = _per(step, feature)
    segment, everyone = ([100 * step * height for height in curve] for curve in (pair.segment, pair.population))
    hover = [
        f"{plain_text(feature.title)}: {number_text(at, feature.unit)}{unit_text(feature.unit)}<br>"
        f"{plain_text(title)}: {percent_text(here / 100)} {per}<br>all customers: {percent_text(there / 100)} {per}"
        for at, here, there in zip(pair.at, segment, everyone, strict=True)
    ]
    at = list(pair.at)
    figure = go.Figure()
    figure.add_scatter(x=at, y=everyone, name="all customers", mode="lines", line=_EVERYONE, hoverinfo="skip", legendrank=2)
    figure.add_scatter(
        x=at,
        y=segment,
        name=plain_text(title),
        mode="lines",
        line={"color": MAIN, "width": 2, "simplify": False},
        fill="tozeroy",
        fillcolor=_AREA,
        hovertext=hover,
        hovertemplate="%{hovertext}<extra></extra>",
        legendrank=1,
    )
    return lay_out(figure, x_title=_x_title(feature), y_title=f"Customers {per} (%)", height=250, hovermode="x")


def readable_step(wanted: float) -> float:
    """Return the number 1, 2 or 5 times a power of 10 that is nearest to one above 0, by ratio.

    >>> readable_step(13.2), readable_step(0.04)
    (10.0, 0.05)
    """
    power = math.floor(math.log10(wanted))
    return min((float(f"{digit}e{power}") for digit in (1, 2, 5, 10)), key=lambda step: abs(math.log(step / wanted)))


def _per(step: float, feature: FeatureProfile) -> str:
    """Return what the height of a curve counts: "per 10 days", "per 5 percentage points", "per step of 0.5"."""
    if _is_percentage(feature):
        points = number_text(100 * step)
        return "per percentage point" if points == "1" else f"per {points} percentage points"
    unit = unit_text(feature.unit).strip()
    if not unit or " " in unit or not unit.endswith("s"):
        return f"per step of {number_text(step)}"
    return f"per {unit.removesuffix('s')}" if step == 1 else f"per {number_text(step)} {unit}"


def _draw_bars(pair: Histogram, feature: FeatureProfile, title: str) -> Figure:
    import plotly.graph_objects as go

    bins = list(zip(pair.edges, pair.edges[1:], strict=False))
    hover = [
        f"{_interval(left, right, feature)}<br>{plain_text(title)}: {percent_text(share)}<br>all customers: {percent_text(whole)}"
        for (left, right), share, whole in zip(bins, pair.segment, pair.population, strict=True)
    ]
    figure = go.Figure()
    figure.add_bar(
        x=[(left + right) / 2 for left, right in bins],
        y=[100 * share for share in pair.segment],
        name=plain_text(title),
        marker={"color": _AREA, "line": {"color": MAIN, "width": 1}},
        hovertext=hover,
        hovertemplate="%{hovertext}<extra></extra>",
    )
    figure.add_scatter(
        x=list(pair.edges),
        y=[100 * share for share in (*pair.population, pair.population[-1])],
        name="all customers",
        mode="lines",
        line={**_EVERYONE, "shape": "hv"},
        hoverinfo="skip",
    )
    return lay_out(figure, x_title=_x_title(feature), y_title="Customers (%)", height=250, bargap=0.05)


def _is_percentage(feature: FeatureProfile) -> bool:
    return feature.unit.startswith("share") and not feature.is_share


def _x_title(feature: FeatureProfile) -> str:
    unit = "%" if _is_percentage(feature) else unit_text(feature.unit).strip()
    return plain_text(f"{feature.title} ({unit})" if unit and unit != feature.title.lower() else feature.title)


def _interval(left: float, right: float, feature: FeatureProfile) -> str:
    if feature.is_share:
        return f"{plain_text(feature.title)}: {'no' if left < 0 else 'yes'}"
    return f"{number_text(left, feature.unit)} to {number_text(right, feature.unit)}"


def describe_distribution(pair: Density | Histogram, feature: FeatureProfile, title: str) -> str:
    """Compare a feature of a segment with all customers in words, and count the customers whom the figure does not show."""
    named = value_text(feature.title)
    if feature.is_share:
        return f"{named}: {percent_text(feature.mean)} of “{title}”, {percent_text(feature.population_mean)} of all customers."
    here, there = (number_text(value, feature.unit) for value in (feature.median, feature.population_median))
    unit = unit_text(feature.unit)
    if here == there:
        means = (number_text(value, feature.unit) for value in (feature.mean, feature.population_mean))
        text = f"{named}: median {here}{unit} in “{title}” and over all customers; mean {' against '.join(means)}."
    else:
        text = f"{named}: median {here}{unit} in “{title}”, {there}{unit} over all customers."
    return text + _left_out(pair.left_out)


def _left_out(left_out: LeftOut) -> str:
    text = ""
    if left_out.outside:
        are = "is" if left_out.outside == 1 else "are"
        of_them = _of_them(left_out.segment_outside)
        text = f" The figure shows the middle 98 %; {counted(left_out.outside, 'customer')} {are} outside it, {of_them}."
    if left_out.missing:
        have = "has" if left_out.missing == 1 else "have"
        text += f" {counted(left_out.missing, 'customer')} {have} no value, {_of_them(left_out.segment_missing)}."
    return text


def _of_them(number: int) -> str:
    return f"{number:,} of them in this segment" if number else "none of them in this segment"
