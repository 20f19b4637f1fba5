"""Role guesses: columns that fit roles by name and content, with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns import inferred_type
from segcore.data.columns.numbers import read_numbers
from segcore.data.columns.text import as_text, missing_to_null
from segcore.data.files.raw import Raw
from segcore.data.meaning.amount_totals import is_repeated_total
from segcore.data.meaning.header_names import RATE, UNLIKELY_TIME, matching, names_one_customer, plain
from segcore.errors import DataError
from segcore.records.data_rules import DateOrder, RowRules
from segcore.records.finding import Finding, Remedy

SAMPLE_ROWS = 2_000
_FEW_VALUES, _HARDLY_ANY, _MANY_ROWS = 20, 3, 100
_CUSTOMERS = re.compile("(customer|client|cliente|kunde|klant|household|cust)s?")
_OF_ORDERS = re.compile("order|invoice|basket|receipt|ticket|bill")
_OF_LINES = re.compile("trans|txn|trx|sale|purchase")
_MOSTLY = 0.5
_SOME_DATES_LACK = 0.1
_OPTIONAL = ("order", "item")  # without them there are fewer features; with a nearly empty column, hardly any rows are left
# In this order: a column that got a role is not considered for the next.
_GUESSED = ("time", "customer", "order", "item", "quantity", "price", "amount", "rating", "discount", "category")
_NUMERIC_ROLES = ("quantity", "price", "amount", "discount")
Taken = tuple[str, Finding]
"""Column that gets a role, with the reason."""
_CONTENT_TESTS: dict[str, tuple[inferred_type.Suits, ...]] = {
    **dict.fromkeys(_NUMERIC_ROLES, (inferred_type.mostly_numbers, inferred_type.nearly_numbers)),
    "rating": (inferred_type.may_be_rating,),
    "category": (inferred_type.may_be_category,),
}


class Guess:
    """Columns that fit roles by name and content, with the reason.

    Parameters
    ----------
    raw : Raw
    found : mapping of role to column name
        Roles already assigned.
    possible : iterable of str
        Roles to look for.
    without : set of str
        Roles that the analyst left without a column.
    rows : RowRules or None
    """

    def __init__(self, raw: Raw, found: Mapping[str, str], possible: Iterable[str], *, without: set[str], rows: RowRules | None) -> None:
        self.columns: dict[str, str] = {}
        self.reasons: dict[str, Finding] = {}
        self.notes: list[Finding] = []
        self._raw = raw
        self._found = found
        self._order: DateOrder | None = rows.date_order if rows else None
        self._sample = raw.head(SAMPLE_ROWS)
        self._lack: dict[str, float] = {}
        for role in _GUESSED:
            have = {**found, **self.columns}
            if role in have or role in without or role not in possible:
                continue
            if (role == "amount" and {"quantity", "price"} <= set(have)) or (role == "price" and "amount" in have):
                continue
            names = raw.names if role == "category" else raw.own_names  # what an item is worth or when it came is not of the line
            free = [name for name in names if name not in have.values()]
            self._take(role, free)
        self._lone_price(found, without)

    def _take(self, role: str, free: list[str]) -> None:
        if role == "time":
            taken = self._time(free)
        elif role == "category":
            taken = self._category(free)
        elif role == "discount":
            taken = self._discount(free)
        elif role == "amount":
            taken = self._amount(free, {**self._found, **self.columns}.get("order"))
        else:
            taken = self._by_name(role, self._named(role, free))
        if taken is not None:
            self.columns[role], self.reasons[role] = taken

    def _named(self, role: str, free: list[str]) -> list[str]:
        """Return the columns with names that fit a role; a shop's "Name" with #1001, #1002 holds orders, not customers."""
        names = matching(role, free)
        if role not in ("customer", "order"):
            return names
        numbered = [name for name in free if plain(name) in ("name", "number") and inferred_type.numbered(self._sample[name])]
        if role == "order":
            return [*self._orders_before_lines(names), *numbered]
        nameless = [name for name in free if plain(name) == "id" and self._repeats(name)]
        return [*(name for name in names if name not in numbered), *nameless]

    def _orders_before_lines(self, names: list[str]) -> list[str]:
        """Return names for orders; a "transaction" that never repeats comes after an order or invoice that does."""
        several = any(_OF_ORDERS.search(plain(name)) and self._repeats(name) for name in names)
        return sorted(names, key=lambda name: several and bool(_OF_LINES.search(plain(name))) and not self._repeats(name))

    def _repeats(self, name: str) -> bool:
        """Tell whether a value occurs in more than one of the first rows."""
        column = self._sample[name].drop_null()
        return bool(pc.count_distinct(column).as_py() < len(column))

    def _by_name(self, role: str, names: list[str]) -> Taken | None:
        """Return the column with the most specific name among those whose content fits the role; else among those that nearly fit.

        Reading the latter reports the first value that does not fit, which helps more than reporting a missing column.
        """
        names = sorted(names, key=lambda name: self._lacking(name) > _MOSTLY)
        for suits in _CONTENT_TESTS.get(role, (inferred_type.may_be_id,)):
            for name in names:
                column = self._sample[name]
                if not suits(column, name) or (role == "customer" and not self._tells_customers_apart(name)):
                    continue
                if role in _NUMERIC_ROLES and self._lacking(name) == 1:
                    continue
                if role in _OPTIONAL and self._lacking(name) > _MOSTLY:
                    self._note_lacking(name, role)
                    return None
                return name, Finding("role.name_and_numbers") if role in _NUMERIC_ROLES else self._values(column)
        return None

    def _lacking(self, name: str) -> float:
        """Return the share of the first rows without a value, 0 to 1."""
        if name not in self._lack:
            column = missing_to_null(as_text(self._sample[name]))
            self._lack[name] = column.null_count / max(len(column), 1)
        return self._lack[name]

    def _note_lacking(self, name: str, role: str) -> None:
        if self._lacking(name) < 1:
            values = {"column": name, "role": role, "share": self._lacking(name), **self._looked_at(self._sample)}
            self.notes.append(Finding("role.mostly_missing", values=values))

    def _values(self, column: pa.ChunkedArray) -> Finding:
        return Finding("role.name_and_values", values={"distinct": pc.count_distinct(column).as_py(), **self._looked_at(column)})

    def _looked_at(self, rows: pa.ChunkedArray | pa.Table) -> dict[str, Any]:
        return {"rows": len(rows), "first": self._raw.n_rows > len(rows)}

    def _tells_customers_apart(self, name: str) -> bool:
        """Tell whether a column names customers, rather than describing them like a member column with yes and no."""
        if names_one_customer(name) or self._raw.n_rows < _MANY_ROWS:
            return True
        fewest = _HARDLY_ANY if _CUSTOMERS.fullmatch(plain(name)) else _FEW_VALUES
        return bool(pc.count_distinct(self._sample[name]).as_py() > fewest)

    def _time(self, free: list[str]) -> Taken | None:
        names = [name for name in matching("time", free) if not UNLIKELY_TIME.search(plain(name))]
        names.sort(key=lambda name: self._lacking(name) > _SOME_DATES_LACK)  # an order's date may be in its first line only
        for name in names:
            # Dates in another order than the chosen one still identify the column: reading them reports the conflict.
            if any(inferred_type.holds_times(self._sample[name], name, order) for order in dict.fromkeys((self._order, None))):
                return name, Finding("role.name_and_dates")
        likely = [name for name in free if not UNLIKELY_TIME.search(plain(name))]
        for name in (*likely, *(name for name in free if name not in likely)):
            column = self._sample[name]
            if inferred_type.looks_dated(column) and not _numeric(column) and inferred_type.holds_times(column, name, self._order):
                if name not in likely:
                    self.notes.append(Finding("role.unlikely_time", "warning", {"column": name}, Remedy("other_column", {"role": "time"})))
                return name, Finding("role.dates")
        for name in names:
            if inferred_type.nearly_times(self._sample[name], name):
                return name, Finding("role.name")
        return None

    def _category(self, free: list[str]) -> Taken | None:
        """Return the broadest category: the column with the fewest different values, but more than one."""
        distinct: dict[str, int] = {}
        for name in matching("category", free):
            if inferred_type.may_be_category(self._sample[name], name):
                count = _count_texts(self._raw, name)
                if 1 < count <= max(2, self._raw.n_rows // 2):
                    distinct[name] = count
        if not distinct:
            return None
        chosen = min(distinct, key=lambda name: distinct[name])
        return chosen, Finding("role.name_and_fewest_values", values={"distinct": distinct[chosen], "columns": list(distinct)})

    def _discount(self, free: list[str]) -> Taken | None:
        """Return the column of discounts in money; a column of rates is reported, and gets no role."""
        taken = self._by_name("discount", matching("discount", free))
        if taken is None:
            return None
        sign = sign_of_rates(self._raw, taken[0])
        if sign is None:
            return taken
        self.notes.append(Finding("role.rate_not_discount", values={"column": taken[0], "sign": sign}))
        return None

    def _amount(self, free: list[str], order: str | None) -> Taken | None:
        """Return the column of line amounts, avoiding order totals that are repeated on each line."""
        names = matching("amount", free)
        repeated = [name for name in names if order is not None and is_repeated_total(self._raw, order, name)]
        taken = self._by_name("amount", [name for name in names if name not in repeated])
        return taken if taken is not None or "price" in self.columns else self._by_name("amount", repeated)

    def _lone_price(self, found: Mapping[str, str], without: set[str]) -> None:
        """Use a price without a quantity as the line's amount, if no other column is the amount; else ignore the price."""
        if "price" in self.columns and "quantity" not in self.columns and "quantity" not in found:
            column = self.columns.pop("price")
            del self.reasons["price"]
            if "amount" not in self.columns and "amount" not in found and "amount" not in without:
                self.columns["amount"], self.reasons["amount"] = column, Finding("role.price_without_quantity")


def _count_texts(raw: Raw, name: str) -> int:
    """Return the number of different texts of a column, read piece by piece."""
    seen: pa.Array | None = None
    for piece in raw.pieces([name]):
        found = missing_to_null(as_text(piece[name])).unique().drop_null()
        seen = found if seen is None else pa.chunked_array([seen, found]).unique()
    return 0 if seen is None else len(seen)


def _numeric(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type)) or (
        inferred_type.as_strings(column) is not None and inferred_type.is_numeric(column)
    )


def sign_of_rates(raw: Raw, name: str) -> str | None:
    """Return what shows that discounts are rates rather than money: "name" or "values"; ``None`` if nothing does."""
    if RATE.search(plain(name)) or "%" in name:
        return "name"
    try:
        numbers = read_numbers(raw.column(name), name=name, where=str, set_aside=True).values
    except DataError:
        return None
    bounds = pc.min_max(numbers)
    low, high = bounds["min"].as_py(), bounds["max"].as_py()
    return "values" if low is not None and low >= 0 and 0 < high <= 1 else None
