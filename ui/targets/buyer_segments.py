"""Segments of the buyers: the components that describe them, ranked, with a map."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from segcore.plots.targets.component_map import describe_component_map, draw_component_map
from segcore.records.estimate import Estimate
from segcore.records.target_question import TargetsAnswer
from segcore.store.store import Store
from segcore.targets.plain_answer import map_of_buyers
from segcore.wording.markdown import escape
from segcore.wording.numbers import number_text, share_text
from segcore.wording.targets import lift_text
from ui.shell import cache
from ui.shell.guard import fragment
from ui.targets.job import require_look
from ui.widgets.figures import draw_figure
from ui.widgets.table import draw_frame

_PLANES = {"linear": "Principal plane", "tsne": "t-SNE"}
_TSNE_WORDS = "t-SNE keeps similar customers together. It takes up to a minute."
_ORDERS: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], float]]] = {
    "share": ("Share of buyers", lambda one: one["share"]["value"] or 0.0),
    "spend": ("Spend of a buyer", lambda one: (one["spend"] or {}).get("value") or 0.0),
    "candidates": ("Customers to win", lambda one: one["candidates"]),
}


def draw_components(store: Store, answer: TargetsAnswer) -> None:
    """Draw what the components are, their table and their map; a sentence where there are none."""
    st.header("The buyers' segments", anchor=False)
    found = answer.document["components"]
    if found is None:
        st.caption("There are too few buyers to describe them by components, or they are all alike.")
        return
    st.markdown(escape(found["sentence"]))
    _draw_table(found)
    _draw_map(store, answer)


@fragment
def _draw_table(found: Mapping[str, Any]) -> None:
    orders = [name for name in _ORDERS if name != "spend" or any(one["spend"] for one in found["components"])]
    order = st.segmented_control(
        "Rank by", orders, key="targets.components.order", default="share", required=True, format_func=lambda name: _ORDERS[name][0]
    )
    draw_frame(components_frame(found, order or "share"), hide_index=True, alt="Components of the buyers, ranked")
    st.caption("Near: customers as close to the component as nearly all of its buyers. A tick marks the components that rank customers.")


def components_frame(found: Mapping[str, Any], order: str) -> pd.DataFrame:
    """Return one row per component, ranked.

    Parameters
    ----------
    found : mapping
        ``components`` of `segcore.records.target_question.TargetsAnswer.document`.
    order : {"share", "spend", "candidates"}
    """
    rows = []
    for one in sorted(found["components"], key=_ORDERS[order][1], reverse=True):
        row = {
            "Component": f"{one['component']}{' ✓' if one['ticked'] else ''}",
            "Share of buyers": share_text(Estimate.from_json(one["share"])),
            "Customers to win near": f"{one['candidates']:,}",
            "Of those near, buyers": share_text(Estimate.from_json(one["near"]["precision"])),
            "Lift near": "–" if one["near"]["lift"]["value"] is None else lift_text(one["near"]["lift"]),
        }
        spend = one["spend"]
        rows.append(row if spend is None or spend["value"] is None else {**row, "Spend of a buyer": number_text(spend["value"])})
    return pd.DataFrame(rows).fillna("–")


@fragment
def _draw_map(store: Store, answer: TargetsAnswer) -> None:
    """Draw the buyers and others: on the principal plane at once, by t-SNE once a job has placed them."""
    if "map" not in answer.parts:
        return
    found = cache.computed("map of buyers", f"{store.home} {answer.parts['map']}", lambda: map_of_buyers(store, answer))
    if found is None:
        return
    way = st.segmented_control(
        "Place buyers by", tuple(_PLANES), key="targets.components.plane", default="linear", required=True, format_func=_PLANES.__getitem__
    )
    if way == "tsne":
        placed = require_look(store, answer, "components", words=_TSNE_WORDS, button="Place the customers by t-SNE")
        if placed is None:
            return
        found = replace(found, places=placed, shares=None, areas={}, method="tsne", laid_out=len(placed), different=len(placed))
    draw_figure(
        draw_component_map(found),
        key=f"figure.targets.map.{way}",
        name="Buyers by component, and other customers",
        words=describe_component_map(found),
    )
