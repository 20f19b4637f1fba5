"""Sentences on rows (why some are set aside or worth a look), on filters that cannot be used, and on samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from segcore.wording.columns import example_text
from segcore.wording.numbers import counted
from segcore.wording.quotes import named, quoted
from segcore.wording.roles import column_names

# Short labels, for tables and for the column Why of the rows set aside.
LABELS: Mapping[str, Callable[..., str]] = {
    "row.in_earlier_sheet": lambda: "already on an earlier sheet",
    "row.bad_value": lambda column: f"bad value in {named(column)}",
    "row.missing_value": lambda column: f"without {named(column)}",
    "row.negative_price": lambda: "negative price",
    "row.amount_too_large": lambda: "amount too large",
    "row.cancelled": lambda: "cancelled",
    "row.duplicate": lambda: "duplicate",
    "row.cancelled_lines": lambda: "cancelled lines",
    "row.exact_repeats": lambda: "exact repeats of an earlier row",
    "row.negative_quantity": lambda: "negative quantity without cancellation",
    "row.price_of_zero": lambda: "price of 0",
    "row.after_today": lambda: "dated after today",
}


def reason_label(reason: Mapping[str, Any]) -> str:
    """Return the label of a reason that is stored in a finding as plain values."""
    return LABELS[reason["code"]](**reason["values"])


def _none_left(data: str, rows: int, set_aside: Sequence[Mapping[str, Any]], filtered_out: int) -> str:
    aside = sum(count["rows"] for count in set_aside)
    reasons = ", ".join(f"{count['rows']:,} {reason_label(count['reason'])}" for count in set_aside)
    found = f"{aside:,} {'is' if aside == 1 else 'are'} set aside ({reasons})" if reasons else "none are set aside"
    filtered = f", and the filters exclude {filtered_out:,}" if filtered_out else ""
    return f"{named(data)} has no row left: of {counted(rows, 'row')}, {found}{filtered}."


ROWS: Mapping[str, Callable[..., str]] = {
    "row.set_aside": lambda rows, reason, orders=0: (
        f"{counted(rows, 'row')}{f' in {orders:,} orders' if orders else ''} set aside: {reason_label(reason)}."
    ),
    "row.none_left": _none_left,
    "row.repeated_customer": lambda data, column, customer, places, do: (
        f"{named(data)} has more than one row for a customer: {named(column)} {quoted(customer)} is in {places[0]} and in "
        f"{places[1]}; {do}."
    ),
    "row.negative_amounts": lambda column, negative, rows: (
        f"{negative:,} of {counted(rows, 'line')} have a negative {named(column)} and count as cancelled: if negative means spent, as in a "
        "bank statement, change the signs in the file."
    ),
    "row.dated_after_today": lambda rows, today, latest, do: (
        f"{counted(rows, 'row')} {'is' if rows == 1 else 'are'} dated after today ({today}), the latest {latest}: correct the dates, "
        f"or {do}."
    ),
    "row.modin_slower": lambda rows: f"Modin on Ray is slower than pandas for {counted(rows, 'row')}; it pays off only for many millions.",
    "row.read_whole": lambda column: (
        f"All rows were read together, because how to read the text in {named(column)} depends on all of them: dates and numbers stored "
        "as such need less memory."
        if column
        else "All rows were read together, because their format or the table of items requires it: one Parquet table needs less memory."
    ),
    "row.aside_cut": lambda shown, rows: f"Of the {counted(rows, 'row')} set aside, only the first {shown:,} are shown.",
    "row.script_name": lambda name: f"Names that look like formulas, scripts or paths, such as {quoted(name)}, are kept as text.",
    "row.script_cell": lambda column, example: (
        f"Cells that look like formulas or scripts, such as {example_text(example)} of {named(column)}, are kept as text."
    ),
}


def _unknown_column(filter: str, column: str, in_double_quotes: bool, columns: Sequence[str]) -> str:
    hint = " (put text in single quotes)" if in_double_quotes else ""
    return f"The filter {filter!r} names {column!r}, which is not a column{hint}: the columns are {column_names(columns)}."


FILTERS: Mapping[str, Callable[..., str]] = {
    "filter.unreadable": lambda filter: (
        f"The filter {filter!r} cannot be read: write a condition such as \"Country = 'France'\", with names that have spaces in double "
        "quotes."
    ),
    "filter.not_one_condition": lambda filter: f"The filter {filter!r} must be one condition, such as \"Country = 'France'\".",
    "filter.unknown_column": _unknown_column,
    "filter.rows_and_customers": lambda filter: (
        f"The filter {filter!r} mixes rows and customers: split it into two, with 'customer.' before all names of one and before none of "
        "the other."
    ),
    "filter.customers_of_scoring": lambda filter: (
        f"The filter {filter!r} is about customers, but scoring includes all customers of the rows: filter the written file instead."
    ),
    "filter.no_feature": lambda filter, name, nearest: (
        f"The filter {filter!r} names {name!r}, which is neither a feature nor a profile column of the customers"
        f"{f'; nearest: {column_names(nearest)}' if nearest else ''}."
    ),
    "filter.no_customer_left": lambda filters, customers: (
        f"None of {counted(customers, 'customer')} meets {' and '.join(filters)}: change the condition."
    ),
    "filter.customers": lambda filters, kept, customers: (
        f"{kept:,} of {counted(customers, 'customer')} {'meets' if kept == 1 else 'meet'} {' and '.join(filters)}: only these are kept."
    ),
    "filter.too_deep": lambda filter: f"The filter {filter[:60]!r}... is nested too deeply: use IN for many values, or several filters.",
    "filter.not_allowed": lambda filter, part: (
        f"The filter {filter!r} uses {part!r}, which is not allowed: use comparisons of a column with a value, AND, OR, NOT, IN, BETWEEN, "
        "LIKE and IS NULL."
    ),
    "filter.leading_zero": lambda filter, number: (
        f"The filter {filter!r} has the number {number}: put a code that begins with 0 in single quotes."
    ),
    "filter.text_with_number": lambda filter, column: (
        f"The filter {filter!r} compares {column}, which holds text, with a number: put the value in single quotes."
    ),
    "filter.dates_with_number": lambda filter, column: (
        f"The filter {filter!r} compares {column}, which holds dates, with a number: write a date such as '2011-12-09'."
    ),
    "filter.dates_with_text": lambda filter, column, got: (
        f"The filter {filter!r} compares {column}, which holds dates, with {got!r}: write a date such as 2011-12-09."
    ),
    "filter.numbers_with_text": lambda filter, column, got: (
        f"The filter {filter!r} compares {column}, which holds numbers, with the text {got!r}."
    ),
    "filter.no_time": lambda data, do: f"{named(data)} has no column with the role time, so rows cannot be chosen by date: {do}.",
    "filter.bound_not_a_date": lambda bound, got: f"The {bound} day must be a date such as 2011-12-09, got {got!r}.",
    "filter.period_reversed": lambda first, last: f"The period from {first} to {last} ends before it begins.",
}

SAMPLES: Mapping[str, Callable[..., str]] = {
    "sample.not_downloaded": lambda do: f"Online Retail has not been downloaded yet: {do}.",
    "sample.no_package": lambda package, do: f"The Complete Journey needs the package {package}: {do}.",
    "sample.no_address": lambda url: f"{url!r} is not a web address: it must begin with http:// or https://.",
    "sample.no_folder": lambda folder, why: f"{folder} cannot be created ({why}): set SEGCORE_HOME to a writable folder.",
    "sample.too_large": lambda url, bytes, limit, do: f"{url} is {bytes:,} bytes long, more than the {limit:,} allowed: {do}.",
    "sample.longer": lambda url, limit, do: f"{url} is longer than the {limit:,} bytes allowed: {do}.",
    "sample.holds_more": lambda url, limit, do: f"{url} holds more than the {limit:,} bytes allowed: {do}.",
    "sample.took_longer": lambda url, seconds, do: f"{url} took longer than {seconds:g} seconds: try again, or {do}.",
    "sample.broke_off": lambda url, received, expected, do: (
        f"The download of {url} broke off after {received:,} of {expected:,} bytes: try again, or {do}."
    ),
    "sample.answered": lambda url, status, why, do: f"{url} answered {status} ({why}): check the address, or {do}.",
    "sample.stopped": lambda url, do: f"{url} stopped answering: try again, or {do}.",
    "sample.unreachable": lambda url, why, do: f"{url} cannot be reached ({why}): check the network, or {do}.",
    "sample.zip_without_table": lambda url, do: f"{url} is a zip without an XLSX, CSV or Parquet file in it: check the address, or {do}.",
    "sample.damaged_zip": lambda url, why, do: f"{url} is a damaged zip file ({why}): try again, or {do}.",
    "sample.another": lambda url, why, do: f"{url} is not Online Retail: {why} Check the address, or {do}.",
    "sample.rows": lambda url, rows, expected, do: f"{url} has {rows:,} rows where Online Retail has {expected:,}: try again, or {do}.",
}
SENTENCES: Mapping[str, Callable[..., str]] = {**LABELS, **ROWS, **FILTERS, **SAMPLES}
