"""SQL that finds a segment's customers, or assigns every customer to a segment, in a table that segcore wrote."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any, Literal, get_args

import pyarrow as pa
import sqlglot
from sqlglot import exp

from segcore.data.rows.filters import CUSTOMER
from segcore.errors import ParameterError
from segcore.export.cells import safe_headers, safe_text
from segcore.features.output import ID_COLUMN, file_columns
from segcore.records.feature_table import FeatureTable
from segcore.segments.rules.condition import Condition, number_literal
from segcore.segments.rules.definition import Definition
from segcore.segments.rules.rule import Rule, SegmentRules
from segcore.segments.rules.tree import Branch, ExplainingTree, Leaf
from segcore.wording.findings import refusal
from segcore.wording.quotes import visible
from segcore.wording.results import DIALECTS, Dialect

SqlOf = Literal["rules", "tree"]
TABLE = "customers"
_OF_SQLGLOT: Mapping[str, str] = {"postgresql": "postgres"}
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*){0,2}")
_BEYOND = "1e308"
# BigQuery's flexible column names allow these characters, and letters, digits, accents, underscores and dashes of any script.
_OF_BIGQUERY = frozenset("&%=+:'<>#|\t ")
_BYTES_OF_POSTGRESQL = 63


@dataclass(frozen=True, slots=True)
class SqlTable:
    """The table that the SQL reads: what ``features --features all`` or ``export`` wrote, in a database or as a file.

    Parameters
    ----------
    name : str
        Of the table, also with its schema (``sales.customers``), or of a file that DuckDB reads (``segments.parquet``).
    columns : mapping of str to str
        Column of each feature or profile column in the table.
    fills : mapping of str to float
        Value that replaces missing values of a feature, such as the median; ``export`` writes them as missing.
    flags : frozenset of str
        Features that are 0 or 1.
    profile : frozenset of str
        Columns that files have only on request.
    """

    name: str = TABLE
    columns: Mapping[str, str] = field(default_factory=dict)
    fills: Mapping[str, float] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    profile: frozenset[str] = frozenset()

    def may_be_nan(self, column: str) -> bool:
        """Tell whether a number may be missing: features without gaps are never missing."""
        return column not in self.flags and (column not in self.columns or column in self.fills or column in self.profile)

    @classmethod
    def of(cls, table: FeatureTable, name: str = TABLE, dialect: Dialect = "duckdb") -> SqlTable:
        """Describe the file of a feature table; in a ``.csv``, names that a spreadsheet would run begin with ``'``.

        Parameters
        ----------
        table : FeatureTable
            The features clustered on, with the profile columns.
        name : str
        dialect
            BigQuery's columns are named as its loader does it with ``--column_name_character_map=V2``: ``_`` in place of each character
            that it does not allow.

        Raises
        ------
        ParameterError
            If the name is not allowed for a table, or two columns have the same name in BigQuery.
        """
        called = file_columns((("id", (ID_COLUMN,)), ("feature", table.names), ("profile", tuple(table.profile))))
        columns = {column: called[f"profile:{column}"] for column in table.profile}
        columns |= {feature: called[f"feature:{feature}"] for feature in table.names}
        if name.lower().endswith(".csv"):
            columns = dict(zip(columns, safe_headers(list(columns.values())), strict=True))
        _check_table(name, dialect)
        if dialect == "bigquery":
            columns = _of_bigquery(columns)
        fills = {feature: float(table.column(feature)[blank][0]) for feature, blank in table.filled.items() if blank.any()}
        flags = frozenset(entry.name for entry in table.dictionary if entry.kind != "number")
        return cls(name, columns, fills, flags, frozenset(table.profile) - frozenset(table.names))


def point_sql(
    found: Definition, what: SqlOf = "rules", *, segment: int | None = None, dialect: Dialect = "duckdb", table: str = TABLE
) -> str:
    """Return the SQL of a solution's rules, or of its tree.

    Parameters
    ----------
    found : Definition
    what : {"rules", "tree"}
    segment : int or None
        Only this segment's rule.
    dialect
        See `rules_sql`.
    table : str
        See `SqlTable`.

    Raises
    ------
    ParameterError
        If the segment does not exist, or a tree is requested for one segment.
    """
    if what not in get_args(SqlOf):
        raise ParameterError.unknown("kind of SQL", what, get_args(SqlOf))
    if dialect not in DIALECTS:
        raise ParameterError.unknown("dialect", dialect, tuple(DIALECTS))
    source = SqlTable.of(found.rows, table, dialect)
    if what == "rules":
        return rules_sql(found.rules_for(segment), source, dialect, names=found.names)
    return tree_sql(found.tree_for(segment), source, dialect)


def rules_sql(
    found: Sequence[SegmentRules],
    table: SqlTable,
    dialect: Dialect = "duckdb",
    *,
    names: Mapping[int, str] | None = None,
    what: str = "Segment",
) -> str:
    """Return SQL that selects the customers whom each segment's rule finds.

    Parameters
    ----------
    found : sequence of SegmentRules
        Of one segment: selects ``customer_id``. Of several: selects ``customer_id`` and ``segment``; a customer whom two rules find gets
        two rows. Segments without a rule are left out.
    table : SqlTable
    dialect : {"duckdb", "postgresql", "spark", "bigquery", "snowflake"}
    names : mapping of label to str, or None
        Names of the segments, for the comment.
    what : str
        Noun for a label, such as "segment", for the comment.

    Raises
    ------
    ParameterError
        If no segment has a rule.

    Notes
    -----
    Neither a missing value nor NaN meets any condition. Most databases sort NaN above every number, so ``>`` gets an upper bound where
    values can be missing.
    """
    ruled = [(rules.label, rules.chosen) for rules in found if rules.chosen is not None]
    if not ruled:
        reasons = [f"Segment {rules.label}: {rules.reason}" for rules in found]
        raise ParameterError(f"There is no rule to write as SQL. {' '.join(reasons[:3])}")
    used = [condition.feature for _, rule in ruled for condition in rule.conditions]
    called = {label: f" ({names[label]})" for label, _ in ruled if names and label in names}
    comments = [f"{what} {label}{called.get(label, '')}: {rule.text()}" for label, rule in ruled] + _profile_comment(used, table)
    selects: list[Any] = []
    for label, rule in ruled:
        segment = [] if len(found) == 1 else [exp.alias_(exp.Literal.number(label), "segment", quoted=True)]
        selects.append(_select(rule.conditions, table, segment))
    query = reduce(lambda left, right: exp.Union(this=left, expression=right, distinct=False), selects)
    return _written(query, comments, dialect)


def conditions_sql(conditions: Sequence[Condition], table: SqlTable, dialect: Dialect = "duckdb") -> str:
    """Return SQL that selects the ``customer_id`` of everybody who meets all of at least one condition; see `rules_sql`."""
    return _written(_select(conditions, table), [" and ".join(one.text() for one in conditions)], dialect)


def _select(conditions: Sequence[Condition], table: SqlTable, more: Sequence[Any] = ()) -> Any:
    where = reduce(lambda left, right: exp.And(this=left, expression=right), [_condition(one, table) for one in conditions])
    return exp.select(identifier(ID_COLUMN), *more).from_(table_of(table.name)).where(where)


def rule_filter(rule: Rule) -> str:
    """Return a rule as a filter on data, such as ``customer."total_spend" > 850``: it keeps the customers whom the rule finds.

    Parameters
    ----------
    rule : Rule
    """
    # In filters, features have no missing values.
    plain = SqlTable(flags=frozenset(condition.feature for condition in rule.conditions))
    return " AND ".join(_condition(condition, plain, CUSTOMER, marks=False).sql(dialect="duckdb") for condition in rule.conditions)


def tree_sql(tree: ExplainingTree, table: SqlTable, dialect: Dialect = "duckdb") -> str:
    """Return SQL that assigns every customer to the segment of a tree: ``customer_id`` and ``segment``.

    Parameters
    ----------
    tree : ExplainingTree
    table, dialect
        See `rules_sql`.
    """
    segment = exp.alias_(_case(tree.root, table), "segment", quoted=True)
    used = [condition.feature for _, path in tree.paths() for condition in path]
    query = exp.select(identifier(ID_COLUMN), segment).from_(table_of(table.name))
    return _written(query, [tree.sentence, *_profile_comment(used, table)], dialect)


def _case(node: Branch | Leaf, table: SqlTable) -> Any:
    if isinstance(node, Leaf):
        return exp.Literal.number(node.label)
    return exp.Case(ifs=[exp.If(this=_condition(node.condition, table), true=_case(node.yes, table))], default=_case(node.no, table))


def _condition(condition: Condition, table: SqlTable, of: str | None = None, *, marks: bool = True) -> Any:
    column = exp.column(identifier(table.columns.get(condition.feature, condition.feature)), table=of)
    if isinstance(condition.value, str):
        return _text_condition(condition, column, condition.value, marks=marks)
    number = exp.Literal.number(number_literal(condition.value))
    if condition.op == "<=":
        found: Any = exp.LTE(this=column, expression=number)
    else:
        found = exp.GT(this=column, expression=number)
        if table.may_be_nan(condition.feature):
            found = exp.And(this=found, expression=exp.LT(this=column.copy(), expression=exp.Literal.number(_BEYOND)))
    fill = table.fills.get(condition.feature)
    if fill is not None and (fill <= condition.value if condition.op == "<=" else fill > condition.value):
        found = exp.Paren(this=exp.Or(this=found, expression=exp.Is(this=column.copy(), expression=exp.Null())))
    return found


def _text_condition(condition: Condition, column: Any, value: str, *, marks: bool) -> Any:
    # In a .csv, a text that a spreadsheet would run as a formula begins with ``'``.
    marked, n_marked = safe_text(pa.array([value], pa.string())) if marks else (None, 0)
    texts = [exp.Literal.string(text) for text in ([value, marked[0].as_py()] if marked is not None and n_marked else [value])]
    found = exp.In(this=column, expressions=texts) if n_marked else exp.EQ(this=column, expression=texts[0])
    if condition.op == "=":
        return found
    return exp.Not(this=found) if n_marked else exp.NEQ(this=column, expression=texts[0])


def identifier(name: str) -> Any:
    """Return a column's name, quoted."""
    return exp.to_identifier(name, quoted=True)


def table_of(name: str) -> Any:
    """Return a table, with or without a schema, or a file that DuckDB reads."""
    parts = name.split(".") if _DOTTED.fullmatch(name) and not name.lower().endswith((".csv", ".parquet")) else [name]
    return exp.Table(**dict(zip(("this", "db", "catalog"), map(identifier, reversed(parts)), strict=False)))


def _profile_comment(used: Sequence[str], table: SqlTable) -> list[str]:
    named = list(dict.fromkeys(name for name in used if name in table.profile))
    return [f"With profile columns, which export --profile and features --with-profile write: {', '.join(named)}"] if named else []


def check_names(names: Iterable[str], dialect: Dialect) -> None:
    """Raise `ParameterError` if the database does not allow one of the column names, or cuts two of them to the same name."""
    kept: dict[bytes, str] = {}
    for name in names:
        if "\0" in name or (dialect == "bigquery" and not all(map(_is_of_bigquery, name))):
            raise refusal("sql.column_name", kind=ParameterError, dialect=dialect, column=name)
        cut = name.encode()[:_BYTES_OF_POSTGRESQL]
        if dialect == "postgresql" and kept.setdefault(cut, name) != name:
            raise refusal("sql.cut_name", kind=ParameterError, column=name, other=kept[cut], most=_BYTES_OF_POSTGRESQL)


def _check_table(name: str, dialect: Dialect) -> None:
    parts = table_of(name).parts
    most = _BYTES_OF_POSTGRESQL if dialect == "postgresql" else None
    if "\0" in name or not name.strip() or (most is not None and any(len(part.name.encode()) > most for part in parts)):
        raise refusal("sql.table_name", kind=ParameterError, dialect=dialect, table=name, most=most)


def _of_bigquery(columns: Mapping[str, str]) -> dict[str, str]:
    called = {column: "".join(letter if _is_of_bigquery(letter) else "_" for letter in name) for column, name in columns.items()}
    firsts: dict[str, str] = {}
    for column, name in called.items():
        if firsts.setdefault(name.casefold(), column) != column:
            raise refusal("sql.same_name", kind=ParameterError, columns=[columns[firsts[name.casefold()]], columns[column]], called=name)
    return called


def _is_of_bigquery(letter: str) -> bool:
    return letter in _OF_BIGQUERY or unicodedata.category(letter)[0] in "LNM" or unicodedata.category(letter) in ("Pc", "Pd")


def _written(query: Any, comments: Sequence[str], dialect: Dialect) -> str:
    check_names(dict.fromkeys(column.name for column in query.find_all(exp.Column)), dialect)
    return commented(in_dialect(query, dialect, pretty=True), comments)


def in_dialect(expression: Any, dialect: Dialect, *, pretty: bool = False) -> str:
    """Return a query, or a part of one, as text."""
    name = _OF_SQLGLOT.get(dialect, dialect)
    return str(expression.sql(dialect=name, pretty=pretty, unsupported_level=sqlglot.ErrorLevel.RAISE))


def commented(text: str, comments: Sequence[str]) -> str:
    """Return SQL after comments of one line each; no character in a comment can end its line."""
    return "\n".join([*(f"-- {visible(comment)}" for comment in comments), text])
