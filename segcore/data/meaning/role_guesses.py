"""Columns that fit roles by their names and contents, and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from segcore.data.columns import inferred_type
from segcore.data.columns.role_values import as_text, missing_to_null, read_numbers
from segcore.data.files.raw import Raw
from segcore.data.meaning.amount_totals import is_repeated_total
from segcore.data.meaning.header_names import RATE, UNLIKELY_TIME, matching, names_one_customer, plain
from segcore.errors import DataError
from segcore.records.data_rules import DateOrder, RowRules
from segcore.records.dataset import Note
from segcore.records.finding import Finding
from segcore.wording.quotes import named

NO_QUANTITY = "there is no quantity"
SAMPLE_ROWS = 2_000
_FEW_VALUES, _HARDLY_ANY, _MANY_ROWS = 20, 3, 100
_CUSTOMERS = re.compile("(customer|client|cliente|kunde|klant|household|cust)s?")
_OF_ORDERS = re.compile("order|invoice|basket|receipt|ticket|bill")
_OF_LINES = re.compile("trans|txn|trx|sale|purchase")
_MOST_NAMED = 40
_MOSTLY = 0.5
_SOME_DATES_LACK = 0.1
_OPTIONAL = ("order", "item")  # without them there are fewer features, with a column of hardly any value hardly a row
# In this order: what a role took is not looked at for the next.
_GUESSED = ("time", "customer", "order", "item", "quantity", "price", "amount", "rating", "discount", "category")
_NUMERIC_ROLES = ("quantity", "price", "amount", "discount")
_CONTENT_TESTS: dict[str, tuple[inferred_type.Suits, ...]] = {
    **dict.fromkeys(_NUMERIC_ROLES, (inferred_type.mostly_numbers, inferred_type.nearly_numbers)),
    "rating": (inferred_type.may_be_rating,),
    "category": (inferred_type.may_be_category,),
}


class Guess:
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
            column, reason = self._by_name(role, self._named(role, free))
        if column is not None:
            self.columns[role], self.reasons[role] = column, reason

    def _named(self, role: str, free: list[str]) -> list[str]:
        """Return the columns with a role's names; a shop's "Name" of #1001, #1002 is that of orders, not of customers."""
        names = matching(role, free)
        if role not in ("customer", "order"):
            return names
        numbered = [name for name in free if plain(name) in ("name", "number") and inferred_type.numbered(self._sample[name])]
        if role == "order":
            return [*self._orders_before_lines(names), *numbered]
        nameless = [name for name in free if plain(name) == "id" and self._repeats(name)]
        return [*(name for name in names if name not in numbered), *nameless]

    def _orders_before_lines(self, names: list[str]) -> list[str]:
        """Return names of orders with a "transaction" that is another in every row behind an order or invoice that is not."""
        several = any(_OF_ORDERS.search(plain(name)) and self._repeats(name) for name in names)
        return sorted(names, key=lambda name: several and bool(_OF_LINES.search(plain(name))) and not self._repeats(name))

    def _repeats(self, name: str) -> bool:
        """Tell whether a value of the first rows stands in more than one of them."""
        column = self._sample[name].drop_null()
        return bool(pc.count_distinct(column).as_py() < len(column))

    def _by_name(self, role: str, names: list[str]) -> tuple[str | None, str]:
        """Return the column with the most telling name among those that hold what the role needs; else among those that nearly do.

        The latter is read and reported with the first value that does not fit, which says more than that there is no such column.
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
                    self._said_lacking(name, role)
                    return None, ""
                return name, f"by its name; {self._values(column)}" if role not in _NUMERIC_ROLES else "by its name, and it holds numbers"
        return None, ""

    def _lacking(self, name: str) -> float:
        """Return the share of the first rows without a value, 0 to 1."""
        if name not in self._lack:
            column = missing_to_null(as_text(self._sample[name]))
            self._lack[name] = column.null_count / max(len(column), 1)
        return self._lack[name]

    def _said_lacking(self, name: str, role: str) -> None:
        if self._lacking(name) < 1:
            rows = f"{'the first ' if self._raw.n_rows > SAMPLE_ROWS else ''}{len(self._sample):,} rows"
            text = f"{named(name)} has no value in {self._lacking(name):.0%} of {rows}, which would be set aside, so it has no role"
            self.notes.append(Note("info", f"{text}: where only the others count, give it the role {role}."))

    def _values(self, column: pa.ChunkedArray) -> str:
        distinct = pc.count_distinct(column).as_py()
        rows = f"{'the first ' if self._raw.n_rows > len(column) else ''}{len(column):,} rows"
        return f"{distinct:,} different value{'' if distinct == 1 else 's'} in {rows}"

    def _tells_customers_apart(self, name: str) -> bool:
        """Tell a column that names customers from one that says what they are, such as a member with yes and no."""
        if names_one_customer(name) or self._raw.n_rows < _MANY_ROWS:
            return True
        fewest = _HARDLY_ANY if _CUSTOMERS.fullmatch(plain(name)) else _FEW_VALUES
        return bool(pc.count_distinct(self._sample[name]).as_py() > fewest)

    def _time(self, free: list[str]) -> tuple[str | None, str]:
        names = [name for name in matching("time", free) if not UNLIKELY_TIME.search(plain(name))]
        names.sort(key=lambda name: self._lacking(name) > _SOME_DATES_LACK)  # an order's date that stands in its first line only
        for name in names:
            # Dates in another order than was asked for are those that were meant, which is said when they are read.
            if any(inferred_type.holds_times(self._sample[name], name, order) for order in dict.fromkeys((self._order, None))):
                return name, "by its name, and it holds dates"
        likely = [name for name in free if not UNLIKELY_TIME.search(plain(name))]
        for name in (*likely, *(name for name in free if name not in likely)):
            column = self._sample[name]
            if inferred_type.looks_dated(column) and not _numeric(column) and inferred_type.holds_times(column, name, self._order):
                if name not in likely:
                    text = f"{named(name)} is taken for the time, since no other column holds dates, though its name speaks of another"
                    self.notes.append(Note("warning", f"{text}: where that is so, give another column the role time."))
                return name, "it holds dates"
        for name in names:
            if inferred_type.nearly_times(self._sample[name], name):
                return name, "by its name"
        return None, ""

    def _category(self, free: list[str]) -> tuple[str | None, str]:
        """Return the highest level of what is sold: the column with the fewest different values, but more than one."""
        distinct: dict[str, int] = {}
        for name in matching("category", free):
            if inferred_type.may_be_category(self._sample[name], name):
                count = pc.count_distinct(missing_to_null(as_text(self._raw.column(name)))).as_py()
                if 1 < count <= max(2, self._raw.n_rows // 2):
                    distinct[name] = count
        if not distinct:
            return None, ""
        chosen = min(distinct, key=lambda name: distinct[name])
        fewest = f", the fewest of {listed(distinct)}" if len(distinct) > 1 else ""
        return chosen, f"by its name; {distinct[chosen]:,} different values{fewest}"

    def _discount(self, free: list[str]) -> tuple[str | None, str]:
        """Return the column of the money that was taken off a line; a rate of it is said, and left without a role."""
        column, reason = self._by_name("discount", matching("discount", free))
        if column is None:
            return None, ""
        what = rate_words(self._raw, column)
        if what is None:
            return column, reason
        text = f"{named(column)} {what} rather than money taken off, so it has no role: where it is money, give it the role discount."
        self.notes.append(Note("info", text))
        return None, ""

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
        inferred_type.as_strings(column) is not None and inferred_type.is_numeric(column)
    )


def rate_words(raw: Raw, name: str) -> str | None:
    """Return why a column of discounts seems to hold rates rather than money; ``None`` where it does not."""
    if RATE.search(plain(name)) or "%" in name:
        return "is a rate by its name"
    try:
        numbers = read_numbers(raw.column(name), name=name, where=str, set_aside=True).values
    except DataError:
        return None
    bounds = pc.min_max(numbers)
    low, high = bounds["min"].as_py(), bounds["max"].as_py()
    return "holds rates between 0 and 1" if low is not None and low >= 0 and 0 < high <= 1 else None


def listed(names: Iterable[str]) -> str:
    """Return names with commas between, the first of many."""
    names = [named(name if len(name) <= 60 else f"{name[:57]}...") for name in names]
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}"
