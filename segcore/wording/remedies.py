"""Remedies: what a user can do about a finding, in the words of the command line and of the screen."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from segcore.records.finding import Remedy
from segcore.wording.files.every_file import encoding_name
from segcore.wording.quotes import value_text
from segcore.wording.vectors import OPTIONS

Audience = Literal["command line", "screen", "pipeline"]
_OPTION = re.compile(r"--([a-z][a-z0-9-]*)")
_KEYS = {"role": "roles", "from": "date_from", "to": "date_to"}
_READING = "under “How the file is read”"


def _either(choices: Sequence[str]) -> str:
    return choices[0] if len(choices) == 1 else f"{', '.join(choices[:-1])} or {choices[-1]}"


def _encoding(name: str) -> str:
    called = encoding_name(name)
    return name if called.lower() == name else f"{name} ({called})"


def _choice(option: str, what: str, written: Callable[[Any], str] = str) -> tuple[Callable[..., str], Callable[..., str]]:
    """Return the remedy that sets an option for reading a file; ``choices`` are the likely values."""

    def command_line(choices: Sequence[object] = ()) -> str:
        given = [f"--{option} {written(choice)}" for choice in choices] or [f"--{option}"]
        return f"choose {what} with {_either(given)}"

    def screen(choices: Sequence[object] = ()) -> str:
        likely = f": {_either([written(choice) for choice in choices])}" if choices else ""
        return f"choose {what} {_READING}{likely}"

    return command_line, screen


def _option(name: str, command_line: str, screen: str) -> tuple[Callable[..., str], Callable[..., str]]:
    return (lambda **_: command_line.format(name)), (lambda **_: screen)


def _date_order(orders: Sequence[str]) -> str:
    """Return how to choose the order of day, month and year; without ``orders``, how to choose another."""
    return f"choose the order with --date-order {' or '.join(orders)}" if orders else "choose another --date-order, or leave it out"


# By code: what to do on the command line, and on screen; both are imperative clauses made from the remedy's values.
REMEDIES: Mapping[str, tuple[Callable[..., str], Callable[..., str]]] = {
    "encoding": _choice("encoding", "the encoding", _encoding),
    "header_row": _choice("header-row", "the header row"),
    "delimiter": _choice("delimiter", "the delimiter"),
    "sheets": _choice("sheet", "the sheet"),
    "category_column": (lambda column: f"declare the column with --category {option_value(column)}", lambda column: "choose “Category”"),
    "keep": (lambda column: f"keep it with --keep {option_value(column)}", lambda column: "choose another use for it on Data"),
    "keep_leak": (
        lambda column: f"keep it with --keep {option_value(column)}",
        lambda column: "choose it under “Keep although it looks like a leak”",
    ),
    "include_earlier": _option("--again", "include earlier buyers ({})", "include earlier buyers"),
    "wanted_value": _option("--yes", "name the wanted one with {}", "choose the wanted one under “Wanted value”"),
    "contacts_file": _option("--contacts", "give a file of contacts ({})", "upload a file of contacts"),
    "min_share": _option(
        "--min-share",
        "exclude columns, or raise the share of the rows that a value needs for its own feature ({})",
        "exclude columns, or raise the share of the rows that a value needs for its own feature",
    ),
    "filled": (
        lambda column, number: (
            f"{f'use 0 instead with --zero {option_value(column)}, or ' if number else ''}leave these customers out with --required "
            f"{option_value(column)}"
        ),
        lambda column, number: f"{'use 0 instead, or ' if number else ''}leave these customers out, with the buttons below",
    ),
    "later_date": (
        lambda: "give a later one (--as-of), or exclude the later rows (--to)",
        lambda: "choose a later one, or exclude the later rows",
    ),
    "as_of": (lambda day: f"give --as-of {day}, or a later day", lambda day: f"choose {day}, or a later day"),
    "count_up_to": (
        lambda day: f"count days up to {day} or later with --as-of",
        lambda day: f"choose {day} or a later day under “Count days up to”",
    ),
    "kind": (lambda kind: f"give --kind {kind}", lambda kind: f"choose the kind {kind}"),
    "set_aside": _option("--set-aside", "skip unreadable rows with {}", "skip unreadable rows with the button below"),
    "date_order": (_date_order, lambda orders: "choose the order below" if orders else "choose another order below"),
    "role": (lambda role: f"name it with --role {role}=COLUMN", lambda role: "choose it below"),
    "rating": (
        lambda: "name it with --role rating=COLUMN, or count a customer's rows with an item as the rating with --role rating=",
        lambda: "choose it below, or count a customer's rows with an item as the rating",
    ),
    "other_column": (lambda role: f"name another column with --role {role}=COLUMN", lambda role: "choose another column below"),
    "one_row_per_customer": (
        lambda exact: (
            f"{'set exact duplicates aside with --duplicates aside, ' if exact else ''}keep one row per customer, count each row as a "
            "customer with --role customer=, or read the rows as transactions with --kind transactions and --role time=COLUMN"
        ),
        lambda exact: (
            f"{'set exact duplicates aside (“Set exact duplicates aside” below), ' if exact else ''}keep one row per customer, choose no "
            "customer column below, or read the rows as transactions and choose the time"
        ),
    ),
    "second_key": (lambda of: f"name the right column with --{of}-key COLUMN", lambda of: "choose another column as the id"),
    "as_items": (
        lambda: "give the ratings or order lines, and this file with --items",
        lambda: "load the ratings or order lines first, then add this file under “More about customers and items”",
    ),
    "items": _option("--items", "give that table with {}", "add that table of items below"),
    "last_day": _option("--to", "leave the rows out with {}", "leave the rows out with the last day below"),
    "fewer_rows": (
        lambda pieces: f"give fewer rows or columns{', or read order lines piece by piece with --frames duckdb' if pieces else ''}",
        lambda pieces: (
            f"give fewer rows or columns{', or read order lines piece by piece on the command line (--frames duckdb)' if pieces else ''}"
        ),
    ),
    "frames": _option("--frames spark", "leave out {}", "compute the components without Spark"),
    "baskets": (
        lambda data: (
            "name it with --role item=COLUMN"
            if data == "transactions"
            else "if it has order lines, read them with --kind transactions and --role item=COLUMN"
        ),
        lambda data: "choose it on Data" if data == "transactions" else "if it has order lines, choose their kind and item on Data",
    ),
    "vectors_option": (
        lambda change, option: f"{change} {option} (--cust2vec {option}=…)",
        lambda change, option: f"{change} “{OPTIONS[option]}” under “More options”",
    ),
    "epochs": _option("--cust2vec epochs=40", "train longer ({}), or leave the number of epochs out", "raise “Epochs”, or leave it empty"),
    "matrix": _option("--matrix", "choose other values with {}", "choose other values"),
    "category": _option("--category", "declare them with {}", "set “Used as” to Category"),
    "into": _option("--into", "name its table with {}", "name its table"),
    "out_address": (
        lambda option: f"set --out to the address of a database, or omit --{option}",
        lambda option: "give the address of a database",
    ),
    "other_file": (
        lambda: "give a file with the same data instead, such as 'segcore features OnlineRetail.csv'",
        lambda: "load a file with the same data instead",
    ),
    "download_sample": (
        lambda name: (
            f"download it with 'segcore samples get {name}', or give a file with the same data instead, such as 'segcore features "
            "OnlineRetail.csv'"
        ),
        lambda name: "download it with the button below, or load a file with the same data instead",
    ),
    "repair_sweep": (
        lambda sweep: f"repair the sweep with 'segcore jobs resume {sweep}'",
        lambda sweep: "press “Repair this sweep” below",
    ),
    "same_sweep": (lambda: "run the same 'segcore sweep' command again", lambda: "run the same sweep again on Sweep"),
    "load_again": (lambda: "load the data again with the same command", lambda: "load the data again on Data"),
    "read_again": (lambda: "read it again with the same command", lambda: "read the database again on Data"),
    "table_or_query": (
        lambda: "name a table with --table, or give a SELECT with --query",
        lambda: "name a table, or write a SELECT",
    ),
    "view": (
        lambda: "make a view of it in the database and name that with --table",
        lambda: "make a view of it in the database and name that as the table",
    ),
    "most_rows": (
        lambda rows: f"read them all with --most-rows {rows}, or fewer with a SELECT (--query)",
        lambda rows: f"read all {rows:,} with the button below, or fewer with a SELECT",
    ),
    "upload_again": (lambda: "give the original file", lambda: "upload it again"),
    "ask_again": (lambda: "run the same command again", lambda: "ask for it again here"),
    "start_again": (lambda: "start it again with the command that started it", lambda: "start it again on its screen"),
    "install": (lambda package: f"install it with 'pip install {package}'", lambda package: f"install it with 'pip install {package}'"),
}


def option_value(name: str) -> str:
    """Return a column's name as an option's value: in quotes if a shell needs them, in double quotes if it has a comma."""
    text = value_text(name)
    if "," in text:
        text = f'"{text}"'
    return text if re.fullmatch(r"[\w.-]+", text) else f"'{text}'"


def remedy_text(remedy: Remedy, audience: Audience) -> str:
    """Return what to do, as a clause without a capital or a full stop."""
    command_line, screen = REMEDIES[remedy.code]
    text = (screen if audience == "screen" else command_line)(**remedy.values)
    # A pipeline's keys are the options, but for their dashes.
    return _OPTION.sub(lambda found: _KEYS.get(found[1], found[1].replace("-", "_")), text) if audience == "pipeline" else text
