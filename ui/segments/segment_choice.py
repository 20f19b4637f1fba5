"""Choice of a segment by a click or from a list, and the field for its name."""

from __future__ import annotations

import streamlit as st

from segcore.records.grid import point_key
from segcore.records.solution import NOISE
from segcore.records.sweep import Sweep
from segcore.segments.profiles.naming import LONGEST_NAME
from segcore.segments.profiles.records import SegmentProfile, SegmentSummary
from segcore.store.store import Store
from segcore.sweeps.points import point_rows
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted, percent_text
from segcore.wording.quotes import visible
from ui.segments.shares import shares_key
from ui.shell import state
from ui.shell.sweep_data import names_with_origin, segment_names
from ui.widgets.select import select


def _kept_key(sweep: Sweep, position: int) -> str:
    return f"segment.{sweep.id[:12]}.{position}"


def clicked_segment(sweep: Sweep, position: int, profile: SegmentProfile) -> SegmentSummary:
    """Return the segment to show: the one just clicked, else the one chosen before, else the largest."""
    clicked = state.new_click(shares_key(sweep))
    if clicked is not None:
        state.remember(_kept_key(sweep, position), clicked)
    return profile.find(state.recall(_kept_key(sweep, position), profile.everyone()[0].label))


def pick_segment(store: Store, sweep: Sweep, position: int, profile: SegmentProfile) -> SegmentSummary:
    """Draw the list of segments and the field for the name, and return the chosen segment."""
    chosen = profile.find(state.recall(_kept_key(sweep, position), profile.everyone()[0].label))
    names = segment_names(store, sweep, position)

    left, right = st.columns(2, gap="medium")
    with left:
        select(
            "Segment",
            [summary.label for summary in profile.everyone()],
            key="segments.picked",
            value=chosen.label,
            format_func=lambda label: _option(profile.find(label), named=label in names),
            on_choice=lambda label: state.remember(_kept_key(sweep, position), label),
            help="You can also click a bar above.",
        )
    with right:
        _draw_name_field(store, sweep, position, chosen)
    return chosen


def _option(summary: SegmentSummary, *, named: bool) -> str:
    number = f" (segment {summary.label})" if named else ""
    return f"{summary.title}{number} · {counted(summary.customers, 'customer')}"


def _draw_name_field(store: Store, sweep: Sweep, position: int, summary: SegmentSummary) -> None:
    """Draw the field for a segment's name, which is stored as soon as it is entered."""
    if summary.label == NOISE:
        return
    point = point_key(sweep.spec.points[position])
    key = f"segments.name.{sweep.id[:12]}.{position}.{summary.label}"
    known = names_with_origin(store, sweep, position)
    carried = known.carried.get(summary.label)
    own = "" if carried or summary.label in known.suggested else known.names.get(summary.label, "")
    state.seed_widget(key, own)

    def keep() -> None:
        store.name_segment(sweep.id, point, summary.label, " ".join(str(state.widget(key) or "").split()))

    st.text_input(
        "Name",
        key=key,
        on_change=keep,
        max_chars=LONGEST_NAME,
        placeholder=visible(summary.title),
        help="Shown on every screen and in exports. Clear it to return to the suggested name.",
    )
    if carried:
        source = point_rows(sweep)[carried.position].label
        st.caption(
            f"“{escape(known.names[summary.label])}” comes from the solution with {escape(source)}: {percent_text(carried.jaccard)} of the "
            "customers in either segment are in both. A name that you enter here holds for this solution only."
        )
