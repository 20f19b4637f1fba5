"""Key figures of every segment on the Segments screen."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from segcore.records.solution import Solution
from segcore.records.sweep import Sweep
from segcore.segments.profiles.key_figures import KeyFigures, key_figures
from segcore.store.store import Store
from segcore.wording.numbers import number_text, percent_text
from ui.segments.profile import segments_key
from ui.shell import cache
from ui.shell.sweep_data import segment_names
from ui.widgets.table import draw_frame


def figures_of(store: Store, sweep: Sweep, position: int, solution: Solution) -> KeyFigures:
    """Return the key figures of every segment."""
    names = segment_names(store, sweep, position)
    table = cache.feature_table(str(store.home), sweep.spec.table)
    key = segments_key(sweep, solution, names)
    return cache.computed("key_figures", key, lambda: key_figures(table, sweep.spec.plan, solution, names))


def draw_key_figures(store: Store, sweep: Sweep, position: int, solution: Solution) -> None:
    """Draw key figures with a column for each: what adds up with its share, and what it is per customer and per order."""
    found = figures_of(store, sweep, position, solution)
    if len(found.titles) == 1:
        return
    with st.expander("Key figures: orders, units, and averages per customer and per order" if "orders" in found.titles else "Key figures"):
        draw_frame(
            figures_frame(found),
            hide_index=True,
            column_config={"Segment": st.column_config.TextColumn(pinned=True)},
            alt="Key figures of every segment and of all customers",
        )


def figures_frame(found: KeyFigures) -> pd.DataFrame:
    """Return one row per group and one for all customers: each key figure, and its share where it adds up."""
    rows = []
    for group in (*found.groups, found.everyone):
        row = {"Segment": group.title}
        for name, title in found.titles.items():
            figure = group.figures[name]
            share = "" if figure.share is None else f" ({percent_text(figure.share)})"
            row[title] = f"{number_text(figure.value)}{share}"
        rows.append(row)
    return pd.DataFrame(rows)
