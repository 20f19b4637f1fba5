"""Sentences on the roles of columns and the kind of data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from segcore.wording.features import reason_text
from segcore.wording.numbers import counted, listed
from segcore.wording.quotes import named, quoted

_MOST_NAMED, _MOST_USES = 40, 20
_LOOKS_LIKE = {"customer": "the customer", "time": "the date or time", "item": "what was rated", "rating": "the rating"}
_SIGNS = {"name": "is a rate by its name", "values": "holds rates between 0 and 1"}


def column_names(names: Sequence[str]) -> str:
    """Return the names of columns separated by commas, at most the first 40."""
    shown = [named(name if len(name) <= 60 else f"{name[:57]}...") for name in names[:_MOST_NAMED]]
    return f"{', '.join(shown)}{f' and {len(names) - _MOST_NAMED:,} more' if len(names) > _MOST_NAMED else ''}"


def _looked_at(rows: int, first: bool) -> str:
    return f"{'the first ' if first else ''}{counted(rows, 'row')}"


def _fewest(distinct: int, columns: Sequence[str]) -> str:
    fewest = f", the fewest of {column_names(columns)}" if len(columns) > 1 else ""
    return f"by its name, with {counted(distinct, 'different value')}{fewest}"


# Clauses on why a column has its role; they follow the role.
REASONS: Mapping[str, Callable[..., str]] = {
    "role.chosen": lambda: "chosen",
    "role.sample": lambda: "known for this sample",
    "role.place": lambda: "by its place in a file without a header",
    "role.name": lambda: "by its name",
    "role.name_and_values": lambda distinct, rows, first: (
        f"by its name, with {counted(distinct, 'different value')} in {_looked_at(rows, first)}"
    ),
    "role.name_and_fewest_values": _fewest,
    "role.name_and_numbers": lambda: "by its name, and it holds numbers",
    "role.name_and_dates": lambda: "by its name, and it holds dates",
    "role.dates": lambda: "it holds dates",
    "role.price_without_quantity": lambda: "by its name, and it holds numbers; no column holds quantities",
    "role.all_different": lambda: "its values are all different",
}


def _mostly_missing(column: str, role: str, share: float, rows: int, first: bool) -> str:
    lacks = f"{named(column)} has no value in {share:.0%} of {_looked_at(rows, first)}"
    return f"{lacks}, which would be set aside, so it has no role; to use only the other rows, give it the role {role}."


def _uses(what: str) -> Callable[..., str]:
    def make(columns: Sequence[Mapping[str, Any]]) -> str:
        shown = [f"{named(entry['column'])} ({reason_text(entry['reason'])})" for entry in columns[:_MOST_USES]]
        return f"{what}: {'; '.join(shown)}{_more(len(columns))}."

    return make


def _of_customers(columns: Sequence[Mapping[str, Any]]) -> str:
    shown = listed([named(entry["column"]) for entry in columns])
    several = [f"{counted(entry['several'], 'customer')} in {named(entry['column'])}" for entry in columns if entry["several"]]
    rule = f"; where a customer has several values ({', '.join(several)}), the most frequent counts" if several else ""
    return f"Profile columns, not clustered on, that describe the customers: {shown}{rule}."


def _of_orders(columns: Sequence[Mapping[str, Any]]) -> str:
    shown = listed([named(entry["column"]) for entry in columns])
    return f"Profile columns, not clustered on, that describe the orders: {shown}; for each customer, the most frequent value counts."


def _not_shown(columns: Sequence[Mapping[str, Any]], most_values: int, most_columns: int) -> str:
    counts = [f" ({entry['values']:,} different values)" if entry["values"] else "" for entry in columns]
    shown = [f"{named(entry['column'])}{count}" for entry, count in zip(columns, counts, strict=True)]
    return (
        f"Not shown for each segment: {', '.join(shown[:_MOST_USES])}{_more(len(columns))}; of the columns of order lines, at most "
        f"{most_columns} are shown, each with at most {most_values} different values."
    )


def _codes(columns: Sequence[str], do: str) -> str:
    shown = f"{', '.join(named(column) for column in columns[:_MOST_USES])}{_more(len(columns))}"
    return f"{shown} {'has' if len(columns) == 1 else 'have'} few different whole numbers: if they are codes, {do}."


def _more(number: int) -> str:
    return f" and {number - _MOST_USES} more" if number > _MOST_USES else ""


def _counts(customer: str, item: str) -> str:
    return f"number of rows of a {named(customer)} with a {named(item)} counts as the rating"


_RULES = {"last": "the last one", "mean": "their mean"}


def _repeated(column: str, repeated: int, rows: int, rule: str) -> str:
    again = (
        f"{repeated:,} of {counted(rows, 'rating')} {'repeats' if repeated == 1 else 'repeat'} an item that the customer has rated before"
    )
    return f"{again}: {_RULES[rule]} counts as the customer's rating of that {named(column)}."


NOTES: Mapping[str, Callable[..., str]] = {
    "role.remembered": lambda data: f"Kind, roles and columns are those chosen for {named(data)}, which has the same columns.",
    "role.mostly_missing": _mostly_missing,
    "role.unlikely_time": lambda column, do: (
        f"{named(column)} is used as the time, since no other column holds dates, though its name suggests another date: if so, {do}."
    ),
    "role.rate_not_discount": lambda column, sign: (
        f"{named(column)} {_SIGNS[sign]} rather than money taken off, so it has no role: if it is money, give it the role discount."
    ),
    "role.rate_as_discount": lambda column, sign: (
        f"{named(column)} {_SIGNS[sign]}, but is added up as money: if it is a rate, convert it into money in the file."
    ),
    "role.items_as_customers": lambda data, column, do: (
        f"{named(data)} is read as one row per customer, but {named(column)} sounds like items: if they are items, {do}."
    ),
    "role.customer_of_transactions": lambda data, time, money, do: (
        f"{named(data)} has dates ({named(time)}) and amounts ({named(money)}), but no column that looks like the customer: if its rows "
        f"are transactions, {do}."
    ),
    "role.repeated_total": lambda column: (
        f"{named(column)} is the same in all lines of an order, like an order total, and counts once per line: if it is a total, give "
        "another column the role amount, or keep one row per order."
    ),
    "role.amount_of_pieces": lambda column, price: (
        f"{named(column)} is read as the money of a line, but holds small whole numbers like a number of pieces: if so, give "
        f"{named(price)} the role amount if it is for the whole line; if it is for one piece, give {named(column)} the role quantity and "
        f"{named(price)} the role price."
    ),
    "role.row_number_as_id": lambda: "No column names the customers: the row number serves as the id.",
    "role.blank_values": lambda column, rows: f"{counted(rows, 'blank')} in {named(column)} count as 0 in the segments' shares of it.",
    "role.no_order": lambda: "No column has the role order: each different time of a customer counts as one order.",
    "role.amount_without_quantity": lambda column: (
        f"{named(column)} is read as the whole amount of a line, since no column looks like the quantity: if it is the price of one piece, "
        "choose the columns of quantity and price."
    ),
    "rating.counted": lambda customer, item: f"The {_counts(customer, item)} (implicit ratings).",
    "rating.counted_unasked": lambda customer, item: (
        f"No column holds ratings, so the {_counts(customer, item)} (implicit ratings): if one does, give it the role rating."
    ),
    "rating.repeated": _repeated,
    "rating.several_categories": lambda column, values: (
        f"{named(column)} has several values separated by |: a rating counts for each of them ({values:,} different values)."
    ),
    "role.columns_of_customers": _of_customers,
    "role.columns_of_orders": _of_orders,
    "role.columns_not_shown": _not_shown,
    "role.columns_profile": _uses("Profile columns, not clustered on"),
    "role.columns_dropped": _uses("Not used"),
    "role.columns_of_codes": _codes,
}

REFUSALS: Mapping[str, Callable[..., str]] = {
    "role.no_such_column": lambda data, column, role, columns: (
        f"{named(data)} has no column {quoted(column)} for the role {role}: its columns are {column_names(columns)}."
    ),
    "role.two_roles": lambda column, roles: (
        f"{named(column)} cannot be both {listed([str(role) for role in roles])}: give one of the roles to another column."
    ),
    "role.missing": lambda data, role, columns, do: (
        f"{named(data)} has no column that looks like {_LOOKS_LIKE[role]}: {do} (columns: {column_names(columns)})."
    ),
    "role.no_amount": lambda data, columns, do: (
        f"{named(data)} needs a column with the role amount, or two with the roles quantity and price: {do} (columns: "
        f"{column_names(columns)})."
    ),
}
SENTENCES: Mapping[str, Callable[..., str]] = {**REASONS, **NOTES, **REFUSALS}
