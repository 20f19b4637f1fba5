"""Who buys: how well the model predicts, which features that takes, and groups of customers with similar reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from segcore.errors import SegcoreError
from segcore.plots.contributions.beeswarm import beeswarm_data, describe_beeswarm, draw_beeswarm
from segcore.plots.contributions.force import describe_force, draw_force, force_data
from segcore.plots.targets.buyer_map import BuyerMap, buyer_map_data, describe_buyer_map, draw_buyer_map
from segcore.plots.targets.calibration import calibration_data, describe_calibration, draw_calibration
from segcore.prediction.explained import Explained, row_of
from segcore.records.estimate import Estimate
from segcore.records.target_question import TargetsAnswer
from segcore.store.store import Store
from segcore.targets.plain_answer import explained_of
from segcore.wording.findings import error_text
from segcore.wording.markdown import escape
from segcore.wording.numbers import percent_text, share_text
from segcore.wording.predictions import auc_text
from segcore.wording.targets import lift_text
from ui.shell import cache, state
from ui.shell.guard import fragment
from ui.targets.job import require_look
from ui.widgets.figures import draw_figure
from ui.widgets.table import draw_frame

_UMAP_WORDS = "UMAP keeps neighbours together better than a plane does. It takes up to a minute or two."
_PLANES = {"linear": "Principal plane", "umap": "UMAP"}
_MEASURED = {"later period": "on the later period", "held out": "on customers that it had not seen"}


def draw_buyers(store: Store, answer: TargetsAnswer) -> None:
    """Draw how good the model is, what it rests on, one customer, and groups."""
    st.header("Who buys", anchor=False)
    model = answer.document["model"]
    where, area = _MEASURED[model["measured_on"]], model["auc"]
    if area is not None:
        found = f"**{auc_text(area['value'], area['low'], area['high'])}**, where 0.5 is guessing and 1 is perfect"
        st.markdown(f"The model tells buyers from others {where} with an area under the ROC curve of {found}.")
    explained, bought = cache.computed(
        "explained buyers", f"{store.home} {answer.parts['contributions']}", lambda: explained_of(store, answer)
    )
    with st.grid(2, min_column_width=420, gap="medium") as grid:
        with grid.cell():
            _draw_calibration(model)
        with grid.cell():
            _draw_beeswarm(explained)
    with st.expander("Importance of each feature"):
        frame = pd.DataFrame([(one["title"], one["importance"]) for one in model["features"]], columns=["Feature", "Importance"])
        top = float(frame["Importance"].max()) if len(frame) else 1.0
        bar = st.column_config.ProgressColumn("Mean absolute SHAP value (log-odds)", min_value=0.0, max_value=top, format="%.3f")
        draw_frame(frame, hide_index=True, column_config={"Importance": bar}, alt="Importance of each feature")
    _draw_customer(explained)
    _draw_groups(store, answer, explained, bought)


def _draw_calibration(model: Mapping[str, Any]) -> None:
    st.markdown("**Are the probabilities right?**")
    data = calibration_data(model["calibration"])
    draw_figure(
        draw_calibration(data),
        key="figure.targets.calibration",
        name="Predicted and real share of buyers",
        words=describe_calibration(data),
    )


def _draw_beeswarm(explained: Explained) -> None:
    st.markdown("**What speaks for and against buying**")
    swarm = beeswarm_data(explained)
    draw_figure(
        draw_beeswarm(swarm, towards="buying"),
        key="figure.targets.beeswarm",
        name="SHAP values of the features that predict who buys",
        words=describe_beeswarm(swarm),
    )


@fragment
def _draw_customer(explained: Explained) -> None:
    with st.expander("One customer"):
        likeliest = str(explained.customers[int(np.argmax(explained.contributions.log_odds))])
        state.seed_widget("targets.customer", likeliest)
        words = f"One of the {len(explained.customers):,} rows that the model learned from; at first the likeliest buyer."
        st.text_input("Customer id", key="targets.customer", help=words)
        try:
            row = row_of(explained.customers, str(state.widget("targets.customer") or ""))
        except SegcoreError as error:
            st.error(escape(error_text(error, "screen")), icon=":material/error:")
            return
        data = force_data(explained, row)
        draw_figure(
            draw_force(data, towards="buying"),
            key="figure.targets.force",
            name=f"What speaks for and against buying for customer {data.customer}",
            words=describe_force(data),
        )


def _draw_groups(store: Store, answer: TargetsAnswer, explained: Explained, bought: np.ndarray) -> None:
    groups = answer.document["groups"]
    if groups is None:
        return
    st.subheader("Groups with similar reasons", anchor=False)
    st.caption(
        "Clusters of the SHAP values: who is alike in what speaks for and against buying. The group most likely to buy is first. ↑ raises "
        "the chance to buy, ↓ lowers it."
    )
    frame = groups_frame(groups).map(lambda cell: escape(str(cell)))  # a table's cells wrap, and are Markdown
    st.table(frame, border="horizontal", hide_index=True, alt="Groups with their real share of buyers and their rule")

    _draw_map(store, answer, explained, bought)


@fragment
def _draw_map(store: Store, answer: TargetsAnswer, explained: Explained, bought: np.ndarray) -> None:
    """Draw the groups beside who bought: on the principal plane at once, by UMAP once a job has placed the customers."""
    way = st.segmented_control(
        "Place customers by", tuple(_PLANES), key="targets.plane", default="linear", required=True, format_func=_PLANES.__getitem__
    )
    placed = None
    if way == "umap":
        placed = require_look(store, answer, "groups", words=_UMAP_WORDS, button="Place the customers by UMAP")
        if placed is None:
            return
    groups = answer.document["groups"]

    def build() -> BuyerMap:
        values = np.asarray(store.array(answer.parts["contributions"]))
        return buyer_map_data(values, np.array(groups["labels"]), bought, explained.customers, placed=placed)

    data = cache.computed("buyer map", f"{store.home} {answer.parts['contributions']} {placed is None}", build)
    draw_figure(
        draw_buyer_map(data),
        key=f"figure.targets.groups.{way}",
        name="Groups of similar reasons, beside who really bought",
        words=describe_buyer_map(data, groups["agreement"]),
    )


def groups_frame(groups: Mapping[str, Any]) -> pd.DataFrame:
    """Return one row per group: its size, real share of buyers and lift with 95 % intervals, its strongest reasons, and its rule."""
    return pd.DataFrame(
        [
            {
                "Group": one["group"],
                "Customers": percent_text(one["support"]["value"]),
                "Really bought": share_text(Estimate.from_json(one["precision"])),
                "Times everybody's share": "–" if one["lift"]["value"] is None else lift_text(one["lift"]),
                "Strongest reasons": ", ".join(
                    f"{reason['title']} {'↑' if reason['contribution'] > 0 else '↓'}" for reason in one["strongest"]
                ),
                "Rule": one["rule"] or one["no_rule"],
            }
            for one in groups["groups"]
        ]
    )
