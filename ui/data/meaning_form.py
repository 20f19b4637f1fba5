"""Form for what the data mean: kind, roles and uses of columns, which rows count, how the file is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, cast

import streamlit as st

from segcore.records.data_rules import ColumnRules, DateOrder, ReadOptions, RowRules
from segcore.records.dataset import KINDS, ROLES_OF, Kind
from segcore.records.feature_table import ColumnUse
from segcore.records.finding import Finding
from segcore.store.store import Store
from segcore.system.digests import digest
from segcore.wording.findings import sentence
from segcore.wording.markdown import escape
from segcore.wording.numbers import listed
from segcore.wording.quotes import visible
from ui.data.column_editor import column_editor
from ui.data.remedies import DELIMITERS
from ui.data.source_form import FORM, attempt
from ui.shell.guard import fragment

if TYPE_CHECKING:
    from segcore.records.intake import DataRequest, Intake, Peek

KIND_TITLES: Mapping[str, str] = {
    "transactions": "Transactions: one row per order line",
    "ratings": "Ratings: one row per rating",
    "customers": "Customers: one row per customer",
}
ROLE_WORDS = {
    "customer": ("Customer", "Who bought or rated. Read as text, so leading zeros stay."),
    "order": ("Order", "Items bought together: the invoice or basket."),
    "time": ("Time", "When it was bought or rated."),
    "item": ("Item", "What was bought or rated; used only for counting."),
    "quantity": ("Quantity", "How many; negative for returns."),
    "price": ("Price", "Price of one unit. The amount of a line is quantity × price."),
    "amount": ("Amount", "Amount of the whole line, used instead of quantity × price."),
    "discount": ("Discount", "Discount on the line; the amount is what was paid."),
    "category": ("Category", "Department or group of the item, for each customer's share of spend by category."),
    "rating": ("Rating", "The customer's rating of the item, as a number. With none, the number of rows with the item counts."),
    "value": ("Value", "What a customer is worth: each segment's share of it is shown. It stays a feature unless you untick it."),
}
NO_COLUMN = "– none –"
GUESS = "\0"  # no column can have this name
_GUESS_TITLES = {True: "– none found –", False: "– auto-detect –"}
_DELIMITERS: Mapping[str | None, str] = {None: "Auto-detect", **DELIMITERS}
_ORDERS: Mapping[str, str] = {"": "Auto-detect", "dmy": "Day first", "mdy": "Month first", "ymd": "Year first"}
_MOST_CATEGORIES = 100


@dataclass(frozen=True, slots=True)
class Known:
    """Initial values of the form: the request, what is known about its file, and what was detected.

    ``whole`` is true if the data were loaded: then a role without a column has none; otherwise it may still be detected.
    """

    request: DataRequest
    columns: tuple[str, ...]
    sheets: tuple[str, ...]
    form: Mapping[str, str]
    preview: str
    kind: Kind
    roles: Mapping[str, str]
    reasons: Mapping[str, Finding]
    uses: tuple[ColumnUse, ...] = ()
    remembered: str | None = None
    whole: bool = True

    @property
    def salt(self) -> str:
        """A digest of all of it; a different one makes new widgets."""
        return digest([self.request.to_json(), list(self.columns), dict(self.roles), self.kind])[:12]


def known_of(request: DataRequest, taken: Intake) -> Known:
    """Return what is known about the loaded data."""
    return Known(
        request,
        taken.columns,
        taken.sheets,
        taken.form,
        taken.preview,
        cast(Kind, taken.kind),
        taken.roles,
        taken.reasons,
        taken.uses,
        taken.remembered,
    )


def known_of_pending(request: DataRequest, seen: Peek) -> Known:
    """Return what is known about data that could not be loaded."""
    kind = cast(Kind, request.kind or seen.kind or "transactions")
    roles = {**seen.roles, **request.roles}
    return Known(request, seen.columns, seen.sheets, seen.form, seen.preview, kind, roles, seen.reasons, whole=False)


def meaning_form(store: Store, known: Known, say: Callable[[], None]) -> None:
    """Draw the form; applying it reads the data again.

    Entries stay while the kind changes, and the rest of the page is not redrawn. ``say`` draws the error of the last attempt
    above the button.
    """
    fragment(_draw_form, key=f"data.form.{known.salt}")(store, known, say)


def _draw_form(store: Store, known: Known, say: Callable[[], None]) -> None:
    salt = known.salt
    if known.remembered:
        _draw_remembered(store, known)
    with st.container(border=True):
        kind = cast(
            Kind,
            st.segmented_control(
                "Kind", KINDS, default=known.kind, key=f"kind.{salt}", required=True, format_func=lambda name: KIND_TITLES[str(name)]
            ),
        )
        roles = _role_fields(known, kind, salt)
        columns = known.request.columns
        if kind == "customers" and known.whole:
            columns = column_editor(store, columns, known.uses if kind == known.kind else (), known.preview, salt)
        elif kind != "customers" and roles.get("category"):
            columns = _category_field(columns, kind, salt)
        filters = _filter_fields(known.request, salt)
        rows = _row_fields(known.request.rows, kind, salt)
        with st.expander("How the file is read", icon=":material/description:"):
            reading = _reading_fields(known, salt)
        asked = replace(known.request, kind=kind, roles=roles, columns=columns, rows=rows, reading=reading, afresh=False, **filters)
        say()
        with st.container(horizontal=True, vertical_alignment="center"):
            applied = st.button("Apply", key=f"data.apply.{salt}", icon=":material/check:")
            if known.whole and _differs(asked, known):
                st.caption("Changed, but not applied yet.", width="content")
    if applied:
        attempt(store, asked, FORM)


def _differs(asked: DataRequest, known: Known) -> bool:
    """Tell whether the form differs from the loaded data."""
    roles = {role: known.roles.get(role, "") for role in ROLES_OF[known.kind]}
    return asked != replace(known.request, kind=known.kind, roles=roles, afresh=False)


def reading_form(store: Store, request: DataRequest) -> None:
    """Draw the reading options of a file that cannot be read without them."""
    known = Known(request, (), (), {}, "", "transactions", {}, {}, whole=False)
    with st.form(f"data.reading.{known.salt}"):
        st.markdown("**How the file is read**")
        reading = _reading_fields(known, known.salt)
        if st.form_submit_button("Read again", icon=":material/refresh:"):
            attempt(store, replace(request, reading=reading), FORM)


def _draw_remembered(store: Store, known: Known) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        same = known.remembered == (known.request.name or known.request.data)
        before = "it before" if same else f"for {escape(known.remembered or '')}, which has the same columns"
        st.caption(f"Read as you chose {before}.", width="content")
        if st.button("Detect again", key="data.afresh", icon=":material/restart_alt:"):
            attempt(store, replace(known.request, afresh=True))


def _role_fields(known: Known, kind: Kind, salt: str) -> dict[str, str]:
    """Draw one field per role of the kind; an empty name means no column, and roles to detect are omitted."""
    wanted = ROLES_OF[kind]
    guessing = not known.whole or kind != known.kind
    options = (*((GUESS,) if guessing else ()), "", *known.columns)
    fields: dict[str, str] = {}
    for first in range(0, len(wanted), 3):
        for place, role in zip(st.columns(3, gap="medium"), wanted[first : first + 3], strict=False):
            title, words = ROLE_WORDS[role]
            chosen = known.roles.get(role, GUESS if guessing else "")
            fields[role] = str(
                place.selectbox(
                    title,
                    options,
                    index=options.index(chosen) if chosen in options else 0,
                    key=f"role.{role}.{salt}.{guessing}",
                    help=words,
                    format_func=partial(_column_title, sought=kind == known.kind),
                )
            )
    if known.reasons and kind == known.kind:
        st.caption(escape(why(known.reasons)))
    return {role: column for role, column in fields.items() if column != GUESS}


def _column_title(column: str, *, sought: bool) -> str:
    return _GUESS_TITLES[sought] if column == GUESS else visible(column) or NO_COLUMN


def why(reasons: Mapping[str, Finding]) -> str:
    """Return why the columns have their roles, in one sentence."""
    texts = {role: sentence(reason, "screen") for role, reason in reasons.items()}
    if len(set(texts.values())) == 1:
        return f"Why these columns: {next(iter(texts.values()))}."
    same = {text: [ROLE_WORDS[role][0].lower() for role, other in texts.items() if other == text] for text in texts.values()}
    clauses = [f"{listed(roles)}{' each' if len(roles) > 1 else ''} {text}" for text, roles in same.items()]
    return f"Why these columns: {'; '.join(clauses)}."


def _category_field(rules: ColumnRules, kind: Kind, salt: str) -> ColumnRules:
    """Draw the number of categories that get their own feature."""
    what = "spend" if kind == "transactions" else "ratings"
    most = st.number_input(
        "Categories with their own feature",
        min_value=1,
        max_value=_MOST_CATEGORIES,
        value=rules.max_categories,
        step=1,
        key=f"max_categories.{salt}",
        help=f"The largest categories become one feature each: the customer's share of {what}. Smaller ones are combined into “(other)”.",
        width=320,
    )
    return replace(rules, max_categories=int(most))


def _filter_fields(request: DataRequest, salt: str) -> dict[str, Any]:
    left, begin, end = st.columns([2, 1, 1], gap="medium")
    where = left.text_area(
        "Keep only rows where",
        value="\n".join(request.where),
        key=f"where.{salt}",
        placeholder="Country = 'France'",
        help="As in SQL: =, <>, <, >, <=, >=, IN, LIKE, BETWEEN, IS NULL, AND, OR, NOT. A row must meet every line. With customer. before "
        "the name of a feature, a line chooses customers: customer.total_spend > 850.",
        height=70,
    )
    date_from = begin.text_input("From (inclusive)", value=request.date_from or "", key=f"from.{salt}", placeholder="2011-01-01")
    date_to = end.text_input("To (inclusive)", value=request.date_to or "", key=f"to.{salt}", placeholder="2011-12-31")
    lines = tuple(line.strip() for line in where.splitlines() if line.strip())
    return {"where": lines, "date_from": date_from.strip() or None, "date_to": date_to.strip() or None}


def _row_fields(rules: RowRules, kind: Kind, salt: str) -> RowRules:
    """Draw the options for doubtful rows."""
    with st.container(horizontal=True, gap="medium"):
        set_aside = st.toggle(
            "Skip unreadable rows",
            value=rules.set_aside,
            key=f"set_aside.{salt}",
            help="Set aside rows whose number or date cannot be read. If off, such a row stops the reading and is named.",
        )
        cancelled = duplicates = False
        if kind == "transactions":
            cancelled = st.toggle(
                "Set cancelled lines aside",
                value=rules.cancelled == "aside",
                key=f"cancelled.{salt}",
                help="Lines with a negative quantity, or with an order number of C and digits. If kept, they reduce the customer's spend.",
            )
        if kind != "customers":
            duplicates = st.toggle(
                "Set exact duplicates aside",
                value=rules.duplicates == "aside",
                key=f"duplicates.{salt}",
                help="Rows that equal an earlier row in every column.",
            )
    order: str = rules.date_order or ""
    if kind != "customers":
        order = str(
            st.segmented_control(
                "Dates such as 03/04/2024",
                tuple(_ORDERS),
                default=order,
                key=f"order.{salt}",
                required=True,
                format_func=lambda name: _ORDERS[str(name)],
            )
        )
    return replace(
        rules,
        date_order=cast(DateOrder, order) if order else None,
        set_aside=set_aside,
        cancelled=_rule(cancelled),
        duplicates=_rule(duplicates),
    )


def _rule(aside: bool) -> Literal["keep", "aside"]:
    return "aside" if aside else "keep"


def _reading_fields(known: Known, salt: str) -> ReadOptions:
    """Draw the reading options; empty fields are detected from the content."""
    reading = known.request.reading
    if known.form:
        form = "; ".join(f"{what}: {words}" for what, words in known.form.items())
        st.caption(escape(f"{form[:1].upper()}{form[1:]}"))
    first, second, third = st.columns(3, gap="medium")
    known_delimiters = {**_DELIMITERS, **({reading.delimiter: reading.delimiter} if reading.delimiter not in _DELIMITERS else {})}
    delimiter = first.selectbox(
        "Delimiter",
        tuple(known_delimiters),
        index=tuple(known_delimiters).index(reading.delimiter),
        key=f"delimiter.{salt}",
        format_func=lambda name: visible(str(known_delimiters[name])),
    )
    encoding = second.text_input(
        "Encoding", value=reading.encoding or "", key=f"encoding.{salt}", placeholder="Auto-detect, or a name such as cp1252"
    )
    header = third.number_input(
        "Row with the column names", min_value=1, value=reading.header_row, step=1, key=f"header.{salt}", placeholder="Auto-detect"
    )
    sheets: tuple[str, ...] = reading.sheets
    if known.sheets:
        chosen = known.sheets if reading.sheets == ("*",) else [name for name in reading.sheets if name in known.sheets]
        sheets = tuple(
            st.multiselect("Sheets", known.sheets, default=chosen, key=f"sheets.{salt}", format_func=visible, placeholder="Auto-detect")
        )
    elif not known.whole and not known.columns and _is_workbook(known.request):
        named = st.text_area("Sheets, one per line", value="\n".join(reading.sheets), key=f"sheets.{salt}", height=70)
        sheets = tuple(line.strip() for line in named.splitlines() if line.strip())
    return ReadOptions(
        delimiter=delimiter, encoding=encoding.strip() or None, sheets=sheets, header_row=None if header is None else int(header)
    )


def _is_workbook(request: DataRequest) -> bool:
    return (request.name or request.data).lower().endswith((".xlsx", ".xlsm"))
