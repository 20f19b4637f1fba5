"""Calibration plot: how many customers really bought, next to how many the model said would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segcore.plots.theme import MAIN, QUIET, lay_out
from segcore.wording.numbers import counted, percent_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_SMALLEST, _LARGEST = 6.0, 18.0  # diameter of a mark


@dataclass(frozen=True, slots=True)
class Calibration:
    """Groups of customers with similar probabilities, ascending.

    Parameters
    ----------
    customers : tuple of int
        In each group.
    predicted, observed, low, high : tuple of float
        Mean probability; share of buyers with Wilson's 95 % interval.
    """

    customers: tuple[int, ...]
    predicted: tuple[float, ...]
    observed: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    @property
    def within(self) -> int:
        """Number of groups whose interval holds what was predicted."""
        return sum(low <= value <= high for value, low, high in zip(self.predicted, self.low, self.high, strict=True))


def calibration_data(bins: Sequence[Mapping[str, Any]]) -> Calibration:
    """Return the groups of `segcore.prediction.held_out.calibration_bins`, as plain values."""
    return Calibration(*(tuple(one[name] for one in bins) for name in ("customers", "predicted", "observed", "low", "high")))


def draw_calibration(data: Calibration) -> Figure:
    """Draw a mark per group, its area by its number of customers, with Wilson's 95 % interval and the line of perfect calibration."""
    import plotly.graph_objects as go

    top = 1.05 * max((*data.predicted, *data.high), default=1.0)
    figure = go.Figure()
    figure.add_scatter(
        x=[0, top], y=[0, top], mode="lines", line={"color": QUIET, "width": 1.5, "dash": "dot"}, name="as predicted", hoverinfo="skip"
    )
    largest = max(data.customers, default=1)
    figure.add_scatter(
        x=list(data.predicted),
        y=list(data.observed),
        mode="markers",
        name="customers by probability",
        marker={"color": MAIN, "size": [_SMALLEST + (_LARGEST - _SMALLEST) * (number / largest) ** 0.5 for number in data.customers]},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [high - value for high, value in zip(data.high, data.observed, strict=True)],
            "arrayminus": [value - low for value, low in zip(data.observed, data.low, strict=True)],
            "color": MAIN,
            "thickness": 1.5,
            "width": 4,
        },
        text=[_hover(data, at) for at in range(len(data.customers))],
        hovertemplate="%{text}<extra></extra>",
    )
    lay_out(figure, x_title="predicted share of buyers", y_title="share who bought", height=380)
    figure.update_xaxes(range=[0, top], tickformat=".0%", showgrid=False)
    figure.update_yaxes(range=[0, top], tickformat=".0%")
    return figure


def _hover(data: Calibration, at: int) -> str:
    span = f"{percent_text(data.low[at])} to {percent_text(data.high[at])}"
    return (
        f"{counted(data.customers[at], 'customer')}<br>predicted {percent_text(data.predicted[at])}"
        f"<br>bought {percent_text(data.observed[at])} ({span})"
    )


def describe_calibration(data: Calibration) -> str:
    """Describe how far predictions and purchases agree."""
    n = len(data.customers)
    return (
        f"Each mark is a group of customers with similar predicted probabilities, its bar the 95 % interval of the share who bought. In "
        f"{data.within} of {counted(n, 'group')}, the interval holds what was predicted."
    )
