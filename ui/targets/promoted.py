"""What is promoted, on the Targets screen: a value of a column of the order lines, or a campaign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from segcore.errors import SegcoreError
from segcore.records.target_question import CAMPAIGN
from segcore.store.store import Store
from segcore.targets.promotable import Promotable, campaigns_of, promotable_columns, values_of
from segcore.wording.findings import error_text
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted
from segcore.wording.quotes import visible
from ui.data.source_form import FORMATS, keep_upload
from ui.shell import cache, state
from ui.shell.page import end_page, link
from ui.widgets.select import select

if TYPE_CHECKING:
    from segcore.records.intake import DataRequest, Intake
    from ui.shell.page import Page

ALL = ""
"""Stands for every value of a column."""
MOST_LISTED = 2_000
_WAYS = {"purchase": "Something that customers buy", "campaign": "A campaign that customers respond to"}


@dataclass(frozen=True, slots=True)
class Loaded:
    """The loaded data, from which a question's choices come."""

    store: Store
    taken: Intake
    asked: DataRequest

    def values(self, column: str) -> tuple[Promotable, ...]:
        """Return the values of a column, most customers first; read once."""

        def build() -> tuple[Promotable, ...]:
            with st.spinner(f"Reading the values of {escape(column)} …"):
                return values_of(self.store, self.taken, self.asked, column)

        return cache.computed("promotable", f"{self.store.home} {self.taken.table} {column}", build)

    def campaigns(self, contacts: str | None) -> tuple[Promotable, ...] | None:
        """Return the campaigns of a file, or of the data; ``None`` if these have none."""

        def build() -> tuple[Promotable, ...] | None:
            try:
                with st.spinner("Reading the campaigns …"):
                    return campaigns_of(self.store, self.taken, self.asked, contacts)
            except SegcoreError as error:
                if error.finding is not None and error.finding.code == "targets.no_contacts":
                    return None
                raise

        return cache.computed("campaigns", f"{self.store.home} {self.taken.table} {contacts}", build)


def require_loaded(page: Page) -> Loaded:
    """Return the loaded data, or end the page with a sentence if nobody can be reached by what they hold."""
    taken, asked = page.require_intake(), state.request()
    if asked is None or taken.kind == "ratings":
        st.info(
            "Ratings do not say who will buy: finding whom to reach needs transactions, or a table of customers with an outcome.",
            icon=":material/ads_click:",
        )
        link("data", "Load other data")
        end_page()
    return Loaded(page.store, taken, asked)


def pick_promoted(found: Loaded, known: Mapping[str, Any]) -> dict[str, Any] | None:
    """Draw the fields for what is promoted, and return them as fields of a question; ``None`` while there is nothing to promote.

    Parameters
    ----------
    found : Loaded
        Transactions.
    known : mapping
        Fields of the question that was asked last.
    """
    columns = promotable_columns(found.store, found.taken)
    ways = [way for way in _WAYS if way == CAMPAIGN or columns]
    state.seed_widget("targets.way", CAMPAIGN if known.get("promote") == CAMPAIGN or not columns else "purchase")
    way = st.segmented_control("What is promoted", ways, key="targets.way", required=True, format_func=_WAYS.__getitem__)
    return _pick_campaign(found, known) if way == CAMPAIGN else _pick_value(found, columns, known)


def _pick_value(found: Loaded, columns: Sequence[str], known: Mapping[str, Any]) -> dict[str, Any] | None:
    roles = {column: role for role, column in found.taken.roles.items()}
    left, right = st.columns(2, gap="medium")
    with left:
        column = select(
            "Column of the order lines",
            columns,
            key="targets.column",
            default=known["promote"] if known.get("promote") in columns else None,
            format_func=lambda name: f"{name} ({roles[name]})" if name in roles else name,
        )
    try:
        values = found.values(column)
    except SegcoreError as error:
        st.error(escape(error_text(error, "screen")), icon=":material/error:")
        return None
    with right:
        return {"promote": column, "value": _pick_one(found, column, values, known)}


def _pick_one(found: Loaded, column: str, values: Sequence[Promotable], known: Mapping[str, Any]) -> str | None:
    listed = {one.value: one for one in values[:MOST_LISTED]}
    last = known.get("value") if known.get("promote") == column else None
    # What most customers buy has hardly anybody left to win.
    others_to_win = next((one.value for one in listed.values() if 2 * one.customers <= found.taken.n_customers), next(iter(listed), ALL))
    default = last if last in listed else others_to_win
    chosen = select(
        "What is promoted there",
        [*listed, ALL],
        key=f"targets.value.{column}",
        default=default,
        format_func=lambda value: _value_text(listed[value]) if value in listed else f"Compare all values of {column}",
    )
    if len(values) <= MOST_LISTED:
        return chosen or None
    field = f"targets.other.{column}"
    state.seed_widget(field, last if last is not None and last not in listed else "")
    words = f"The list has the {MOST_LISTED:,} values that most customers buy, of {len(values):,}."
    other = st.text_input("Or another value", key=field, help=words, placeholder=f"A value of {visible(column)}")
    return other.strip() or chosen or None


def _value_text(one: Promotable) -> str:
    named = f"{one.title} ({one.value})" if one.title and one.title != one.value else one.value
    return f"{named}, {counted(one.customers, 'customer')}"


def _pick_campaign(found: Loaded, known: Mapping[str, Any]) -> dict[str, Any] | None:
    """Draw the campaigns of the data, or of an uploaded file."""
    contacts = state.recall(f"targets.contacts.{found.taken.table}", known.get("contacts"))
    left, right = st.columns(2, gap="medium")
    with right:
        words = "One row per customer and campaign: the customers' ids, campaign, sent, and responded, which is blank where nobody did."
        file = st.file_uploader("File of contacts", type=FORMATS, key="targets.upload", help=f"{words} The file stays on this machine.")
        if file is not None:
            contacts = str(keep_upload(found.store, file.name, file.getbuffer()))
            state.remember(f"targets.contacts.{found.taken.table}", contacts)
    try:
        campaigns = found.campaigns(contacts)
    except SegcoreError as error:
        st.error(escape(error_text(error, "screen")), icon=":material/error:")
        return None
    with left:
        if not campaigns:
            st.info("These data have no contacts by campaign. Upload a file of them.", icon=":material/mail:")
            return None
        listed = {one.value: one for one in campaigns}
        chosen = select(
            "Campaign",
            [*listed, ALL],
            key="targets.campaign",
            default=known["value"] if known.get("promote") == CAMPAIGN and known.get("value") in listed else None,
            format_func=lambda value: (
                f"{value}, {counted(listed[value].customers, 'customer')} contacted" if value in listed else "Compare all campaigns"
            ),
        )
    return {"promote": CAMPAIGN, "value": chosen or None, "contacts": contacts}
