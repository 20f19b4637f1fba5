"""What vectors of customers mean: a check against plain rivals, by a job, and the neighbours of a product or a customer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from segcore.errors import SegcoreError
from segcore.features.vectors.check import known_check
from segcore.features.vectors.neighbours import Neighbour, Neighbours, stored_neighbours
from segcore.jobs.tasks.making_vectors import check_job_of, start_check
from segcore.records.vectors_check import VectorsCheck
from segcore.store.store import Store
from segcore.wording.findings import error_text
from segcore.wording.markdown import escape
from segcore.wording.numbers import share_text
from segcore.wording.vectors import COSINES, check_notes, cut_text, verdict_text
from ui.shell import cache, state
from ui.shell.progress import LIVE, draw_task
from ui.widgets.table import draw_frame

if TYPE_CHECKING:
    from segcore.records.intake import Intake

_ICONS = {"vectors": ":material/check_circle:", "shares": ":material/warning:", "alike": ":material/info:", "unknown": ":material/help:"}
_RIVALS = {
    "cust2vec": "Vectors",
    "shares": "Plain rival: product shares",
    "own_favourites": "What the customer bought most so far",
    "popular": "What everybody buys most",
}
_OF = {"item": "A product", "customer": "A customer"}
_TOP = 10
_COLUMNS = {"Cosine": st.column_config.NumberColumn(format="%.2f", help="Of the angle between the two vectors: 1 is the same direction.")}


def draw_meaning(store: Store, taken: Intake) -> None:
    """Draw the check of the vectors that the data have, and the neighbours."""
    st.markdown("**Do the vectors mean something?**")
    _draw_check(store, taken)
    with st.expander("Neighbours of a product or a customer", icon=":material/hub:"):
        _draw_neighbours(store, taken)


def _draw_check(store: Store, taken: Intake) -> None:
    try:
        found = known_check(store, taken.table)
        job_id = check_job_of(taken)
    except SegcoreError as error:  # gensim is not installed any more
        st.caption(escape(error_text(error, "screen")))
        return
    if found is not None:
        _draw_found(found)
        return
    job = draw_task(store, job_id, where="vectors.check", what="The check")
    if job is not None and job.state in LIVE:
        return
    st.caption(
        "A second model learns from all but the latest 15 % of the orders, and predicts each customer's next one. It is compared with "
        "product shares, the customer's own favourites and what everybody buys. It also predicts what else is known about customers."
    )
    if st.button("Check the vectors", key="vectors.check", icon=":material/fact_check:"):
        _start(store, taken)


def _start(store: Store, taken: Intake) -> None:
    try:
        start_check(store, taken)
    except SegcoreError as error:
        st.error(escape(error_text(error, "screen")), icon=":material/error:")
        return
    st.rerun()


def _draw_found(found: VectorsCheck) -> None:
    show = st.success if found.verdict == "vectors" else st.warning if found.verdict == "shares" else st.info
    show(escape(verdict_text(found, "screen")), icon=_ICONS[found.verdict])
    for note in check_notes(found):
        st.caption(escape(note))
    with st.expander("The numbers", icon=":material/table:"):
        _draw_numbers(found)


def _draw_numbers(found: VectorsCheck) -> None:
    basket = found.next_basket
    if basket.cut is not None:
        n = basket.cust2vec.sample_size
        st.caption(f"Next order of {n:,} customers from {cut_text(basket.cut)} on: share of its different products among ten recommended.")
        draw_frame(next_basket_frame(found), hide_index=True, alt="Recall of the next order by method, with its 95 % interval")
    if found.attributes:
        st.caption("What else is known about customers, predicted out of fold: share predicted correctly, with its 95 % interval.")
        shown = {"Customers": st.column_config.NumberColumn(format="localized")}
        draw_frame(
            attributes_frame(found),
            hide_index=True,
            column_config=shown,
            alt="Accuracy for each attribute, from vectors and from the plain rival",
        )


def next_basket_frame(found: VectorsCheck) -> pd.DataFrame:
    """Return one row per method: recall at 10 with its interval."""
    return pd.DataFrame(
        {
            "Recommended by": list(_RIVALS.values()),
            "Recall at 10": [share_text(getattr(found.next_basket, name)) for name in _RIVALS],
        }
    )


def attributes_frame(found: VectorsCheck) -> pd.DataFrame:
    """Return one row per attribute: accuracy from vectors, from the plain rival, and of the most frequent value."""
    return pd.DataFrame(
        {
            "Attribute": [one.column for one in found.attributes],
            "From vectors": [share_text(one.cust2vec) for one in found.attributes],
            "From product shares": [share_text(one.shares) for one in found.attributes],
            "Most frequent value": [share_text(one.majority) for one in found.attributes],
            "Customers": [one.cust2vec.sample_size for one in found.attributes],
            "True by construction": ["in part" if one.by_construction else "" for one in found.attributes],
        }
    )


def _draw_neighbours(store: Store, taken: Intake) -> None:
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    of = left.segmented_control("Of", tuple(_OF), default="item", key="vectors.of", required=True, format_func=_OF.__getitem__) or "item"
    state.seed_widget("vectors.item", _first_product(store, taken))
    state.seed_widget("vectors.customer", _first_customer(store, taken))
    given = right.text_input("Product, by id or title" if of == "item" else "Customer, by id", key=f"vectors.{of}").strip()
    if not given:
        return
    try:
        # The page is drawn at every click, folded or not, and of many customers this takes long.
        found = cache.described(
            "neighbours", f"{taken.table}.{of}.{given}", lambda: stored_neighbours(store, taken.table, **{of: given}, top=_TOP)
        )
    except SegcoreError as error:
        st.warning(escape(error_text(error, "screen")), icon=":material/search_off:")
        return
    _draw_lists(found)


def _first_product(store: Store, taken: Intake) -> str:
    """Return the most frequent product that is a word."""
    found: str = cache.computed("first_product", taken.table, lambda: store.json(store.json(taken.table)["fitted"]["vectors"]["items"])[0])
    return found


def _first_customer(store: Store, taken: Intake) -> str:
    return str(cache.feature_table(str(store.home), taken.table).customers[0])


def _draw_lists(found: Neighbours) -> None:
    name = escape(found.title or found.id)
    items, customers = st.columns(2, gap="medium")
    with items:
        st.caption(f"Products most like {name}" if found.of == "item" else f"Products that the vector of {name} predicts")
        draw_frame(neighbours_frame(found.items, "Product"), hide_index=True, column_config=_COLUMNS, alt="Nearest products")
    with customers:
        st.caption(f"Customers whose vectors predict {name}" if found.of == "item" else f"Customers most like {name}")
        draw_frame(neighbours_frame(found.customers, "Customer"), hide_index=True, column_config=_COLUMNS, alt="Nearest customers")
    st.caption(COSINES)


def neighbours_frame(found: Sequence[Neighbour], what: str) -> pd.DataFrame:
    """Return one row per neighbour: title or id, cosine of the angle between the vectors, and the id where there is a title."""
    titled = any(one.title for one in found)
    number = {"Number": [one.id for one in found]} if titled else {}
    return pd.DataFrame({what: [one.title or one.id for one in found], "Cosine": [one.cosine for one in found], **number})
