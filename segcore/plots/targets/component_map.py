"""Buyers on the plane where they and other customers differ most, coloured by the component that describes each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from segcore.plots.segments.map import draw_customers
from segcore.records.solution import NOISE
from segcore.segments.maps.customer_map import CustomerMap
from segcore.wording.numbers import counted, percent_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_ENDS = (0.5, 99.5)
_MARGIN = 0.05


def map_window(found: CustomerMap) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower and upper ends of the part of the plane to draw, each of shape (2,).

    It holds every ellipse and, along either axis, all but the outermost hundredth of the customers drawn: one of them can be so far away
    that the buyers would be one dot.
    """
    outlines = [outline for area in found.areas.values() if (outline := area.ellipse()) is not None]
    corners = np.concatenate([np.percentile(found.places[found.shown], _ENDS, axis=0), *outlines])
    low, high = corners.min(axis=0), corners.max(axis=0)
    reach = _MARGIN * np.where(high > low, high - low, 1.0)
    return low - reach, high + reach


def draw_component_map(found: CustomerMap) -> Figure:
    """Draw the buyers by component, with the mean and ellipse of each, and other customers.

    Parameters
    ----------
    found : CustomerMap
        Of `segcore.targets.buyers.buyer_components.map_components`: noise are those who did not buy.
    """
    components = [label for label in np.unique(found.labels).tolist() if label != NOISE]
    figure = draw_customers(found, {NOISE: "Did not buy", **{label: f"Component {label + 1}" for label in components}})
    if found.shares is None:
        return figure
    (left, bottom), (right, top) = map_window(found)
    figure.update_xaxes(range=[left, right])
    figure.update_yaxes(range=[bottom, top])
    return figure


def describe_component_map(found: CustomerMap) -> str:
    """Describe what the map shows of the differences between customers, its marks, and who is outside of it."""
    if found.shares is None:
        return f"{found.sentence} {found.caution}"
    low, high = map_window(found)
    places = found.places[found.shown]
    beyond = int(((places < low) | (places > high)).any(axis=1).sum())
    outside = f" {counted(beyond, 'customer is', 'customers are')} farther out." if beyond else ""
    return (
        f"The plane shows {percent_text(sum(found.shares))} of the variance of the {counted(found.dimensions, 'feature')} that the "
        f"components are made of. A large mark is the mean of a component, and its ellipse is where most of its buyers are.{outside}"
    )
