"""Options for a file: how it is read, what its columns mean, which rows count and how columns are used."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable

from segcore.errors import ParameterError
from segcore.records.data_rules import DATE_ORDERS, MAX_CATEGORIES, MIN_SHARE, ColumnRules, ReadOptions, RowRules
from segcore.records.dataset import KINDS, ROLES

_COLUMN_RULES = {
    "exclude": "columns to leave out",
    "category": "columns whose numbers are codes: each frequent code becomes a 0/1 feature",
    "number": "columns to use as numbers although they look like codes or have two values",
    "profile": "columns to carry along without clustering on them",
    "keep": "columns to use as features although they look like an identifier, an outcome or a model's output",
    "zero": "columns of numbers in which a missing value counts as 0 instead of the median",
}


def add_meaning_options(parser: argparse.ArgumentParser, *, columns: bool = True) -> None:
    """Add the options for reading, meaning, rows and columns of a file.

    Parameters
    ----------
    parser : ArgumentParser
    columns : bool
        Whether to add the options for using columns; scoring uses them as the sweep did.
    """
    _add_file_options(parser.add_argument_group("how the file is read (default: detected from its content)"))
    meaning = parser.add_argument_group("what the data means")
    meaning.add_argument("--kind", choices=KINDS, help="one row per order line, per rating or per customer (default: detected)")
    meaning.add_argument(
        "--role",
        action="append",
        default=[],
        metavar="ROLE=COLUMN",
        help=f"column of a role ({', '.join(ROLES)}); repeatable; 'item=' means no column; other roles are detected",
    )
    meaning.add_argument("--guess", action="store_true", help="detect again, ignoring earlier choices for a file with the same columns")
    _add_row_options(parser.add_argument_group("which rows count"))
    if columns:
        _add_column_options(parser.add_argument_group("how columns are used (customer tables)"))


def _add_file_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--delimiter", metavar="CHAR", help="character between the values of a CSV file, or 'tab'")
    group.add_argument("--encoding", metavar="NAME", help="encoding of a CSV file, such as utf-8 or cp1252")
    group.add_argument(
        "--sheet", action="append", default=[], metavar="NAME", help="sheet of a workbook; repeatable; '*' means all visible ones"
    )
    group.add_argument("--header-row", type=int, metavar="N", help="row or line with the column names, counted from 1")


def _add_row_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="CONDITION",
        help='condition for rows, such as "Country = \'France\'", or for customers, such as "customer.total_spend > 850"; repeatable, all '
        "must hold",
    )
    group.add_argument("--from", dest="date_from", metavar="DATE", help="first day, such as 2011-01-01")
    group.add_argument("--to", dest="date_to", metavar="DATE", help="last day, inclusive")
    group.add_argument("--date-order", choices=DATE_ORDERS, help="order of day, month and year in dates that could be read in two ways")
    group.add_argument("--set-aside", action="store_true", help="skip rows with an unreadable number or date instead of refusing the file")
    group.add_argument(
        "--required", action="append", default=[], metavar="COLUMN,...", help="columns in which a row must have a value; repeatable"
    )
    group.add_argument(
        "--cancelled", choices=("keep", "aside"), default="keep", help="cancelled lines (default: keep, as in the Intel kit)"
    )
    group.add_argument(
        "--duplicates", choices=("keep", "aside"), default="keep", help="exact duplicates of a row (default: keep, as in the kit)"
    )


def _add_column_options(group: argparse._ArgumentGroup) -> None:
    for name, words in _COLUMN_RULES.items():
        group.add_argument(f"--{name}", action="append", default=[], metavar="COLUMN,...", help=f"{words}; repeatable")
    group.add_argument(
        "--min-share",
        type=float,
        default=MIN_SHARE,
        metavar="SHARE",
        help=f"share of rows that a category's value must exceed to get its own feature; others are combined (default: {MIN_SHARE:g})",
    )
    group.add_argument(
        "--max-categories",
        type=int,
        default=MAX_CATEGORIES,
        metavar="N",
        help=f"most categories whose share of spend is a feature (transactions); others are combined (default: {MAX_CATEGORIES})",
    )


def read_options(args: argparse.Namespace) -> ReadOptions:
    """Return the options for reading the file."""
    delimiter = "tab" if args.delimiter in ("tab", "\t", "\\t") else args.delimiter
    return ReadOptions(delimiter=delimiter, encoding=args.encoding, sheets=tuple(args.sheet), header_row=args.header_row)


def row_rules(args: argparse.Namespace) -> RowRules:
    """Return the rules for doubtful rows."""
    required = column_names(args.required)
    return RowRules(args.date_order, set_aside=args.set_aside, cancelled=args.cancelled, duplicates=args.duplicates, required=required)


def column_rules(args: argparse.Namespace) -> ColumnRules:
    """Return the rules for columns."""
    named = {name: column_names(getattr(args, name)) for name in _COLUMN_RULES}
    return ColumnRules(**named, min_share=args.min_share, max_categories=args.max_categories)


def column_names(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the columns named in ``a,b`` texts, each once; a name that contains a comma is in double quotes."""
    rows = csv.reader(texts, skipinitialspace=True)
    return tuple(dict.fromkeys(name.strip() for row in rows for name in row if name.strip()))


def parse_roles(texts: Iterable[str]) -> dict[str, str]:
    """Parse ``role=column`` texts into ``{role: column}``.

    Raises
    ------
    ParameterError
        If a text has no ``=``, or a role is unknown or given twice.
    """
    roles: dict[str, str] = {}
    for text in texts:
        role, equals, column = text.partition("=")
        role = role.strip()
        if not equals:
            raise ParameterError(f"--role must be ROLE=COLUMN, such as customer=CustomerID, got {text!r}.")
        if role not in ROLES:
            raise ParameterError.unknown("role", role, ROLES)
        if role in roles:
            raise ParameterError(f"--role sets {role} twice: {roles[role]!r} and {column.strip()!r}.")
        roles[role] = column.strip()
    return roles
