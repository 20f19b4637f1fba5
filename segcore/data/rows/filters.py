"""Filters: SQL conditions on rows or on customers, parsed and translated operator by operator, never executed as code."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from segcore.data.columns.date_patterns import ISO_MOMENT
from segcore.data.columns.dates import parse_moment
from segcore.data.rows.filter_values import TypedColumns
from segcore.errors import ParameterError, SegcoreError
from segcore.records.data_rules import DateOrder
from segcore.wording.findings import refusal

_COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    exp.EQ: lambda left, right: left == right,
    exp.NEQ: lambda left, right: left != right,
    exp.GT: lambda left, right: left > right,
    exp.GTE: lambda left, right: left >= right,
    exp.LT: lambda left, right: left < right,
    exp.LTE: lambda left, right: left <= right,
}
_MIRRORED = {exp.GT: exp.LT, exp.GTE: exp.LTE, exp.LT: exp.GT, exp.LTE: exp.GTE, exp.EQ: exp.EQ, exp.NEQ: exp.NEQ}
_WORD = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[^\W\d]\w*""")
_PARTS = ("this", "expression", "expressions", "low", "high")
CUSTOMER = "customer"
"""What stands before a feature in a condition on customers: ``customer.total_spend > 850``."""
_SYNTAX = {"and", "or", "not", "in", "between", "like", "ilike", "is", "null"}


class Condition:
    """Condition over the columns of a source.

    Parameters
    ----------
    text : str
        Such as ``Country = 'France' AND Quantity BETWEEN 1 AND 10``. Allowed are comparisons, AND, OR, NOT, IN, BETWEEN, LIKE and
        IS NULL; put names with spaces in double quotes. A condition on customers has ``customer.`` before each name.
    names : sequence of str
        All columns, so that a column named like an SQL keyword (When, Order) is recognized.

    Raises
    ------
    ParameterError
        If the text is not such a condition.
    """

    def __init__(self, text: str, names: Sequence[str] = ()) -> None:
        self.text = text.strip()
        try:
            parsed = sqlglot.parse(_quoted(self.text, set(names)))
        except RecursionError:
            raise self._too_deep() from None
        except SqlglotError as error:
            raise self._refusal("filter.unreadable") from error
        if len(parsed) != 1 or parsed[0] is None:
            raise self._refusal("filter.not_one_condition")
        self._tree: Any = parsed[0]
        try:
            self._check(self._tree)
        except RecursionError:
            raise self._too_deep() from None
        if len({bool(column.table) for column in self._tree.find_all(exp.Column)}) > 1:
            raise self._refusal("filter.rows_and_customers")

    @property
    def of_customers(self) -> bool:
        """Whether it is about customers, not rows: their features and profile columns have ``customer.`` before them."""
        return any(column.table for column in self._tree.find_all(exp.Column))

    @property
    def tree(self) -> Any:
        """Sqlglot's tree of the condition, in which only what is allowed occurs."""
        return self._tree

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns it refers to, as written."""
        return tuple(dict.fromkeys(column.name for column in self._tree.find_all(exp.Column)))

    @property
    def typed_columns(self) -> frozenset[str]:
        """Names of the columns that are compared with a number or a date; text in them is read as such, and all rows decide how."""
        found: set[str] = set()
        for node in self._tree.find_all(exp.Predicate):
            values = [self._value(literal) for literal in node.find_all(exp.Literal)]
            if any(isinstance(value, float) or ISO_MOMENT.fullmatch(value) for value in values):
                found.update(column.name for column in node.find_all(exp.Column))
        return frozenset(found)

    def mask(self, table: pa.Table, *, order: DateOrder | None = None) -> pa.Array:
        """Return which rows of ``table`` satisfy it, shape (n_rows,); rows where it is unknown (null) do not.

        Parameters
        ----------
        table : pyarrow Table
        order : {"dmy", "mdy", "ymd"} or None
            Order of day, month and year in dates stored as text; ``None`` detects it.

        Raises
        ------
        DataError
            If a column does not exist, or is compared with a value of another type.
        """
        for name in self.columns:
            if name not in table.column_names:
                in_double_quotes = f'"{name}"' in self.text
                columns = list(table.column_names)
                raise refusal("filter.unknown_column", filter=self.text, column=name, in_double_quotes=in_double_quotes, columns=columns)
        typed = TypedColumns(table, self.text, order)
        try:
            expression = self._expression(self._tree, typed)
            frame = nw.from_native(typed.frame(), eager_only=True)
            kept = frame.select(expression.alias("kept"))["kept"].fill_null(False)
        except RecursionError:
            raise self._too_deep() from None
        return kept.to_arrow()

    def _refusal(self, code: str, **values: Any) -> SegcoreError:
        return refusal(code, kind=ParameterError, filter=self.text, **values)

    def _too_deep(self) -> SegcoreError:
        return self._refusal("filter.too_deep")

    def _not_allowed(self, node: Any) -> SegcoreError:
        return self._refusal("filter.not_allowed", part=node.sql())

    def _check(self, node: Any) -> None:
        """Raise if a part of the condition, or an option of it, is not on the list of allowed ones."""
        allowed = {*_PARTS, *(["negate"] if isinstance(node, exp.Like | exp.ILike) else [])}
        if any(value and name not in allowed for name, value in node.args.items()):
            raise self._not_allowed(node)
        for part in (node.args.get("this"), node.args.get("expression")):
            if isinstance(part, exp.Column) and part.args.get("table") and (part.table.lower() != CUSTOMER or part.args.get("db")):
                raise self._not_allowed(part)
        if isinstance(node, exp.Paren | exp.Not):
            self._check(node.this)
        elif isinstance(node, exp.And | exp.Or):
            self._check(node.left)
            self._check(node.right)
        elif type(node) in _COMPARISONS:
            sides = [isinstance(side, exp.Column) for side in (node.left, node.right)]
            values = [side for side in (node.left, node.right) if not isinstance(side, exp.Column)]
            if not any(sides):
                raise self._not_allowed(node)
            for value in values:
                self._value(value)
        elif isinstance(node, exp.In) and isinstance(node.this, exp.Column) and node.expressions and not node.args.get("query"):
            for value in node.expressions:
                self._value(value)
        elif isinstance(node, exp.Between) and isinstance(node.this, exp.Column):
            self._value(node.args["low"])
            self._value(node.args["high"])
        elif isinstance(node, exp.Like | exp.ILike) and isinstance(node.this, exp.Column):
            if not isinstance(self._value(node.expression), str):
                raise self._not_allowed(node)
        elif not (isinstance(node, exp.Is) and isinstance(node.this, exp.Column) and isinstance(node.expression, exp.Null)):
            raise self._not_allowed(node)

    def _value(self, node: Any) -> str | float:
        """Return a literal's value."""
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal) and not node.this.is_string:
            return -float(node.this.this)
        if isinstance(node, exp.Literal):
            if not node.is_string and re.match(r"0\d", node.this):
                raise self._refusal("filter.leading_zero", number=node.this)
            return str(node.this) if node.is_string else float(node.this)
        if isinstance(node, exp.Boolean):
            return "true" if node.this else "false"
        if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal) and node.to.sql() in ("DATE", "TIMESTAMP"):
            return str(node.this.this)
        raise self._not_allowed(node)

    def _expression(self, node: Any, typed: TypedColumns) -> nw.Expr:
        if isinstance(node, exp.Paren):
            return self._expression(node.this, typed)
        if isinstance(node, exp.Not):
            return ~self._expression(node.this, typed)
        if isinstance(node, exp.And):
            return self._expression(node.left, typed) & self._expression(node.right, typed)
        if isinstance(node, exp.Or):
            return self._expression(node.left, typed) | self._expression(node.right, typed)
        if isinstance(node, exp.In):
            column, values = typed.compared(node.this.name, [self._value(value) for value in node.expressions])
            return nw.when(~column.is_null()).then(column.is_in(values))  # unknown if the column is
        if isinstance(node, exp.Between):
            column, (low, high) = typed.compared(
                node.this.name, [self._value(node.args["low"]), self._value(node.args["high"])], ordered=True
            )
            return (column >= low) & (column <= high)
        if isinstance(node, exp.Like | exp.ILike):
            flag = "(?is)" if isinstance(node, exp.ILike) else "(?s)"
            found = typed.text(node.this.name).str.contains(f"{flag}^{_like(str(self._value(node.expression)))}$")
            return ~found if node.args.get("negate") else found
        if isinstance(node, exp.Is):
            return typed.present(node.this.name).is_null()
        return self._comparison(node, typed)

    def _comparison(self, node: Any, typed: TypedColumns) -> nw.Expr:
        left, right, operator = node.left, node.right, type(node)
        if isinstance(left, exp.Column) and isinstance(right, exp.Column):
            one, other = typed.pair(left.name, right.name)
            return _COMPARISONS[operator](one, other)
        if not isinstance(left, exp.Column):
            left, right, operator = right, left, _MIRRORED[operator]
        column, (value,) = typed.compared(left.name, [self._value(right)], ordered=operator not in (exp.EQ, exp.NEQ))
        return _COMPARISONS[operator](column, value)


def period(times: pa.Array, *, date_from: str | None, date_to: str | None) -> pa.Array:
    """Return which times are in a period, bounds included; without a time of day, ``date_to`` is the whole day.

    Raises
    ------
    ParameterError
        If a bound is not a date, or the period ends before it begins.
    """
    kept = pc.is_valid(times)
    start, end = period_bounds(date_from=date_from, date_to=date_to)
    if start is not None:
        kept = pc.and_(kept, pc.greater_equal(times, pa.scalar(start, times.type)))
    if end is not None:
        kept = pc.and_(kept, pc.less_equal(times, pa.scalar(end, times.type)))
    return kept


def period_bounds(*, date_from: str | None, date_to: str | None) -> tuple[dt.datetime | None, dt.datetime | None]:
    """Return the first and the last moment of a period; see `period`.

    Raises
    ------
    ParameterError
        If a bound is not a date, or the period ends before it begins.
    """
    start, end = _bound("first", date_from), _bound("last", date_to)
    if end is not None and len(str(date_to).strip()) <= len("2011-12-09"):
        end += dt.timedelta(days=1, microseconds=-1)
    if start is not None and end is not None and end < start:
        raise refusal("filter.period_reversed", kind=ParameterError, first=date_from, last=date_to)
    return start, end


def _bound(which: str, text: str | None) -> dt.datetime | None:
    """Read the first or last day of a period."""
    if not text:
        return None
    moment = parse_moment(text)
    if moment is None:
        raise refusal("filter.bound_not_a_date", kind=ParameterError, bound=which, got=text)
    return moment


def _quoted(text: str, names: set[str]) -> str:
    """Return the condition with every bare column name in double quotes."""

    def quote(found: re.Match[str]) -> str:
        word = found.group()
        return f'"{word}"' if word in names and word.lower() not in _SYNTAX else word

    return _WORD.sub(quote, text)


def _like(pattern: str) -> str:
    return "".join(".*" if letter == "%" else "." if letter == "_" else re.escape(letter) for letter in pattern)
