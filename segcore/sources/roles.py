"""What the columns of a file mean: guessed from their names and contents, corrected by the analyst."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from segcore.dataset import KINDS, ROLES, ROLES_OF, Kind, Note
from segcore.errors import DataError, ParameterError
from segcore.rules import DateOrder, RowRules
from segcore.sources import contents
from segcore.sources.columns import as_ids, as_text, missing_to_null, read_numbers, shown
from segcore.sources.formats import said
from segcore.sources.names import RATE, UNLIKELY_TIME, matching, names_one_customer, plain
from segcore.sources.raw import Raw
from segcore.sources.totals import is_repeated_total

NO_QUANTITY = "there is no quantity"
_SAMPLE_ROWS = 2_000
_FEW_VALUES, _MANY_ROWS = 20, 100
_MOST_NAMED = 40
# In this order: what a role took is not looked at for the next.
_GUESSED = ("time", "customer", "order", "item", "quantity", "price", "amount", "rating", "discount", "category")
_NUMERIC_ROLES = ("quantity", "price", "amount", "discount")
_MONEY_ROLES = {"order", "quantity", "price", "amount", "discount"}
_CONTENT_TESTS: dict[str, tuple[contents.Suits, ...]] = {
    **dict.fromkeys(_NUMERIC_ROLES, (contents.mostly_numbers, contents.nearly_numbers)),
    "rating": (contents.may_be_rating,),
    "category": (contents.may_be_category,),
}
_ID_OF_ANYTHING = re.compile(
    r"(?i)(.*[^a-z])?(id|uid|uuid|guid|key|no|nr|num|number|nummer|code|identifier|numero|codigo|codice)|.*[a-z](Id|ID|Key|No|Nr|Number|Code)"
)
_NO_ID = re.compile(r"(?i)phone|mobile|fax|zip|post|plz|mail|area|lat|lon")


@dataclass(frozen=True, slots=True)
class Meaning:
    """The kind of a source and the roles of its columns.

    Parameters
    ----------
    kind : {"transactions", "ratings", "customers"}
    roles : mapping of role to column name
    reasons : mapping of role to str
        Why each column was taken for it; "chosen" where the analyst said so.
    notes : tuple of Note
        What was noticed and not taken.
    """

    kind: Kind
    roles: Mapping[str, str]
    reasons: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


def find_meaning(raw: Raw, *, kind: str | None, roles: Mapping[str, str], rows: RowRules | None = None) -> Meaning:
    """Return the roles asked for, completed by guesses.

    Parameters
    ----------
    raw : Raw
    kind : str or None
        As asked; ``None`` guesses: ratings where a customer, an item and a rating are found and no money, transactions where there are
        lines of orders, or a customer with more than one dated row; else one row a customer.
    roles : mapping of role to column name
        As asked; an empty column name says that no column has the role. Roles that the kind does not have are left out.
    rows : RowRules or None
        The order of day and month helps to tell which columns hold dates.

    Raises
    ------
    ParameterError
        Where a role or kind does not exist.
    DataError
        Where a column does not exist or has two roles, or a role that is needed was not found.
    """
    _validate(raw, kind, roles)
    asked = {role: column for role, column in roles.items() if column}
    known = {role: column for role, column in raw.roles.items() if role not in roles and column not in asked.values()}
    reasons = {**dict.fromkeys(known, "known of this sample"), **dict.fromkeys(asked, "chosen")}
    found = {**known, **asked}
    notes: list[Note] = []
    if raw.kind is None:
        possible = ROLES_OF[_kind(kind)] if kind in ("transactions", "ratings") else ROLES
        guess = _Guess(raw, found, possible, without={role for role, column in roles.items() if not column}, rows=rows)
        found = {**guess.columns, **found}
        reasons = {**guess.reasons, **reasons}
        notes = guess.notes
    decided = _decide_kind(raw, kind, found, asked, without_customer=roles.get("customer") == "")
    found = {role: column for role, column in found.items() if role in ROLES_OF[decided]}
    if decided == "customers":
        found = {} if "customer" in roles and not roles["customer"] else _customers_role(raw, found, chosen="customer" in asked)
        notes = []
    else:
        _require(raw, decided, found)
        if "amount" in found and "amount" not in asked and {"quantity", "price"} <= set(found):
            del found["amount"]
        notes.extend(_total_notes(raw, found))
    return Meaning(
        decided,
        {role: found[role] for role in ROLES if role in found},
        {role: reasons.get(role, "each value stands once") for role in found},
        tuple(notes) if decided == "transactions" else (),
    )


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
            raise DataError(f"{said(raw.name)} has no column {shown(column)} for the role {role}: its columns are {_listed(raw.names)}.")
        if column and column in holders:
            raise DataError(f"{said(column)} cannot be both {holders[column]} and {role}: give one of the roles to another column.")
        holders[column] = role


class _Guess:
    """The columns that fit roles by their names and contents, and why.

    Parameters
    ----------
    raw : Raw
    found : mapping of role to column name
        Roles that are taken.
    possible : iterable of str
        Roles to look for.
    without : set of str
        Roles that no column has.
    rows : RowRules or None
    """

    def __init__(self, raw: Raw, found: Mapping[str, str], possible: Iterable[str], *, without: set[str], rows: RowRules | None) -> None:
        self.columns: dict[str, str] = {}
        self.reasons: dict[str, str] = {}
        self.notes: list[Note] = []
        self._raw = raw
        self._found = found
        self._order: DateOrder | None = rows.date_order if rows else None
        self._sample = raw.head(_SAMPLE_ROWS)
        for role in _GUESSED:
            have = {**found, **self.columns}
            if role in have or role in without or role not in possible:
                continue
            if (role == "amount" and {"quantity", "price"} <= set(have)) or (role == "price" and "amount" in have):
                continue
            free = [name for name in raw.names if name not in have.values()]
            self._take(role, free)
        self._lone_price(found, without)

    def _take(self, role: str, free: list[str]) -> None:
        if role == "time":
            column, reason = self._time(free)
        elif role == "category":
            column, reason = self._category(free)
        elif role == "discount":
            column, reason = self._discount(free)
        elif role == "amount":
            column, reason = self._amount(free, {**self._found, **self.columns}.get("order"))
        else:
            column, reason = self._by_name(role, matching(role, free))
        if column is not None:
            self.columns[role], self.reasons[role] = column, reason

    def _by_name(self, role: str, names: list[str]) -> tuple[str | None, str]:
        """Return the column with the most telling name among those that hold what the role needs; else among those that nearly do.

        The latter is read and reported with the first value that does not fit, which says more than that there is no such column.
        """
        for suits in _CONTENT_TESTS.get(role, (contents.may_be_id,)):
            for name in names:
                column = self._sample[name]
                if not suits(column, name) or (role == "customer" and not self._tells_customers_apart(name)):
                    continue
                return name, f"by its name; {self._values(column)}" if role not in _NUMERIC_ROLES else "by its name, and it holds numbers"
        return None, ""

    def _values(self, column: pa.ChunkedArray) -> str:
        distinct = pc.count_distinct(column).as_py()
        rows = f"{'the first ' if self._raw.n_rows > len(column) else ''}{len(column):,} rows"
        return f"{distinct:,} different value{'' if distinct == 1 else 's'} in {rows}"

    def _tells_customers_apart(self, name: str) -> bool:
        """Tell a column that names customers from one that says what they are, such as a member with yes and no."""
        if names_one_customer(name) or self._raw.n_rows < _MANY_ROWS:
            return True
        return bool(pc.count_distinct(self._sample[name]).as_py() > _FEW_VALUES)

    def _time(self, free: list[str]) -> tuple[str | None, str]:
        names = [name for name in matching("time", free) if not UNLIKELY_TIME.search(plain(name))]
        for name in names:
            if contents.holds_times(self._sample[name], name, self._order):
                return name, "by its name, and it holds dates"
        likely = [name for name in free if not UNLIKELY_TIME.search(plain(name))]
        for name in (*likely, *(name for name in free if name not in likely)):
            column = self._sample[name]
            if contents.looks_dated(column) and not _numeric(column) and contents.holds_times(column, name, self._order):
                return name, "it holds dates"
        for name in names:
            if contents.nearly_times(self._sample[name], name):
                return name, "by its name"
        return None, ""

    def _category(self, free: list[str]) -> tuple[str | None, str]:
        """Return the highest level of what is sold: the column with the fewest different values, but more than one."""
        distinct: dict[str, int] = {}
        for name in matching("category", free):
            if contents.may_be_category(self._sample[name], name):
                count = pc.count_distinct(missing_to_null(as_text(self._raw.column(name)))).as_py()
                if 1 < count <= max(2, self._raw.n_rows // 2):
                    distinct[name] = count
        if not distinct:
            return None, ""
        chosen = min(distinct, key=lambda name: distinct[name])
        fewest = f", the fewest of {_listed(distinct)}" if len(distinct) > 1 else ""
        return chosen, f"by its name; {distinct[chosen]:,} different values{fewest}"

    def _discount(self, free: list[str]) -> tuple[str | None, str]:
        """Return the column of the money that was taken off a line; a rate of it is said, and left without a role."""
        column, reason = self._by_name("discount", matching("discount", free))
        if column is None:
            return None, ""
        what = self._rate(column)
        if what is None:
            return column, reason
        text = f"{said(column)} {what} rather than money taken off, so it has no role: where it is money, give it the role discount."
        self.notes.append(Note("info", text))
        return None, ""

    def _rate(self, name: str) -> str | None:
        if RATE.search(plain(name)) or "%" in name:
            return "is a rate by its name"
        try:
            numbers = read_numbers(self._raw.column(name), name=name, where=str, set_aside=True).values
        except DataError:
            return None
        bounds = pc.min_max(numbers)
        low, high = bounds["min"].as_py(), bounds["max"].as_py()
        return "holds rates between 0 and 1" if low is not None and low >= 0 and high <= 1 else None

    def _amount(self, free: list[str], order: str | None) -> tuple[str | None, str]:
        """Return the amount of a line, rather than one of the whole order that each of its lines repeats."""
        names = matching("amount", free)
        repeated = [name for name in names if order is not None and is_repeated_total(self._raw, order, name)]
        column, reason = self._by_name("amount", [name for name in names if name not in repeated])
        if column is None and "price" in self.columns:
            return None, ""
        return (column, reason) if column is not None else self._by_name("amount", repeated)

    def _lone_price(self, found: Mapping[str, str], without: set[str]) -> None:
        """Take a price without a quantity for the line's amount, where nothing else is; else a price without a quantity has no use."""
        if "price" in self.columns and "quantity" not in self.columns and "quantity" not in found:
            column, reason = self.columns.pop("price"), self.reasons.pop("price")
            if "amount" not in self.columns and "amount" not in found and "amount" not in without:
                self.columns["amount"], self.reasons["amount"] = column, f"{reason}; {NO_QUANTITY}"


def _numeric(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type)) or (
        contents.as_strings(column) is not None and contents.is_numeric(column)
    )


def _decide_kind(raw: Raw, kind: str | None, found: Mapping[str, str], asked: Mapping[str, str], *, without_customer: bool) -> Kind:
    if kind or raw.kind:
        return _kind(kind or raw.kind)
    money = "amount" in found or {"quantity", "price"} <= set(found)
    if "rating" in asked:
        return "ratings"
    if _MONEY_ROLES & set(asked):
        return "transactions"
    if without_customer:
        return "customers"
    if {"time", "order"} <= set(found) and ({"quantity", "price"} <= set(found) or ("customer" not in found and money)):
        return "transactions"  # lines of orders for sure: where it is not known whose they are, that is asked for
    if "customer" not in found:
        return "customers"
    if {"item", "rating"} <= set(found) and not money and not _distinct(raw, found["customer"]):
        return "ratings"
    return "transactions" if "time" in found and not _distinct(raw, found["customer"]) else "customers"


def _total_notes(raw: Raw, found: Mapping[str, str]) -> list[Note]:
    """Warn of an amount that is the same in all lines of an order."""
    if raw.kind is not None or not {"order", "amount"} <= set(found) or not is_repeated_total(raw, found["order"], found["amount"]):
        return []
    text = f"{said(found['amount'])} is the same in all lines of an order, as the total of the whole order would be, which then counts"
    return [Note("warning", f"{text} once a line: where that is so, give another column the role amount, or one row an order.")]


def _customers_role(raw: Raw, found: Mapping[str, str], *, chosen: bool) -> dict[str, str]:
    """Keep the id of one row a customer; without one named for it, a column called an id whose values are distinct serves."""
    if "customer" in found:
        column = found["customer"]
        if chosen or (names_one_customer(column) and not re.search(r"name|mail", column.lower())) or _distinct(raw, column):
            return {"customer": column}
    named = [name for name in raw.names if _ID_OF_ANYTHING.fullmatch(name.strip()) and not _NO_ID.search(name)]
    for name in sorted(named, key=lambda name: len(plain(name)) > len("guid")):  # "id" itself before others
        if contents.may_be_id(raw.head(_SAMPLE_ROWS)[name], name) and _distinct(raw, name):
            return {"customer": name}
    return {}


def _distinct(raw: Raw, column: str) -> bool:
    """Tell whether every value that is there stands once."""
    ids = as_ids(raw.column(column)).drop_null()
    return len(ids) > 0 and pc.count_distinct(ids).as_py() == len(ids)


def _require(raw: Raw, kind: Kind, found: Mapping[str, str]) -> None:
    spoken = {"customer": "the customer", "time": "the date or time", "item": "what was rated", "rating": "the rating"}
    for role in ("customer", "time") if kind == "transactions" else ("customer", "item", "rating"):
        if role not in found:
            raise DataError(
                f"{said(raw.name)} has no column that looks like {spoken[role]}: say which with the role {role}, such as "
                f"--role {role}=COLUMN (columns: {_listed(raw.names)})."
            )
    if kind == "transactions" and "amount" not in found and not {"quantity", "price"} <= set(found):
        raise DataError(
            f"{said(raw.name)} needs a column with the role amount, or two with the roles quantity and price: say which, such as "
            f"--role amount=COLUMN (columns: {_listed(raw.names)})."
        )


def _listed(names: Iterable[str]) -> str:
    names = [said(name if len(name) <= 60 else f"{name[:57]}...") for name in names]
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}"
