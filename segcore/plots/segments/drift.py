"""Drift of each feature: its stability index, and the value that chance stays below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from segcore.plots.theme import ACCENT, INK, QUIET, PlotlyText, lay_out, lines_text, plain_text, shortened
from segcore.segments.over_time.over_time_records import OverTime
from segcore.wording.numbers import counted, listed
from segcore.wording.over_time import psi_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_LONGEST = 36  # letters of a title
_MOST = 40


@dataclass(frozen=True, slots=True)
class DriftBar:
    """One feature's stability index and its critical value."""

    title: str
    psi: float
    critical: float

    @property
    def drifted(self) -> bool:
        """Whether the index is above its critical value."""
        return self.psi > self.critical


def drift_data(found: OverTime, titles: Mapping[str, str]) -> tuple[DriftBar, ...]:
    """Return the features, the one that drifted most first, as many as a figure has room for.

    Parameters
    ----------
    found : OverTime
    titles : mapping of feature to str
    """
    ranked = sorted(found.drift, key=lambda one: (-(one.psi / one.critical), one.name))
    return tuple(DriftBar(titles.get(one.name, one.name), one.psi, one.critical) for one in ranked[:_MOST])


def draw_drift(bars: tuple[DriftBar, ...]) -> Figure:
    """Draw one bar per feature, with a line at its critical value."""
    import plotly.graph_objects as go

    places = list(range(len(bars)))
    figure = go.Figure(
        go.Bar(
            x=[bar.psi for bar in bars],
            y=places,
            orientation="h",
            name="stability index",
            marker={"color": [ACCENT if bar.drifted else QUIET for bar in bars]},
            hovertext=[_hover(bar) for bar in bars],
            hovertemplate="%{hovertext}<extra></extra>",
            showlegend=False,
        )
    )
    figure.add_trace(
        go.Scatter(
            x=[bar.critical for bar in bars],
            y=places,
            mode="markers",
            name="chance stays below",
            marker={"symbol": "line-ns-open", "size": 18, "color": INK, "line": {"width": 2, "color": INK}},
            hoverinfo="skip",
        )
    )
    lay_out(figure, x_title="Stability index", y_title="", height=120 + 30 * len(bars), bargap=0.4)
    figure.update_xaxes(rangemode="tozero")
    titles = [plain_text(shortened(bar.title, _LONGEST)) for bar in bars]
    figure.update_yaxes(tickvals=places, ticktext=titles, range=[len(bars) - 0.5, -0.5], showgrid=False)
    return figure


def _hover(bar: DriftBar) -> PlotlyText:
    return lines_text(bar.title, f"stability index {psi_text(bar.psi)}", f"chance stays below {psi_text(bar.critical)}")


def describe_drift(bars: tuple[DriftBar, ...]) -> str:
    """Return in words which features drifted."""
    drifted = [f"{bar.title} ({psi_text(bar.psi)}, chance stays below {psi_text(bar.critical)})" for bar in bars if bar.drifted]
    if not drifted:
        return f"None of {counted(len(bars), 'feature')} drifted beyond chance."
    return f"Drifted, most first: {listed(drifted)}. The other {len(bars) - len(drifted):,} did not drift beyond chance."
