"""What became of each segment, who moved, and both solutions' measures side by side."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from segcore.plots.segments.flow import describe_flow, draw_flow, flow_data
from segcore.segments.comparison import SolutionComparison, compare_solutions
from segcore.store.store import Store
from segcore.sweeps.points import metrics
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted, two_decimals
from segcore.wording.quotes import visible
from ui.shell import cache
from ui.widgets.figures import draw_figure
from ui.widgets.table import draw_frame

_KINDS = {"stayed": "Stayed", "split": "Split", "merged": "Merged", "vanished": "Vanished", "appeared": "Appeared"}
_EVIDENCE = (
    ("z", "z, above data without segments"),
    ("least_stability", "Least stability"),
    ("prediction_strength", "Prediction strength"),
)


def compared(store: Store, before: tuple[str, int], after: tuple[str, int], names: str) -> SolutionComparison:
    """Return the comparison; ``names`` is the version of the segments' names."""
    return cache.computed("comparison", f"{before} {after} {names}", lambda: compare_solutions(store, before, after))


def draw_answer(found: SolutionComparison) -> None:
    """Draw the answer in two sentences."""
    with st.container(border=True):
        st.markdown(escape(found.summary()))
        for number, side in ((found.only_before, "first"), (found.only_after, "second")):
            if number:
                st.caption(f"{counted(number, 'customer')} only in the {side} solution, and so not compared.")


def draw_flows(found: SolutionComparison) -> None:
    """Draw the flow of customers, and what became of each segment."""
    st.header("Who goes where", anchor=False)
    st.caption(f"Left: {escape(found.before.label)}. Right: {escape(found.after.label)}. Orange: customers who moved.")
    flow = flow_data(found)
    draw_figure(draw_flow(flow), key="compare.flow", name="Customers of each segment of both solutions", words=describe_flow(flow))
    st.header("What became of each segment", anchor=False)
    for fate in found.comparison.fates:
        st.markdown(f"- **{_KINDS[fate.kind]}.** {escape(found.fate_text(fate))}")


def draw_moved(found: SolutionComparison) -> None:
    """Draw the download of the customers who moved."""
    moved = int(found.comparison.moved.sum())
    if not moved:
        return
    from segcore.export.tables import table_bytes

    st.download_button(
        f"Download the {counted(moved, 'customer')} who moved (CSV)",
        lambda: table_bytes(found.moved_rows(), ".csv"),
        file_name=f"moved-{found.before.sweep[:8]}-{found.after.sweep[:8]}.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="compare.moved",
    )


def draw_measures_of_both(found: SolutionComparison) -> None:
    """Draw the measures side by side."""
    st.header("Measures side by side", anchor=False)
    known = {metric.name: metric for metric in metrics()}
    names = {"n_segments": "segments", "compactness": "mean_compactness"}
    lines = []
    for name, metric in known.items():
        values = [side.measures.get(names.get(name, name)) for side in (found.before, found.after)]
        if any(value is not None for value in values):
            lines.append((metric.title, *(metric.text(value) if value is not None else "–" for value in values)))
    for name, title in _EVIDENCE:
        values = [side.measures.get(name) for side in (found.before, found.after)]
        if any(value is not None for value in values):
            lines.append((title, *map(two_decimals, values)))
    labels = _apart(visible(found.before.label), visible(found.after.label))
    draw_frame(pd.DataFrame(lines, columns=["Measure", *labels]), hide_index=True, alt="Measures of both solutions")


def _apart(one: str, other: str) -> tuple[str, str]:
    return (f"First: {one}", f"Second: {other}") if one == other else (one, other)
