"""Meaning of a file's columns: detected from their names and contents, corrected by the analyst."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns import inferred_type
from segcore.data.columns.ids import as_ids
from segcore.data.files.raw import Raw
from segcore.data.meaning.amount_totals import is_repeated_total, price_beside_pieces
from segcore.data.meaning.clock_times import clock_beside
from segcore.data.meaning.header_names import UNLIKELY_TIME, names_one_customer, plain
from segcore.data.meaning.role_guesses import SAMPLE_ROWS, Guess, sign_of_rates
from segcore.errors import ParameterError
from segcore.records.data_rules import RowRules
from segcore.records.dataset import KINDS, ROLES, ROLES_OF, Kind
from segcore.records.finding import Finding, Remedy
from segcore.wording.findings import refusal

_MONEY_ROLES = {"order", "quantity", "price", "amount", "discount"}
_ID_OF_ANYTHING = re.compile(
    r"(.*[^A-Za-z])?(?i:id|uid|uuid|guid|key|no|nr|num|number|nummer|code|identifier|numero|codigo|codice)"
    r"|.*[a-z](Id|ID|Key|No|Nr|Number|Code)"
)
_NO_ID = re.compile(r"(?i)phone|mobile|fax|zip|postal|postcode|plz|mail")
_MOSTLY = 0.9


@dataclass(frozen=True, slots=True)
class Meaning:
    """Kind of a source and roles of its columns.

    Parameters
    ----------
    kind : {"transactions", "ratings", "customers"}
    roles : mapping of role to column name
    reasons : mapping of role to Finding
        Why each column has its role; its code is "role.chosen" where the analyst chose it.
    notes : tuple of Finding
        Findings about roles.
    clock : str or None
        The column with the times of day, if the time column holds only days.
    """

    kind: Kind
    roles: Mapping[str, str]
    reasons: Mapping[str, Finding] = field(default_factory=dict)
    notes: tuple[Finding, ...] = ()
    clock: str | None = None


def find_meaning(raw: Raw, *, kind: str | None, roles: Mapping[str, str], rows: RowRules | None = None) -> Meaning:
    """Return the meaning of the columns: roles as given, the others detected.

    Parameters
    ----------
    raw : Raw
    kind : str or None
        As given; ``None`` detects it: ratings if a customer, an item and a rating are found and no money, transactions if there
        are lines of orders, or a customer with more than one dated row; else one row per customer.
    roles : mapping of role to column name
        As given; an empty column name means that no column has the role. Roles that the kind does not have are dropped. Ratings without
        the role rating are rows to be counted: if its column name is empty, or the rows look like lines of orders.
    rows : RowRules or None
        The order of day and month decides what counts as a date.

    Raises
    ------
    ParameterError
        If a role or kind does not exist.
    DataError
        If a column does not exist or has two roles, or a required role was not found.
    """
    _validate(raw, kind, roles)
    asked = {role: column for role, column in roles.items() if column}
    known = {role: column for role, column in raw.roles.items() if role not in roles and column not in asked.values()}
    why_known = Finding("role.sample" if raw.kind else "role.place")
    reasons = {**dict.fromkeys(known, why_known), **dict.fromkeys(asked, Finding("role.chosen"))}
    found = {**known, **asked}
    notes: list[Finding] = []
    if raw.kind is None:
        possible = ROLES if kind is None else ROLES_OF[_kind(kind)]
        guess = Guess(raw, found, possible, without={role for role, column in roles.items() if not column}, rows=rows)
        found = {**guess.columns, **found}
        reasons = {**guess.reasons, **reasons}
        notes = guess.notes
    decided = _decide_kind(raw, kind, found, asked, without_customer=roles.get("customer") == "")
    likely = _may_be_transactions(raw, found) if decided == "customers" and kind is None and "customer" not in roles else []
    item = found.get("item")
    found = {role: column for role, column in found.items() if role in ROLES_OF[decided]}
    if decided == "customers":
        value = {role: column for role, column in asked.items() if role == "value"}
        without_id = "customer" in roles and not roles["customer"]
        customer = {} if without_id else _customers_role(raw, found, chosen="customer" in asked)
        notes = [*likely, *_item_notes(raw, item, customer, chosen=kind is not None or "customer" in roles)]
        found = {**customer, **value}
    else:
        counted = decided == "ratings" and "rating" not in found and _may_be_counted(raw, roles)
        _require(raw, decided, found, counted=counted)
        if "amount" in found and "amount" not in asked and {"quantity", "price"} <= set(found):
            del found["amount"]
        notes.extend(_total_notes(raw, found))
        if "amount" not in asked and decided == "transactions":
            notes.extend(_pieces_notes(raw, found))
        if "discount" in asked and "discount" in found:
            notes.extend(_rate_notes(raw, found["discount"]))
    return Meaning(
        decided,
        {role: found[role] for role in ROLES if role in found},
        {role: reasons.get(role, Finding("role.all_different")) for role in found},
        tuple(notes) if decided != "ratings" else _counted_notes(found, asked="rating" in roles),
        _clock(raw, decided, found),
    )


def _clock(raw: Raw, kind: Kind, found: Mapping[str, str]) -> str | None:
    if raw.kind is not None or kind == "customers" or "time" not in found:
        return None
    return clock_beside(raw, found["time"], set(found.values()), rows=SAMPLE_ROWS)


def _kind(kind: str | None) -> Kind:
    return next(known for known in KINDS if known == kind)


def _validate(raw: Raw, kind: str | None, roles: Mapping[str, str]) -> None:
    if kind is not None and kind not in KINDS:
        raise ParameterError.unknown("kind", kind, KINDS)
    holders: dict[str, str] = {}
    for role, column in roles.items():
        if role not in ROLES:
            raise ParameterError.unknown("role", role, ROLES)
        if column and column not in raw.names:
            raise refusal("role.no_such_column", data=raw.name, column=column, role=role, columns=list(raw.names))
        if column and column in holders:
            raise refusal("role.two_roles", column=column, roles=[holders[column], role])
        holders[column] = role


def _decide_kind(raw: Raw, kind: str | None, found: Mapping[str, str], asked: Mapping[str, str], *, without_customer: bool) -> Kind:
    if kind or raw.kind:
        return _kind(kind or raw.kind)
    money = "amount" in found or {"quantity", "price"} <= set(found)
    if "rating" in asked or (raw.roles and raw.roles.get("rating") == found.get("rating")):
        return "ratings"
    if "value" in asked:
        return "customers"
    if _MONEY_ROLES & set(asked):
        return "transactions"
    if without_customer:
        return "customers"
    if {"time", "order"} <= set(found) and ({"quantity", "price"} <= set(found) or ("customer" not in found and money)):
        return "transactions"  # surely lines of orders: if no customer column is found, the error asks for it
    if "customer" not in found:
        return "customers"
    if {"item", "rating"} <= set(found) and not money and not _distinct(raw, found["customer"]):
        return "ratings"
    if "time" not in found:
        return "customers"
    # A customer table may contain some customers twice, which is refused later; in a shop, most customers may have bought once.
    lines = money and not {"order", "item", "quantity"}.isdisjoint(found) and not UNLIKELY_TIME.search(plain(found["time"]))
    return "customers" if _distinct(raw, found["customer"], share=1.0 if lines else _MOSTLY) else "transactions"


def _may_be_transactions(raw: Raw, found: Mapping[str, str]) -> list[Finding]:
    """Warn if rows have dates and amounts, and lack only the customer to be transactions."""
    if "customer" in found or "time" not in found or not ("amount" in found or {"quantity", "price"} <= set(found)):
        return []
    money = found.get("amount", found.get("price", ""))
    values = {"data": raw.name, "time": found["time"], "money": money}
    return [Finding("role.customer_of_transactions", "warning", values, Remedy("role", {"role": "customer"}))]


def _item_notes(raw: Raw, item: str | None, customer: Mapping[str, str], *, chosen: bool) -> list[Finding]:
    """Warn if what is read as the customer is called an item."""
    if chosen or item is None or customer.get("customer") != item:
        return []
    return [Finding("role.items_as_customers", "warning", {"data": raw.name, "column": item}, Remedy("as_items"))]


def _total_notes(raw: Raw, found: Mapping[str, str]) -> list[Finding]:
    """Warn if the amount is the same in all lines of an order."""
    if raw.kind is not None or not {"order", "amount"} <= set(found) or not is_repeated_total(raw, found["order"], found["amount"]):
        return []
    return [Finding("role.repeated_total", "warning", {"column": found["amount"]})]


def _pieces_notes(raw: Raw, found: Mapping[str, str]) -> list[Finding]:
    """Warn if the amount may be a number of pieces."""
    if raw.kind is not None or "quantity" in found or "amount" not in found:
        return []
    price = price_beside_pieces(raw, found["amount"], set(found.values()), rows=SAMPLE_ROWS)
    if price is None:
        return []
    return [Finding("role.amount_of_pieces", "warning", {"column": found["amount"], "price": price})]


def _rate_notes(raw: Raw, discount: str) -> list[Finding]:
    """Warn if the chosen discount seems to be a rate."""
    sign = sign_of_rates(raw, discount)
    return [] if sign is None else [Finding("role.rate_as_discount", "warning", {"column": discount, "sign": sign})]


def _customers_role(raw: Raw, found: Mapping[str, str], *, chosen: bool) -> dict[str, str]:
    """Keep the customer column; without one, use a column named like an id whose values are all different."""
    if "customer" in found:
        column = found["customer"]
        # Names and addresses of people are dropped: they serve as ids only if the analyst chooses them.
        if chosen or (not re.search(r"name|mail", column.lower()) and (names_one_customer(column) or _distinct(raw, column))):
            return {"customer": column}
    likely = [name for name in raw.own_names if _ID_OF_ANYTHING.fullmatch(name.strip()) and not _NO_ID.search(name)]
    for name in sorted(likely, key=lambda name: len(plain(name)) > len("guid")):  # "id" itself before others
        column = raw.head(SAMPLE_ROWS)[name]
        if inferred_type.may_be_id(column, name) and not inferred_type.has_fractions(column) and _distinct(raw, name):
            return {"customer": name}
    return {}


def _distinct(raw: Raw, column: str, *, share: float = 1.0) -> bool:
    """Tell whether all values are different, or at least a ``share`` of them."""
    if share == 1.0 and any(_repeats(as_ids(raw.head(rows)[column]).drop_null()) for rows in (SAMPLE_ROWS, 100 * SAMPLE_ROWS)):
        return False
    ids = as_ids(raw.column(column)).drop_null()
    return len(ids) > 0 and pc.count_distinct(ids).as_py() >= share * len(ids)


def _may_be_counted(raw: Raw, roles: Mapping[str, str]) -> bool:
    """Tell whether rows without a rating may count as ratings: no column was chosen for it, or the rows are lines of orders."""
    return "rating" in roles or bool(Guess(raw, {}, _MONEY_ROLES, without=set(), rows=None).columns)


def _counted_notes(found: Mapping[str, str], *, asked: bool) -> tuple[Finding, ...]:
    """Report that rows are counted, with a warning if the analyst did not ask for it."""
    if "rating" in found:
        return ()
    values = {"customer": found["customer"], "item": found["item"]}
    return (Finding("rating.counted" if asked else "rating.counted_unasked", "info" if asked else "warning", values),)


def _repeats(ids: pa.Array) -> bool:
    return bool(pc.count_distinct(ids).as_py() < len(ids))


def _require(raw: Raw, kind: Kind, found: Mapping[str, str], *, counted: bool) -> None:
    needed = ("customer", "time") if kind == "transactions" else ("customer", "item") if counted else ("customer", "item", "rating")
    for role in needed:
        if role not in found:
            remedy = Remedy("rating") if role == "rating" else Remedy("role", {"role": role})
            raise refusal("role.missing", remedy=remedy, data=raw.name, role=role, columns=list(raw.names))
    if kind == "transactions" and "amount" not in found and not {"quantity", "price"} <= set(found):
        raise refusal("role.no_amount", remedy=Remedy("role", {"role": "amount"}), data=raw.name, columns=list(raw.names))
