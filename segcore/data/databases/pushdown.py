"""Filters that a database applies before rows are read: those that are sure to mean the same there. segcore applies all of them again.

The pushed-down condition may keep more rows than the filter, never fewer: parts that might mean something else there are left to segcore.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from segcore.data.columns.dates import parse_moment
from segcore.data.rows.filters import Condition, period_bounds

if TYPE_CHECKING:
    import pyarrow as pa

    from segcore.records.intake import DataRequest

_EXACT = 2**53
_EXACT_DIGITS = 15  # every library rounds decimals of so many digits to the same floating-point number
_NUMBERS = ("quantity", "price", "amount", "discount", "rating")
_MIRRORED = {exp.GT: exp.LT, exp.GTE: exp.LTE, exp.LT: exp.GT, exp.LTE: exp.GTE, exp.EQ: exp.EQ, exp.NEQ: exp.NEQ}


@dataclass(frozen=True, slots=True)
class Pushed:
    """Filters that the database applies.

    Parameters
    ----------
    filters : tuple of str
        Filters of the request, as the analyst wrote them, that are applied at least in part.
    sql : str
        Condition on the columns ``c0``, ``c1``... of a `Readable`; "" if there is none.
    """

    filters: tuple[str, ...] = ()
    sql: str = ""


def push_down(request: DataRequest, names: Sequence[str], schema: pa.Schema, dialect: str) -> Pushed:
    """Return the filters of a request that a database can apply.

    Parameters
    ----------
    request : DataRequest
        Nothing is pushed down unless the request has a kind and roles, which would otherwise be detected from the remaining rows.
    names : sequence of str
        Of the columns.
    schema : pyarrow Schema
        Their types, in the same order.
    dialect : str

    Raises
    ------
    ParameterError
        If a filter cannot be read.
    """
    if request.kind is None or not request.roles:
        return Pushed()
    columns = _columns(request.roles, names, schema)
    found: dict[str, Any] = {}
    for text in request.where:
        condition = Condition(text, names)
        part = None if condition.of_customers else _weaker(condition.tree, columns)
        if part is not None:
            found[condition.text] = part
    time = columns.get(request.roles.get("time", ""))
    if time is not None and time.is_time:
        start, end = period_bounds(date_from=request.date_from, date_to=request.date_to)
        if start is not None:
            found[f"from {request.date_from}"] = exp.GTE(this=time.value, expression=_moment(start))
        if end is not None:
            found[f"to {request.date_to}"] = exp.LTE(this=time.value, expression=_moment(end))
    return Pushed(tuple(found), " AND ".join(f"({part.sql(dialect=dialect)})" for part in found.values()))


@dataclass(frozen=True, slots=True)
class _Column:
    """Column that a database compares as segcore does: its value in SQL, and whether it is a time or a whole number."""

    value: Any
    is_time: bool = False
    is_whole: bool = False


def _columns(roles: Mapping[str, str], names: Sequence[str], schema: pa.Schema) -> dict[str, _Column]:
    import pyarrow as pa

    role_of = {column: role for role, column in roles.items()}
    found = {}
    for place, (name, entry) in enumerate(zip(names, schema, strict=True)):
        value, role, kind = exp.column(f"c{place}"), role_of.get(name), entry.type
        if pa.types.is_integer(kind):
            found[name] = _Column(value, is_whole=True)
        elif role in (None, "time") and (pa.types.is_date32(kind) or (pa.types.is_timestamp(kind) and kind.unit != "ns")):
            found[name] = _Column(value, is_time=True)
        elif role in _NUMBERS and (pa.types.is_floating(kind) or (pa.types.is_decimal(kind) and kind.precision <= _EXACT_DIGITS)):
            found[name] = _Column(exp.cast(value, "double"))  # without such a role, the column may hold ids, which are compared as text
    return found


def _weaker(node: Any, columns: Mapping[str, _Column]) -> Any:
    """Return a condition that holds wherever ``node`` holds; ``None`` if there is no such condition."""
    if isinstance(node, exp.Paren):
        return _weaker(node.this, columns)
    if isinstance(node, exp.And):
        parts = [part for part in (_weaker(node.left, columns), _weaker(node.right, columns)) if part is not None]
        return exp.and_(*parts) if parts else None
    if isinstance(node, exp.Or):
        both = [_weaker(node.left, columns), _weaker(node.right, columns)]
        return None if None in both else exp.or_(*both)
    if isinstance(node, exp.Between):
        low, high = (_compared(side, node.this, node.args[name], columns) for side, name in ((exp.GTE, "low"), (exp.LTE, "high")))
        return None if low is None or high is None else exp.and_(low, high)
    if isinstance(node, exp.In):
        each = [_compared(exp.EQ, node.this, value, columns) for value in node.expressions]
        return None if None in each else exp.or_(*each)
    if isinstance(node, exp.Is):
        column = columns.get(node.this.name)
        return exp.Is(this=column.value, expression=exp.Null()) if column is not None and (column.is_whole or column.is_time) else None
    if type(node) in _MIRRORED:
        if isinstance(node.left, exp.Column):
            return _compared(type(node), node.left, node.right, columns)
        return _compared(_MIRRORED[type(node)], node.right, node.left, columns)
    return None


def _compared(operator: Any, column: Any, value: Any, columns: Mapping[str, _Column]) -> Any:
    known = columns.get(column.name)
    literal = None if known is None else _time(value) if known.is_time else _number(value, whole=known.is_whole)
    return None if known is None or literal is None else operator(this=known.value.copy(), expression=literal)


def _number(node: Any, *, whole: bool) -> Any:
    positive = node.this if isinstance(node, exp.Neg) else node
    if not isinstance(positive, exp.Literal) or positive.is_string or not abs(float(positive.this)) < _EXACT:
        return None
    return node.copy() if whole else exp.cast(node.copy(), "double")


def _time(node: Any) -> Any:
    literal = node.this if isinstance(node, exp.Cast) else node
    moment = parse_moment(literal.this) if isinstance(literal, exp.Literal) and literal.is_string else None
    return None if moment is None else _moment(moment)


def _moment(moment: dt.datetime) -> Any:
    return exp.cast(exp.Literal.string(moment.isoformat(sep=" ")), "timestamp")
