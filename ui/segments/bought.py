"""What a segment spends on and buys, on the Segments screen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from segcore.records.solution import Solution
from segcore.records.sweep import Sweep
from segcore.segments.explanation import bought, spent
from segcore.segments.profiles.top_items import CategorySpend, TopItem, TopItems
from segcore.store.store import Store
from segcore.wording.numbers import index_text, percent_text
from ui.segments.profile import segments_key
from ui.shell import cache
from ui.widgets.table import draw_frame

_TITLES = {"item": ("Item", "Items"), "category": ("Category", "Categories")}

_NUMBER = "Number"
_COLUMNS = {
    "Item": st.column_config.TextColumn(width="medium"),
    _NUMBER: st.column_config.TextColumn(width="small", help="The item's id in the data. Items may share a title."),
    "TF-IDF": st.column_config.NumberColumn(format="%.3f"),
}


def draw_bought(store: Store, sweep: Sweep, solution: Solution, label: int) -> None:
    """Draw the items and categories that a segment buys most tellingly, by index and by TF-IDF."""

    def build() -> dict[str, Mapping[int, TopItems]]:
        return bought(store, sweep.spec, solution, cache.feature_table(str(store.home), sweep.spec.table))

    found = cache.computed("bought", segments_key(sweep, solution, {}), build)
    if not found:
        return
    rated = sweep.spec.data.get("kind") == "ratings"
    did = "rated" if rated else "bought"
    st.markdown("**What it rates**" if rated else "**What it buys**")
    st.caption(
        f"Index: 100 times the share of its customers who {did} it over that share among all customers, with its 95 % interval; in the "
        "order of its lower end. TF-IDF: "
        f"{'rated high' if rated else 'bought often'} here, and not {did} by everybody, 0 to 1."
    )
    # Categories first: they are fewer, and their names say more than an item's number. Segments of taste and of vectors are about items.
    for position, (what, by_segment) in enumerate(sorted(found.items(), reverse=not {"taste", "vectors"}.isdisjoint(sweep.spec.data))):
        with st.expander(_TITLES[what][1]) if position else st.container():
            _draw_lists(by_segment[label], *_TITLES[what], did=did)


def draw_spent(store: Store, sweep: Sweep, solution: Solution, label: int) -> None:
    """Draw the categories in the rank order of a segment's spend."""

    def build() -> Mapping[int, tuple[CategorySpend, ...]]:
        return spent(sweep.spec, solution, cache.feature_table(str(store.home), sweep.spec.table))

    rows = cache.computed("spent", segments_key(sweep, solution, {}), build).get(label)
    if not rows:
        return
    st.markdown("**What it spends on**")
    st.caption("Index: 100 times its share of spend over that of all customers.")
    draw_frame(spent_frame(rows), hide_index=True, alt="Categories in the rank order of the segment's spend, with their index")


def spent_frame(rows: Sequence[CategorySpend]) -> pd.DataFrame:
    """Return one row per category: its share of the segment's and of all spend, its index, and its rank by each."""
    return pd.DataFrame(
        {
            "Rank": [row.rank for row in rows],
            "Category": [row.category for row in rows],
            "Share of its spend": [percent_text(row.share) for row in rows],
            "Share of all spend": [percent_text(row.overall) for row in rows],
            "Index": [None if row.index is None else round(row.index) for row in rows],
            "Rank by index": [row.index_rank for row in rows],
        }
    )


def _draw_lists(lists: TopItems, one: str, several: str, *, did: str) -> None:
    with st.grid(2, min_column_width=380, gap="medium") as grid:
        for way, rows in (("by index", lists.by_index), ("by TF-IDF", lists.by_tfidf)):
            with grid.cell():
                st.markdown(f"{several} {way}")
                if rows:
                    draw_frame(bought_frame(rows, one, did=did), hide_index=True, column_config=_COLUMNS, alt=f"{several} {way}")
                else:
                    st.caption(f"None is {did} by more of its customers than chance explains.")


def bought_frame(rows: Sequence[TopItem], what: str, *, did: str = "bought") -> pd.DataFrame:
    """Return one row per item: its title, who bought or rated it, their share of the segment, index and TF-IDF, and its number."""
    titled = any(one.title for one in rows)
    number = {_NUMBER: [one.item for one in rows]} if titled else {}
    return pd.DataFrame(
        {
            what: [one.title or one.item for one in rows],
            "Raters" if did == "rated" else "Buyers": [one.buyers for one in rows],
            "Share here": [percent_text(one.support) for one in rows],
            "Index": [index_text(one.index) for one in rows],
            "TF-IDF": [one.tfidf for one in rows],
            **number,
        }
    )
