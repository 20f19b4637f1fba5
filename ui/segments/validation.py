"""How well a simple model predicts the segments, on the Segments screen, computed on request."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from segcore.plots.segments.confusion import confusion_data, describe_confusion, draw_confusion, ordered_titles
from segcore.records.solution import Solution
from segcore.records.sweep import Sweep
from segcore.segments.validation import Model, SplitItems, Validation, validate
from segcore.store.store import Store
from segcore.wording.markdown import escape
from segcore.wording.numbers import percent_text, share_text
from ui.segments.on_request import asked_for
from ui.segments.profile import segments_key
from ui.shell import cache
from ui.shell.sweep_data import segment_names
from ui.widgets.figures import draw_figure
from ui.widgets.table import draw_frame

_HELP = (
    "Naive Bayes learns the segments from four fifths of the customers and predicts them for the last fifth; five times, so that each "
    "customer is predicted once. It takes one or two seconds, longer for many items."
)
_MODELS: Mapping[Model, str] = {
    "gaussian": "Gaussian naive Bayes",
    "bernoulli": "Bernoulli naive Bayes, from the items that each customer likes",
}


def draw_validation(store: Store, sweep: Sweep, position: int, solution: Solution) -> None:
    """Draw how well naive Bayes predicts the segments, once it was asked for; or the button that asks."""
    if solution.n_segments + (solution.n_noise > 0) < 2:
        return
    st.header("How easy are the segments to predict?", anchor=False)
    if not asked_for(
        f"validation.{sweep.id}.{position}",
        "Predict the segments",
        key="segments.validate",
        icon=":material/fact_check:",
        words=_HELP,
        before="A simple model predicts each customer's segment from the other customers. Simple segments are easy to predict.",
    ):
        return

    def build() -> Validation:
        with st.spinner("Predicting the segments …"):
            return validate(store, sweep.id, position)

    found = cache.computed("validation", segments_key(sweep, solution, {}), build)
    _draw_accuracy(found)
    _draw_matrix(found, segment_names(store, sweep, position), key=f"figure.confusion.{sweep.id[:12]}.{position}")
    if found.split_items is not None:
        _draw_split_items(found.split_items)


def _draw_accuracy(found: Validation) -> None:
    with st.grid(2, min_column_width=240):
        st.metric("Predicted correctly, with 95 % interval", share_text(found.accuracy), border=True)
        st.metric("If always the largest were predicted", percent_text(found.majority), border=True)
    st.caption(f"By {_MODELS[found.model]}, trained on other customers than those it predicts. {found.caution}")


def _draw_split_items(found: SplitItems) -> None:
    st.markdown("**Do tastes carry over to other items?**")
    with st.grid(2, min_column_width=240):
        st.metric("Predicted from the other half of the items, with 95 % interval", share_text(found.accuracy), border=True)
        st.metric("With the segments shuffled among the customers", percent_text(found.permuted), border=True)
    st.caption(escape(found.sentence))


def _draw_matrix(found: Validation, names: Mapping[int, str], *, key: str) -> None:
    draw_figure(
        draw_confusion(confusion_data(found, names)),
        key=key,
        name="Customers of every segment by the segment that naive Bayes predicts",
        words=describe_confusion(found, names),
    )
    frame = confusion_frame(found, names)
    whole = {name: st.column_config.NumberColumn(format="localized") for name in frame.select_dtypes("integer").columns}
    with st.expander("Show as a table"):
        draw_frame(
            frame,
            hide_index=True,
            column_config={"Actual segment": st.column_config.TextColumn(pinned=True), **whole},
            alt="Customers of every segment by predicted segment",
        )


def confusion_frame(found: Validation, names: Mapping[int, str]) -> pd.DataFrame:
    """Return one row per actual segment: its customers, the share predicted correctly with its interval, and those predicted as each."""
    order, titles = ordered_titles(found, names)
    columns: dict[str, list[object]] = {
        "Actual segment": list(titles),
        "Customers": [int(found.matrix[place].sum()) for place in order],
        "Correctly predicted": [share_text(found.recalls[place]) for place in order],
    }
    for place, title in zip(order, titles, strict=True):
        columns[f"Predicted as {title}"] = [int(found.matrix[actual, place]) for actual in order]
    return pd.DataFrame(columns)
