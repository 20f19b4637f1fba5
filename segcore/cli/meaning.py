"""Options that say what a file is: how it is read, what its columns mean, which rows count and what becomes of columns."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable

from segcore.errors import ParameterError
from segcore.records.data_rules import DATE_ORDERS, MAX_CATEGORIES, MIN_SHARE, ColumnRules, ReadOptions, RowRules
from segcore.records.dataset import KINDS, ROLES

_COLUMN_RULES = {
    "exclude": "leave these columns out",
    "category": "their numbers are codes: make a 0/1 feature for each frequent one",
    "number": "keep as numbers what looks like codes or has two values",
    "profile": "carry these columns along without clustering on them",
    "keep": "take as features what looks like an identifier, an outcome or a model's output",
}


def add_meaning_options(parser: argparse.ArgumentParser, *, columns: bool = True) -> None:
    """Add the options.

    Parameters
    ----------
    parser : ArgumentParser
    columns : bool
        Whether to ask what becomes of columns too; scoring does as the sweep did.
    """
    _add_file_options(parser.add_argument_group("how the file is read (found from its content where left out)"))
    meaning = parser.add_argument_group("what the data is")
    meaning.add_argument("--kind", choices=KINDS, help="lines of orders, ratings, or one row a customer; guessed where left out")
    meaning.add_argument(
        "--role",
        action="append",
        default=[],
        metavar="ROLE=COLUMN",
        help=f"the column of a role ({', '.join(ROLES)}); again for others; 'item=' says that no column has it; the rest is guessed",
    )
    meaning.add_argument("--guess", action="store_true", help="guess afresh, whatever was chosen for a file with the same columns before")
    _add_row_options(parser.add_argument_group("which rows count"))
    if columns:
        _add_column_options(parser.add_argument_group("what becomes of columns (one row a customer)"))


def _add_file_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--delimiter", metavar="CHAR", help="between the values of a CSV file; 'tab' is a tab")
    group.add_argument("--encoding", metavar="NAME", help="of a CSV file, such as utf-8 or cp1252")
    group.add_argument("--sheet", action="append", default=[], metavar="NAME", help="sheet of a workbook; again for others; '*' is all")
    group.add_argument("--header-row", type=int, metavar="N", help="row or line that names the columns, from 1")


def _add_row_options(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--where", action="append", default=[], metavar="CONDITION", help="such as \"Country = 'France'\"; several must all hold"
    )
    group.add_argument("--from", dest="date_from", metavar="DATE", help="first day, such as 2011-01-01")
    group.add_argument("--to", dest="date_to", metavar="DATE", help="last day, included")
    group.add_argument("--date-order", choices=DATE_ORDERS, help="of day, month and year, where the dates do not tell")
    group.add_argument("--set-aside", action="store_true", help="put rows with a bad number or date aside instead of refusing the file")
    group.add_argument("--cancelled", choices=("keep", "aside"), default="keep", help="cancelled lines (keep, as the Intel kit does)")
    group.add_argument("--duplicates", choices=("keep", "aside"), default="keep", help="exact repeats of a row (keep, as the kit does)")


def _add_column_options(group: argparse._ArgumentGroup) -> None:
    for name, words in _COLUMN_RULES.items():
        group.add_argument(f"--{name}", action="append", default=[], metavar="COLUMN,...", help=f"{words}; again for others")
    group.add_argument(
        "--min-share",
        type=float,
        default=MIN_SHARE,
        metavar="SHARE",
        help=f"a category's value is a feature where more than this share of the rows has it; the rest is other ({MIN_SHARE:g})",
    )
    group.add_argument(
        "--max-categories",
        type=int,
        default=MAX_CATEGORIES,
        metavar="N",
        help=f"of transactions: most categories whose share of the spend is a feature; the rest is other ({MAX_CATEGORIES})",
    )


def read_options(args: argparse.Namespace) -> ReadOptions:
    """Return how the file is to be read."""
    delimiter = "tab" if args.delimiter in ("tab", "\t", "\\t") else args.delimiter
    return ReadOptions(delimiter=delimiter, encoding=args.encoding, sheets=tuple(args.sheet), header_row=args.header_row)


def row_rules(args: argparse.Namespace) -> RowRules:
    """Return what becomes of doubtful rows."""
    return RowRules(args.date_order, set_aside=args.set_aside, cancelled=args.cancelled, duplicates=args.duplicates)


def column_rules(args: argparse.Namespace) -> ColumnRules:
    """Return what becomes of columns."""
    named = {name: column_names(getattr(args, name)) for name in _COLUMN_RULES}
    return ColumnRules(**named, min_share=args.min_share, max_categories=args.max_categories)


def column_names(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the columns named in ``a,b`` texts, each once; a name with a comma stands in double quotes."""
    rows = csv.reader(texts, skipinitialspace=True)
    return tuple(dict.fromkeys(name.strip() for row in rows for name in row if name.strip()))


def parse_roles(texts: Iterable[str]) -> dict[str, str]:
    """Return ``{role: column}`` from ``role=column`` texts.

    Raises
    ------
    ParameterError
        Where a text has no ``=``, or a role is unknown or given twice.
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
            raise ParameterError(f"--role gives {role} twice: {roles[role]!r} and {column.strip()!r}.")
        roles[role] = column.strip()
    return roles
