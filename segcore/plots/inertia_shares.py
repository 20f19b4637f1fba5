"""Inertia on components and on the items themselves, each as a share of its own inertia with one segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from segcore.plots.theme import DASHES, PALETTE, SYMBOLS, lay_out, plain_text
from segcore.records.sweep import Sweep
from segcore.store.store import Store
from segcore.sweeps.overview import features_name, sweeps_of
from segcore.sweeps.points import point_rows
from segcore.sweeps.prepared import prepare
from segcore.wording.numbers import counted, percent_text

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

CAUTION = (
    "Each curve is a share of its own inertia with one segment. The spaces differ, so the lower curve is not the better one: compare only "
    "where each bends."
)
_NUMBER = "n_clusters"


@dataclass(frozen=True, slots=True)
class ShareCurve:
    """Inertia of one sweep by its number of segments.

    Parameters
    ----------
    name : str
        What was clustered, such as "10 components, PCA, centred".
    k : tuple of int
        Ascending, from 1.
    shares : tuple of float
        Lowest inertia with so many segments, divided by that with one; the first is 1.
    """

    name: str
    k: tuple[int, ...]
    shares: tuple[float, ...]


def other_space(store: Store, sweep: Sweep) -> str | None:
    """Return the newest complete sweep of the same rows and algorithm in the other space: items for components, components for items.

    ``None`` if there is none, or the sweep is of other features.
    """
    mine = _space(sweep)
    if mine is None:
        return None
    for found in sweeps_of(store, sweep.spec.table, sweep.spec.data):
        spec = store.spec(found)
        if spec.algorithm == sweep.spec.algorithm and found != sweep.id and store.is_complete(found):
            theirs = _space(store.sweep(found))
            if theirs is not None and theirs != mine:
                return found
    return None


def missing_space(sweep: Sweep) -> Literal["items", "components"] | None:
    """Return what else can be swept to compare the two spaces; ``None`` if the sweep is of other features, or has no inertia."""
    is_items = _space(sweep)
    return None if is_items is None else "components" if is_items else "items"


def _space(sweep: Sweep) -> bool | None:
    """Return whether a sweep is of items, or ``None`` if it is neither of items nor of components, or has no inertia."""
    taste = sweep.spec.data.get("taste")
    with_inertia = any(row.inertia is not None and _NUMBER in row.params for row in point_rows(sweep))
    if taste is None or not with_inertia:
        return None
    is_raw = bool(taste["components"] == "raw")
    prefix = f"{taste['of']}=" if is_raw else "component_"
    return is_raw if all(name.startswith(prefix) for name in sweep.spec.plan.features) else None


def inertia_share_curve(store: Store, sweep: Sweep) -> ShareCurve:
    """Return a sweep's inertia as shares of that with one segment, which is the sum of squared distances from the mean.

    Parameters
    ----------
    store : Store
    sweep : Sweep
        With a number of segments, and inertia.
    """
    X = prepare(store, sweep.spec, ids=False).X
    whole = float(sum(np.sum((column - column.mean()) ** 2) for column in X.T))
    least: dict[int, float] = {}
    for row in point_rows(sweep):
        if row.inertia is not None and _NUMBER in row.params:
            k = int(row.params[_NUMBER])
            least[k] = min(row.inertia, least.get(k, row.inertia))
    least[1] = whole
    ks = tuple(sorted(least))
    return ShareCurve(features_name(sweep.spec), ks, tuple(least[k] / whole for k in ks))


def draw_inertia_shares(curves: Sequence[ShareCurve]) -> Figure:
    """Draw the curves of two or more spaces in one figure."""
    from plotly.graph_objects import Figure, Scatter

    figure = Figure()
    for at, curve in enumerate(curves):
        figure.add_trace(
            Scatter(
                x=curve.k,
                y=curve.shares,
                name=plain_text(curve.name),
                mode="lines+markers",
                line={"color": PALETTE[at % len(PALETTE)], "dash": DASHES[at % len(DASHES)]},
                marker={"symbol": SYMBOLS[at % len(SYMBOLS)], "size": 8},
                hovertemplate="%{x} segments: %{y:.1%}<extra></extra>",
            )
        )
    lay_out(figure, x_title="Number of segments", y_title="Inertia, share of one segment's")
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    figure.update_xaxes(range=[0.5, max(curve.k[-1] for curve in curves) + 0.5])
    return figure


def describe_inertia_shares(curves: Sequence[ShareCurve]) -> str:
    """Return the figure in words, with what it can and cannot say."""
    ends = [f"on {curve.name}, to {percent_text(curve.shares[-1])} with {counted(curve.k[-1], 'segment')}" for curve in curves]
    return f"Inertia falls: {'; '.join(ends)}. {CAUTION}"
