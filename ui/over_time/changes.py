"""What became of the segments: the verdict, then sizes, the flow, causes, drift, and the new solution."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from segcore import jobs
from segcore.plots.segments.drift import describe_drift, draw_drift, drift_data
from segcore.plots.segments.flow import Weights, describe_flow, draw_flow, migration_data
from segcore.plots.segments.sizes_over_time import describe_sizes_over_time, draw_sizes_over_time, sizes_over_time_data
from segcore.segments.over_time.migration import followed_rows, migration_of, new_titles, refit_fate_text
from segcore.segments.over_time.over_time_records import NOWHERE, OverTime, Refit
from segcore.segments.over_time.verdict import followed_sentences, judge
from segcore.wording.findings import sentence
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted, day_text, percent_text, points_text, segment_title, share_text
from segcore.wording.over_time import psi_text
from ui.over_time.job import Kept
from ui.shell import state
from ui.shell.sweep_data import feature_titles
from ui.widgets.figures import draw_figure, drawn
from ui.widgets.table import draw_frame

_KINDS = {"stayed": "Stayed", "split": "Split", "merged": "Merged", "vanished": "Vanished", "appeared": "New"}
_WEIGHTS = {"customers": "Customers", "revenue": "Earlier revenue"}


def draw_verdict(kept: Kept, found: OverTime) -> None:
    """Draw whether to segment again, and what that is based on."""
    verdict = judge(found, kept.names(), feature_titles(kept.store, kept.sweep))
    with st.container(border=True):
        st.header(escape(sentence(verdict.headline, "screen")), anchor=False)
        for reason in verdict.reasons:
            st.markdown(f"- {escape(sentence(reason, 'screen'))}")
        st.caption(escape(_periods(found)))
    for note in found.notes:
        if note.severity == "warning":
            st.warning(escape(sentence(note, "screen")), icon=":material/warning:")
    others = [note for note in found.notes if note.severity != "warning"]
    if others:
        with st.expander(f"{counted(len(others), 'note')} on the later data"):
            for note in others:
                st.markdown(f"- {escape(sentence(note, 'screen'))}")


def _periods(found: OverTime) -> str:
    periods, name = found.periods, str(found.data["name"])
    if periods.later_last is None:
        return f"Later data: {name}."
    then = f"{day_text(periods.earlier_first)} to {day_text(periods.earlier_last)}"
    now = f"{day_text(periods.later_first)} to {day_text(periods.later_last)}"
    return f"Then: {then}. Now: {now}, from {name}."


def draw_sizes(kept: Kept, found: OverTime) -> None:
    """Draw the size of each segment then and now."""
    st.header("Sizes then and now", anchor=False)
    names = kept.names()
    st.markdown(escape(followed_sentences(found)[0]))
    rows = sizes_over_time_data(found, names)
    draw_figure(
        drawn(draw_sizes_over_time, rows),
        key="over_time.sizes",
        name="Share of customers of each segment then and now",
        words=describe_sizes_over_time(rows),
    )
    changes = {one.label: one for one in found.segments}
    shown = [
        {
            "Segment": row.title,
            "Then": row.then,
            "Now": row.now,
            "Share then": share_text(row.then_share),
            "Share now": share_text(row.now_share),
            "Change": points_text(row.difference),
            "Revenue then": percent_text(changes[row.label].revenue_then),
            "Revenue now": percent_text(changes[row.label].revenue_now),
            "New": changes[row.label].new,
            "Gone": changes[row.label].gone,
            "Came": changes[row.label].came,
            "Left": changes[row.label].left,
        }
        for row in rows
    ]
    frame = pd.DataFrame(shown)
    if all(one.revenue_then is None for one in found.segments):
        frame = frame.drop(columns=["Revenue then", "Revenue now"])
    draw_frame(frame, hide_index=True, alt="Sizes of the segments then and now")


def draw_flows(kept: Kept, found: OverTime) -> None:
    """Draw who went where, and why."""
    st.header("Who went where", anchor=False)
    names = kept.names()
    has_revenue = migration_data(found, names, "revenue") is not None
    weights: Weights = "customers"
    if has_revenue:
        asked = st.segmented_control(
            "Width of the bands",
            tuple(_WEIGHTS),
            key="over_time.weights",
            default="customers",
            required=True,
            format_func=_WEIGHTS.__getitem__,
        )
        weights = "revenue" if asked == "revenue" else "customers"
    flow = migration_data(found, names, weights)
    if flow is None:
        return
    st.caption("Left: then. Right: now. Orange: customers who are in another segment.")
    draw_figure(draw_flow(flow), key="over_time.flow", name="Customers of each segment then and now", words=describe_flow(flow))
    draw_frame(migration_frame(found, names), hide_index=True, alt="Customers of each pair of segments then and now")
    for words in followed_sentences(found)[1:]:
        st.markdown(f"- {escape(words)}")
    st.download_button(
        f"Download all {counted(len(found.customers.ids), 'customer')} with both segments (CSV)",
        lambda: followed_file(found, names),
        file_name=f"over-time-{found.sweep[:8]}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="over_time.download",
    )


def migration_frame(found: OverTime, names: dict[int, str]) -> pd.DataFrame:
    """Return one row per segment of then and one column per segment of now, in customers."""
    migration = migration_of(found)
    then = ["New customers" if label == NOWHERE else segment_title(label, names) for label in migration.labels_then]
    now = ["Gone" if label == NOWHERE else segment_title(label, names) for label in migration.labels_now]
    headings = [name if now.count(name) == 1 else f"{name} ({label})" for name, label in zip(now, migration.labels_now, strict=True)]
    return pd.DataFrame(
        [[title, *row] for title, row in zip(then, migration.customers.tolist(), strict=True)], columns=["Then \\ now", *headings]
    )


def followed_file(found: OverTime, names: dict[int, str]) -> bytes:
    """Return the customers with their segments then and now as CSV, as ``over-time --out`` writes them."""
    from segcore.export.tables import table_bytes

    return table_bytes(followed_rows(found, names), ".csv")


def draw_features(kept: Kept, found: OverTime) -> None:
    """Draw how far each feature drifted."""
    st.header("Which features drifted", anchor=False)
    if not found.drift:
        st.caption("None of the features means anything individually.")
        return
    bars = drift_data(found, feature_titles(kept.store, kept.sweep))
    critical = psi_text(bars[0].critical)
    st.caption(
        f"The stability index is 0 where a feature has the same distribution as before. Chance alone stays below about {critical} with as "
        "many customers; a line marks it for each feature."
    )
    draw_figure(
        drawn(draw_drift, bars),
        key="over_time.drift",
        name="Stability index of each feature, and what chance stays below",
        words=describe_drift(bars),
    )


def draw_refit(kept: Kept, found: OverTime) -> None:
    """Draw what became of each segment when the later customers were clustered again, and the button that uses the new segments."""
    refit = found.refit
    st.header("The later customers, clustered again", anchor=False)
    if refit is None:
        st.caption(escape(found.no_refit))
        return
    names = kept.names()
    titles = new_titles(refit, names)
    for fate in refit.fates:
        st.markdown(f"- **{_KINDS[fate.kind]}.** {escape(refit_fate_text(fate, names, titles))}")
    st.caption("Segments that match an earlier one keep its name and colour.")
    again = judge(found, names).answer == "again"
    if st.button(
        "Use the new segments",
        key="over_time.use",
        type="primary" if again else "secondary",
        icon=":material/groups:",
        help="Opens the new solution on every screen; the kept one stays in the list of sweeps.",
    ):
        _use(kept, refit)
        st.switch_page("pages/segments.py")


def _use(kept: Kept, refit: Refit) -> None:
    """List the new solution's sweep, and show the solution on every screen."""
    kept.store.restore_sweep(refit.sweep)
    jobs.start_sweep(kept.store, kept.store.spec(refit.sweep))  # complete, so this only notes that it is done
    state.choose_point(refit.sweep, refit.position)
