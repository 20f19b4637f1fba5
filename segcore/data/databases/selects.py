"""SELECTs that an analyst writes: checked to be one query that only reads."""

from __future__ import annotations

import re
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from segcore.errors import ParameterError
from segcore.wording.findings import refusal

_MOST_LETTERS = 100_000
_BEGINNINGS = ("SELECT", "WITH", "FROM", "VALUES", "TABLE", "(")
_FORBIDDEN = (
    *(exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.TruncateTable, exp.Into, exp.Copy, exp.Command),
    *(exp.Lock, exp.Set, exp.Use, exp.Attach, exp.Detach, exp.Pragma, exp.Transaction, exp.Commit, exp.Rollback),
)
# Functions that do something besides returning a value, reach files or other servers, or wait. The transaction, which can only read, and
# the rights of the user are the other fences: this one also stops what they let through.
_ACTING = re.compile(
    r"pg_(?!typeof|size_pretty|get_).*|lo_.*|dblink.*|set_?config|nextval|setval|(query|table|schema|database|cursor)_to_xml.*"
    r"|load_extension|readfile|writefile|getenv|read_.*|.*_scan|sniff_csv|query|query_table"
)


def check_select(text: str, dialect: str) -> str:
    """Return a SELECT without the semicolon at its end, if it only reads.

    Parameters
    ----------
    text : str
        One query, also with WITH or UNION; comments are allowed.
    dialect : str
        Name in sqlglot.

    Raises
    ------
    ParameterError
        If it cannot be read as SQL, is several statements, or would do something other than reading.
    """
    text = text.strip()
    if not text or len(text) > _MOST_LETTERS or "\0" in text:
        raise refusal("database.not_a_select", kind=ParameterError, part="")
    try:
        first = next(iter(sqlglot.tokenize(text, dialect=dialect)), None)
        if first is None or first.text.upper() not in _BEGINNINGS:  # of others, sqlglot logs a warning with the whole text
            raise refusal("database.not_a_select", kind=ParameterError, part=first.text.upper() if first else "")
        parsed = [tree for tree in sqlglot.parse(text, dialect=dialect) if tree is not None and not isinstance(tree, exp.Semicolon)]
    except (SqlglotError, RecursionError) as error:
        raise refusal("database.unreadable_select", kind=ParameterError, near=_place(error)) from None
    if len(parsed) != 1:
        raise refusal("database.several_statements", kind=ParameterError, statements=len(parsed))
    (tree,) = parsed
    if not isinstance(tree, exp.Query):
        raise refusal("database.not_a_select", kind=ParameterError, part=tree.key.upper())
    for node in tree.walk():
        if isinstance(node, _FORBIDDEN):
            raise refusal("database.not_a_select", kind=ParameterError, part=_called(node))
        name = _function(node)
        if name is not None and _ACTING.fullmatch(name):
            raise refusal("database.acting_function", kind=ParameterError, function=name)
    return _without_semicolon(text, dialect)


def _called(node: Any) -> str:
    return "SELECT ... INTO" if isinstance(node, exp.Into) else "FOR UPDATE" if isinstance(node, exp.Lock) else node.key.upper()


def _function(node: Any) -> str | None:
    """Return the name of a function that is called, in small letters."""
    if isinstance(node, exp.Anonymous):
        return node.name.lower()
    return node.sql_name().lower() if isinstance(node, exp.Func) else None


def _without_semicolon(text: str, dialect: str) -> str:
    """Return a text up to the semicolon that ends its only statement: in parentheses there is none."""
    for token in sqlglot.tokenize(text, dialect=dialect):
        if token.token_type is sqlglot.TokenType.SEMICOLON:
            return text[: token.start]
    return text


def _place(error: Exception) -> str:
    """Return the words at which a SELECT could not be read."""
    found = getattr(error, "errors", None) or [{}]
    return str(found[0].get("highlight") or "")
