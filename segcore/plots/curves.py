"""Curves of a metric over a grid with one main axis, such as inertia or silhouette over the number of segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segcore.clustering.algorithms.registry import algorithm
from segcore.clustering.point_labels import point_label
from segcore.plots.theme import ACCENT, DASHES, GOOD, PALETTE, QUIET, SYMBOLS, lay_out
from segcore.records.evidence import SweepEvidence
from segcore.records.grid import axes_of
from segcore.records.sweep import Sweep
from segcore.sweeps.points import WAITING, Metric, PointRow, axis_title, metric, point_rows
from segcore.wording.numbers import counted, listed, percent_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

NEARLY_THE_SAME, NOTHING = 0.02, 1e-9
_MOST_TOLD = 4
"""Below the first relative difference one sentence describes all curves; below the second they are called the same."""
MOST_WORDS = 4
"""Up to this many gaps, each has its reason next to it; the legend always has the reasons."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One solution on a curve; if ``value`` is None, ``gap`` gives the reason in a few words."""

    position: int
    x: float
    value: float | None
    low: float | None
    high: float | None
    sample_size: int | None
    gap: str | None
    label: str


@dataclass(frozen=True, slots=True)
class Curve:
    """The solutions that differ only in the main parameter; ``name`` is the other parameters in words, "" if they do not vary."""

    name: str
    points: tuple[CurvePoint, ...]


@dataclass(frozen=True, slots=True)
class Band:
    """What data without segments reach, at one place of the main axis."""

    x: float
    low: float
    high: float
    highest: float


@dataclass(frozen=True, slots=True)
class Curves:
    """A metric over the main axis.

    Parameters
    ----------
    algorithm : str
    metric : Metric
    x_name, x_title : str
        The main axis.
    curves : tuple of Curve
    band : tuple of Band
        In the order of the main axis; where several curves have one at the same place, it spans them. Empty without evidence.
    placebos : int
        Number of data sets without segments that the band was measured on.
    """

    algorithm: str
    metric: Metric
    x_name: str
    x_title: str
    curves: tuple[Curve, ...]
    band: tuple[Band, ...] = ()
    placebos: int = 0

    def points(self) -> list[CurvePoint]:
        """Return the points of every curve."""
        return [point for curve in self.curves for point in curve.points]


def curves_data(sweep: Sweep, metric_name: str) -> Curves:
    """Return a metric over the algorithm's first parameter, one curve per combination of the others.

    Raises
    ------
    StopIteration
        If the metric is unknown; see ``sweeps.points.metrics``.
    """
    shown = metric(metric_name)
    axes = axes_of(sweep.spec.points)
    main = next(param.name for param in algorithm(sweep.spec.algorithm).params if param.name in axes)
    others = [name for name, values in axes.items() if name != main and len(values) > 1]
    grouped: dict[str, list[CurvePoint]] = {}
    for row in point_rows(sweep):
        name = point_label(sweep.spec.algorithm, {other: row.params[other] for other in others if other in row.params})
        grouped.setdefault(name, []).append(_point(row, float(row.params[main]), shown))
    curves = tuple(Curve(name, tuple(sorted(points, key=lambda point: point.x))) for name, points in grouped.items())
    evidence = sweep.evidence
    band = _band(sweep, evidence, main) if evidence is not None and metric_name == "silhouette" else ()
    return Curves(
        sweep.spec.algorithm,
        shown,
        main,
        axis_title(sweep.spec.algorithm, main),
        curves,
        band,
        evidence.placebos if evidence is not None and band else 0,
    )


def _band(sweep: Sweep, evidence: SweepEvidence, main: str) -> tuple[Band, ...]:
    spans: dict[float, Band] = {}
    for params, point in zip(sweep.spec.points, evidence.points, strict=False):
        placebo, x = point.placebo, float(params[main])
        if placebo is None or placebo.low is None or placebo.high is None or placebo.highest is None:
            continue
        known = spans.get(x, Band(x, placebo.low, placebo.high, placebo.highest))
        spans[x] = Band(x, min(known.low, placebo.low), max(known.high, placebo.high), max(known.highest, placebo.highest))
    return tuple(spans[x] for x in sorted(spans))


def _point(row: PointRow, x: float, shown: Metric) -> CurvePoint:
    value = shown.value(row)
    interval = row.silhouette if shown.name == "silhouette" and not row.silhouette.is_exact else None
    return CurvePoint(
        position=row.position,
        x=x,
        value=value,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        sample_size=row.silhouette.sample_size if shown.name == "silhouette" else None,
        gap=None if value is not None else row.gap or "undefined",
        label=row.label,
    )


def draw_curves(data: Curves, *, chosen: int | None = None, recommended: int | None = None) -> Figure:
    """Draw the curves; width, dash and symbol distinguish curves that coincide.

    Parameters
    ----------
    data : Curves
    chosen, recommended : int or None
        Positions of the points to mark.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    _draw_band(figure, data)
    for order, curve in enumerate(data.curves):
        figure.add_trace(go.Scatter(**_line(data, curve, order)))
    _mark(figure, data, recommended, name="recommended", symbol="star", color=GOOD, size=17)
    _mark(figure, data, chosen, name="chosen", symbol="circle-open", color=ACCENT, size=21)
    _draw_gaps(figure, data)
    lay_out(figure, x_title=data.x_title, y_title=data.metric.axis)
    xs = sorted({point.x for point in data.points()})
    figure.update_xaxes(tickmode="array", tickvals=xs, range=[xs[0] - _margin(xs), xs[-1] + _margin(xs)], showgrid=False)
    if not any(point.value is not None for point in data.points()):
        figure.update_yaxes(range=[-0.2, 1], showticklabels=False, showgrid=False)
    return figure


def _draw_band(figure: Figure, data: Curves) -> None:
    """Draw what data without segments reach: 5 to 95 % as an area, the maximum as a dotted line."""
    if not data.band:
        return
    xs = [place.x for place in data.band]
    plain = {"x": xs, "mode": "lines", "hoverinfo": "skip"}
    figure.add_scatter(**plain, y=[place.low for place in data.band], line={"width": 0}, showlegend=False)
    figure.add_scatter(
        **plain,
        y=[place.high for place in data.band],
        line={"width": 0},
        fill="tonexty",
        fillcolor="rgba(138,143,152,0.3)",
        name="without segments, 5 to 95 %",
    )
    figure.add_scatter(
        **plain, y=[place.highest for place in data.band], line={"width": 1.5, "dash": "dot", "color": QUIET}, name="their maximum"
    )


def _line(data: Curves, curve: Curve, order: int) -> dict[str, Any]:
    points = curve.points
    below = len(data.curves) - 1 - order  # later curves are drawn on top, so earlier ones must be wider to show under them
    intervals = any(point.low is not None for point in points)
    errors = {
        "type": "data",
        "symmetric": False,
        "array": [_distance(point.high, point.value) for point in points],
        "arrayminus": [_distance(point.value, point.low) for point in points],
        "thickness": 1.5,
        "width": 4,
    }
    return {
        "x": [point.x for point in points],
        "y": [point.value for point in points],
        "customdata": [point.position for point in points],
        "mode": "lines+markers",
        "name": curve.name or data.metric.title,
        "showlegend": len(data.curves) > 1 or bool(data.band),
        "connectgaps": False,
        "line": {"color": PALETTE[order % len(PALETTE)], "width": 2 + 3 * min(below, 4), "dash": DASHES[order % len(DASHES)]},
        "marker": {"size": 9 + 4 * min(below, 4), "symbol": SYMBOLS[order % len(SYMBOLS)]},
        # a click selects: the other points must not fade, because a ring marks the chosen one
        "selected": {"marker": {"opacity": 1}},
        "unselected": {"marker": {"opacity": 1}},
        "error_y": errors if intervals else None,
        "text": [_hover(data, point) for point in points],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _hover(data: Curves, point: CurvePoint) -> str:
    interval = f"<br>95 % interval {point.low:.2f} to {point.high:.2f}" if point.low is not None and point.high is not None else ""
    return f"{point.label}<br>{data.metric.title} {data.metric.text(point.value)}{interval}<br><i>click to choose</i>"


def _distance(high: float | None, low: float | None) -> float:
    return high - low if high is not None and low is not None else 0.0


def _margin(xs: list[float]) -> float:
    return max(0.5, 0.04 * (xs[-1] - xs[0]))


def _mark(figure: Figure, data: Curves, position: int | None, *, name: str, symbol: str, color: str, size: int) -> None:
    point = next((point for point in data.points() if point.position == position and point.value is not None), None)
    if point is None:
        return
    figure.add_scatter(
        x=[point.x],
        y=[point.value],
        mode="markers",
        name=name,
        customdata=[point.position],
        marker={"symbol": symbol, "size": size, "color": color, "line": {"width": 3, "color": color}},
        hoverinfo="skip",
    )


def _draw_gaps(figure: Figure, data: Curves) -> None:
    """Draw solutions without a value as crosses at the bottom with the reason next to them; unfinished ones are left blank."""
    gaps = [point for point in data.points() if point.value is None and point.gap != WAITING]
    if not gaps:
        return
    values = [point.value for point in data.points() if point.value is not None]
    foot = min(values) - 0.12 * ((max(values) - min(values)) or abs(min(values)) or 1) if values else 0.0
    stated: dict[float, list[str]] = {}
    for point in gaps:
        stated.setdefault(point.x, []).append(point.gap or "")
    figure.add_scatter(
        x=[point.x for point in gaps],
        y=[foot] * len(gaps),
        customdata=[point.position for point in gaps],
        mode="markers",
        name=listed(sorted({point.gap or "" for point in gaps})),
        marker={"symbol": "x-thin", "size": 10, "line": {"width": 2, "color": QUIET}},
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        text=[f"{point.label}<br>{point.gap}<br><i>click to choose</i>" for point in gaps],
        hovertemplate="%{text}<extra></extra>",
    )
    if len(stated) > MOST_WORDS:
        return
    for x, reasons in stated.items():
        figure.add_annotation(x=x, y=foot, text=listed(sorted(set(reasons))), showarrow=False, textangle=-60, yshift=34, font={"size": 11})


def describe_curves(data: Curves, *, chosen: int | None = None, recommended: int | None = None) -> str:
    """Describe the curves in words and numbers."""
    together = _together(data)
    sentences = [_course(data, Curve("", data.curves[0].points)), together] if together else _courses(data)
    waiting = sum(point.gap == WAITING for point in data.points())
    if waiting:
        sentences.append(f"{waiting} of {counted(len(data.points()), 'solution')} {'is' if waiting == 1 else 'are'} {WAITING}.")
    gaps = [point for point in data.points() if point.value is None and point.gap != WAITING]
    if gaps:
        reasons = sorted({point.gap or "" for point in gaps})
        sentences.append(
            f"{len(gaps)} of {counted(len(data.points()), 'solution')} {'has' if len(gaps) == 1 else 'have'} no value ({listed(reasons)})."
        )
    sampled = [point.sample_size for point in data.points() if point.low is not None and point.sample_size]
    if sampled:
        sentences.append(f"Bars are 95 % intervals: each value is estimated from about {max(sampled):,} sampled rows.")
    if data.band:
        sets = counted(data.placebos, "data set")
        sentences.append(f"The area is what {sets} without segments reach, 5 to 95 %, and the dotted line their maximum.")
    for word, position in (("The ring marks the chosen solution", chosen), ("the star the recommended one", recommended)):
        found = next((point for point in data.points() if point.position == position and point.value is not None), None)
        if found:
            sentences.append(f"{word[0].upper()}{word[1:]}, {found.label}: {data.metric.text(found.value)}.")
    return " ".join(sentences)


def _together(data: Curves) -> str | None:
    """Return the sentence that all curves nearly coincide; None if they do not, or if there is only one."""
    values: dict[float, list[float]] = {}
    for point in data.points():
        if point.value is not None:
            values.setdefault(point.x, []).append(point.value)
    if len(data.curves) < 2 or any(len(found) < len(data.curves) for found in values.values()) or not values:
        return None
    apart = max((max(found) - min(found)) / max(abs(value) for value in found) if any(found) else 0.0 for found in values.values())
    if apart > NEARLY_THE_SAME:
        return None
    much = f"differ by {percent_text(apart)} at most" if apart > NOTHING else "are the same"
    return f"The lines for {listed([curve.name for curve in data.curves])} {much}."


def _courses(data: Curves) -> list[str]:
    """Return one sentence per curve; curves with the same text share one, and only the first of very many are described."""
    alike: dict[str, list[Curve]] = {}
    for curve in data.curves:
        alike.setdefault(_course(data, Curve("", curve.points)), []).append(curve)
    groups = list(alike.values())
    told, rest = groups[:_MOST_TOLD], sum(len(group) for group in groups[_MOST_TOLD:])
    sentences = [_course(data, Curve(listed([curve.name for curve in group]), group[0].points)) for group in told]
    return [*sentences, f"{counted(rest, 'more line')} {'is' if rest == 1 else 'are'} in the table below."] if rest else sentences


def _course(data: Curves, curve: Curve) -> str:
    shown = [point for point in curve.points if point.value is not None]
    where = f" at {curve.name}" if curve.name else ""
    if not shown:
        return f"No solution{where} has a value for {data.metric.title.lower()}."
    first, last = shown[0], shown[-1]
    if first is last:
        return f"{data.metric.title}{where} is {data.metric.text(first.value)} at {_at(data, first)}."
    text, title = data.metric.text, data.metric.title
    if data.metric.name == "inertia":
        verb = "falls" if (last.value or 0) < (first.value or 0) else "goes"
        return f"{title}{where} {verb} from {text(first.value)} at {_at(data, first)} to {text(last.value)} at {_at(data, last)}."
    low, high = (pick(shown, key=lambda point: point.value or 0.0) for pick in (min, max))
    return f"{title}{where} is highest, {text(high.value)}, at {_at(data, high)} and lowest, {text(low.value)}, at {_at(data, low)}."


def _at(data: Curves, point: CurvePoint) -> str:
    return point_label(data.algorithm, {data.x_name: point.x})
