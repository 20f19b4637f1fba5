"""Panel to make features of taste from items, and what the components are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from segcore.errors import SegcoreError
from segcore.features.taste.overview import ComponentRow, component_rows
from segcore.plots.explained_variance import describe_explained_variance, draw_explained_variance
from segcore.records.taste import AUTO, MATRICES, METHODS, MOST_COMPONENTS, USUAL_COMPONENTS, Of, Taste
from segcore.store.store import Store
from segcore.wording.findings import error_text, sentence
from segcore.wording.markdown import escape
from segcore.wording.taste import MATRICES as MATRIX_WORDS
from segcore.wording.taste import METHODS as METHOD_WORDS
from ui.data.loading import load
from ui.shell import cache, state
from ui.widgets.figures import draw_figure
from ui.widgets.table import draw_frame

if TYPE_CHECKING:
    from segcore.records.intake import Intake

_SHOWN = "taste.shown"
_OF = {"item": "Items", "category": "Categories"}
_ITEMS = ("The items themselves", "each item is a feature, without components; up to 50 million cells.")


def draw_taste(store: Store, taken: Intake) -> None:
    """Draw the panel for data with items, and the components if there are any."""
    of = cache.computed("purchased", taken.table, lambda: store.purchased(taken.table))
    asked = state.request()
    if not of or asked is None:
        return
    made = asked.taste
    rows = cache.computed("components", taken.table, lambda: component_rows(store, taken.table)) if made is not None else ()
    with st.expander("Taste: what customers like, item by item", icon=":material/interests:", expanded=made is not None):
        if rows:
            _draw_components(taken, rows)
        _draw_form(store, taken, of, made)


def _draw_form(store: Store, taken: Intake, of: tuple[Of, ...], made: Taste | None) -> None:
    known = made or Taste(of="item" if "item" in of else "category", matrix="centred" if taken.kind == "ratings" else "log")
    _seed(known, is_new=made is not None and made != state.recall(_SHOWN))
    state.remember(_SHOWN, made)
    st.caption("Components sum up who has the same items. They become features; changing their number does not read the file again.")
    left, right = st.columns(2, gap="medium")
    with left:
        method = st.selectbox(
            "Kind of components",
            METHODS,
            key="taste.components",
            format_func=lambda name: METHOD_WORDS.get(name, _ITEMS)[0],
        )
        st.caption(_sentence(METHOD_WORDS.get(method, _ITEMS)[1]))
        what = known.of
        if len(of) > 1:
            picked = st.segmented_control("Of", of, key="taste.of", required=True, format_func=lambda name: _OF[name])
            what = picked or what
    with right:
        matrix = st.selectbox("Values", MATRICES, key="taste.matrix", format_func=lambda name: MATRIX_WORDS[name][0])
        st.caption(_sentence(MATRIX_WORDS[matrix][1]))
        automatic = method != "raw" and st.toggle("Choose the number by parallel analysis", key="taste.auto")
        n = st.number_input(
            "Number of components",
            1,
            MOST_COMPONENTS,
            key="taste.n",
            disabled=automatic or method == "raw",
        )
    if st.button("Make the items features" if method == "raw" else "Compute components", key="taste.compute", icon=":material/interests:"):
        _compute(store, Taste(of=what, matrix=matrix, components=method, n=AUTO if automatic else int(n)))
    if made is not None:
        st.button("Remove these features", key="taste.drop", type="tertiary", on_click=_drop, args=(store,))


def _seed(known: Taste, *, is_new: bool) -> None:
    """Begin the form with known features; those that were made elsewhere, such as in the panel of vectors, replace what it says."""
    values = {
        "components": known.components,
        "of": known.of,
        "matrix": known.matrix or "centred",
        "auto": known.n == AUTO,
        "n": USUAL_COMPONENTS if known.n == AUTO else int(known.n),
    }
    for name, value in values.items():
        (state.set_widget if is_new else state.seed_widget)(f"taste.{name}", value)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}{'' if words.endswith('.') else '.'}"


def _compute(store: Store, taste: Taste) -> None:
    asked = state.request()
    if asked is None:
        return
    try:
        # Components are computed here; DuckDB, too, need not hold all rows that a command had read with Spark.
        frames = "duckdb" if asked.frames == "spark" else asked.frames
        load(store, replace(asked.without_added(), taste=taste, frames=frames))
    except SegcoreError as error:
        st.error(escape(error_text(error, "screen")), icon=":material/error:")
        return
    st.rerun()


def _drop(store: Store) -> None:
    asked = state.request()
    if asked is not None:
        load(store, replace(asked, taste=None))


def _draw_components(taken: Intake, rows: tuple[ComponentRow, ...]) -> None:
    figure = draw_explained_variance(rows)
    if figure is not None:
        draw_figure(
            figure,
            key=f"taste.variance.{taken.table[:12]}",
            name="Share of the variance that each component explains, and all up to it",
            words=describe_explained_variance(rows),
        )
    columns: dict[str, list[object]] = {
        "Component": [row.number for row in rows],
        "Explains": [row.ratio for row in rows],
        "Agreement": [row.agreement for row in rows],
        "Strongest items": ["; ".join(row.high) for row in rows],
        "At the other end": ["; ".join(row.low) for row in rows],
    }
    frame = pd.DataFrame({name: values for name, values in columns.items() if any(value not in (None, "") for value in values)})
    draw_frame(
        frame,
        hide_index=True,
        column_config={
            "Explains": st.column_config.NumberColumn(format="percent"),
            "Agreement": st.column_config.NumberColumn(format="%.2f", help="How alike in fits from other random starts; 1 is the same."),
            "Strongest items": st.column_config.TextColumn(width="medium"),
            "At the other end": st.column_config.TextColumn(width="medium"),
        },
        row_height=88,  # of four lines: the items are what a component means
        height=38 + 88 * min(len(frame), 5),
        alt="Components with their strongest items",
    )
    for note in taken.notes:
        if note.code.startswith("taste."):
            st.caption(escape(sentence(note, "screen")))
