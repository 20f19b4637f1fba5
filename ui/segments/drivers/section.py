"""Section of the drivers: the job that finds them, how well each segment is predicted, and which features that takes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from segcore.errors import SegcoreError
from segcore.jobs.tasks.finding_drivers import job_of, start_drivers
from segcore.plots.contributions.beeswarm import MOST_POINTS, beeswarm_data, describe_beeswarm, draw_beeswarm
from segcore.plots.contributions.importance import importance_data
from segcore.plots.heatmap import describe_map
from segcore.plots.heatmap import draw_map as heat_figure
from segcore.records.solution import NOISE, Solution
from segcore.records.sweep import Sweep
from segcore.segments.drivers.fit import check_segments
from segcore.segments.drivers.records import Drivers
from segcore.segments.drivers.stored import known_drivers
from segcore.store.store import Store
from segcore.wording.findings import error_text, sentence
from segcore.wording.markdown import escape
from segcore.wording.numbers import segment_title, share_text
from segcore.wording.predictions import auc_text
from ui.segments.drivers.customers import draw_customer, draw_many
from ui.shell.guard import fragment
from ui.shell.progress import LIVE, draw_task
from ui.shell.sweep_data import segment_names
from ui.widgets.figures import draw_figure
from ui.widgets.select import select
from ui.widgets.table import draw_frame

_BEFORE = (
    "A model predicts who is in each segment, for customers that it had not seen; SHAP values show which features it uses, and what puts "
    "a customer into a segment."
)
_HELP = "LightGBM, one segment against the rest, on at most 10,000 customers. It takes a few seconds per segment, in the background."
_ARROWS = "↑: high values speak for the segment; ↓: low values do."


def draw_drivers(store: Store, sweep: Sweep, position: int, solution: Solution, label: int) -> None:
    """Draw the drivers once they were found; or the progress of the job that finds them; or the button that starts it.

    Parameters
    ----------
    store : Store
    sweep : Sweep
    position : int
    solution : Solution
    label : int
        The segment that is shown first.
    """
    st.header("What drives each segment", anchor=False)
    try:
        check_segments(np.asarray(solution.labels))
    except SegcoreError as error:
        st.caption(escape(error_text(error, "screen")))
        return
    found = known_drivers(store, sweep.id, position)
    if found is not None:
        _draw_found(found, segment_names(store, sweep, position), label, f"{sweep.id[:12]}.{position}")
        return
    job = draw_task(store, job_of(sweep.id, position), where="drivers", what="Finding the drivers")
    if job is not None and job.state in LIVE:
        return
    if job is not None and job.state == "cancelled":
        st.info("Finding the drivers was cancelled.", icon=":material/stop_circle:")
    st.caption(_BEFORE)
    if st.button("Find the drivers", key="segments.drivers", icon=":material/model_training:", help=_HELP):
        _start(store, sweep, position)


def _start(store: Store, sweep: Sweep, position: int) -> None:
    try:
        start_drivers(store, sweep.id, position)
    except SegcoreError as error:
        st.error(escape(error_text(error, "screen")), icon=":material/error:")
        return
    st.rerun()


@fragment
def _draw_found(found: Drivers, names: Mapping[int, str], label: int, key: str) -> None:
    """Draw the answer for all segments, then one of them."""
    st.markdown(escape(found.summary()))
    for note in found.notes:
        st.caption(escape(sentence(note, "screen")))
    data = importance_data(found, names)
    if data is not None:
        st.markdown("**Importance of each feature for each segment**")
        draw_figure(
            heat_figure(data),
            key=f"figure.importance.{key}",
            name="Mean absolute SHAP value of each feature in the model of each segment",
            words=f"{data.title}. {_ARROWS} {describe_map(data)}",
        )
    with st.expander("How well each segment is predicted"):
        draw_frame(accuracy_frame(found, names), hide_index=True, alt="Accuracy of the model of each segment on customers not seen")
    _draw_segment(found, names, label, key)


def _draw_segment(found: Drivers, names: Mapping[int, str], label: int, key: str) -> None:
    labels = [one.label for one in found.segments if one.label != NOISE]
    chosen = select(
        "Segment to explain",
        labels,
        key=f"segments.drivers.{key}.{label}",
        default=label if label in labels else None,
        format_func=lambda one: f"{segment_title(one, names)}{f' (segment {one})' if one in names else ''}",
    )
    title = segment_title(chosen, names)
    problem = found.find(chosen).problem
    if problem is not None:
        st.warning(escape(f"{title}: {found.sentence(chosen, names)}"), icon=":material/warning:")
        return
    st.success(escape(found.sentence(chosen, names)), icon=":material/check_circle:")
    swarm = beeswarm_data(found.explained(chosen), found.draw_sample(chosen, MOST_POINTS))
    st.markdown("**What speaks for and against the segment**")
    draw_figure(
        draw_beeswarm(swarm, towards=f"“{title}”"),
        key=f"figure.beeswarm.{key}",
        name=f"SHAP values of the features of “{title}”",
        words=describe_beeswarm(swarm),
    )
    draw_customer(found, chosen, title, key)
    draw_many(found, chosen, title, key)
    _draw_downloads(found, names, chosen)


def accuracy_frame(found: Drivers, names: Mapping[int, str]) -> pd.DataFrame:
    """Return one row per segment: AUC, balanced accuracy, and the shares of it and of the others recognised, with 95 % intervals."""
    rows = []
    for one in found.segments:
        shares = None if one.accuracy is None else (one.accuracy.balanced, one.accuracy.sensitivity, one.accuracy.specificity)
        balanced, inside, outside = ("–",) * 3 if shares is None else map(share_text, shares)
        rows.append(
            {
                "Segment": segment_title(one.label, names),
                "Customers": one.customers,
                "AUC": "–" if one.auc is None else auc_text(one.auc.value, one.auc.low, one.auc.high),
                "Balanced accuracy": balanced,
                "Of it recognised": inside,
                "Of the others": outside,
                "Remark": "" if one.problem is None else sentence(one.problem, "screen"),
            }
        )
    return pd.DataFrame(rows)


def importance_file(found: Drivers, names: Mapping[int, str]) -> bytes:
    """Return the importance of each feature in each segment as CSV."""
    from segcore.export.tables import table_bytes

    return table_bytes(found.importance_rows(names), ".csv")


def values_file(found: Drivers, label: int) -> bytes:
    """Return the SHAP values of a segment's model by customer as CSV."""
    from segcore.export.tables import table_bytes

    return table_bytes(found.value_rows(label), ".csv")


def _draw_downloads(found: Drivers, names: Mapping[int, str], label: int) -> None:
    files = (
        ("Importance in all segments (CSV)", "drivers.csv", partial(importance_file, found, names)),
        ("SHAP values of this segment by customer (CSV)", f"shap_segment_{label}.csv", partial(values_file, found, label)),
    )
    with st.container(horizontal=True):
        for title, name, build in files:
            st.download_button(
                title,
                build,
                file_name=name,
                mime="text/csv",
                key=f"segments.drivers.{name.split('_')[0]}",
                on_click="ignore",
                icon=":material/table:",
            )
