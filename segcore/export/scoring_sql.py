"""SQL that scores customers where their data are: one SELECT that assigns each row of a table of features to a segment of a solution."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
from sqlglot import exp

import segcore
from segcore.clustering.algorithms.registry import algorithm, algorithms
from segcore.clustering.specification.discriminants import Discriminants, LinearDiscriminants, QuadraticDiscriminants
from segcore.errors import ParameterError
from segcore.export.segment_rows import segment_titles
from segcore.export.sql import TABLE, SqlTable, check_names, commented, identifier, in_dialect, table_of
from segcore.export.tables import write_text
from segcore.features.output import ID_COLUMN
from segcore.records.grid import point_key
from segcore.records.preparation import Preparation
from segcore.segments.scoring import KeptSolution
from segcore.store.store import Store
from segcore.wording.findings import refusal
from segcore.wording.results import DIALECTS, Dialect

_LARGEST = float(np.finfo(np.float64).max)
_EPS = float(np.finfo(np.float64).eps)
# PostgreSQL and BigQuery refuse results outside the range of a double, too large or too close to 0, so values are kept away from both ends.
_MOST, _LEAST_NUMBER = 1e307, 1e-300
_LEAST_LINEAR, _LEAST_SLOPE = 1e-100, 1e-200
_LEAST_SQUARED, _LEAST_FACTOR = 1e-70, 1e-50
_OF_DUST = 1e10  # a difference of two doubles keeps up to 16 digits, so one from a constant this many times dust stays above dust
# Below this, four terms of the series are exact where log(1 + x) and exp(x) - 1 cancel.
_SMALL = 1e-4
_LARGEST_EXPONENT, _VANISHING_EXPONENT = 700.0, -40.0
_WITHOUT_JIT = "SET jit = off spares PostgreSQL compiling this first, which takes longer than scoring 100,000 customers"
_AS_LOADED = "Columns are named as BigQuery loads that file with --column_name_character_map=V2: _ for characters that it does not take"
# Columns of one SELECT in PostgreSQL: 1,664, minus the customer's id.
_MOST_COLUMNS: Mapping[str, int] = {"postgresql": 1_663}


def scoring_sql(store: Store, sweep_id: str, position: int, *, dialect: Dialect = "duckdb", table: str = TABLE) -> str:
    """Return the SQL that assigns customers to the segments of a solution as `segcore.segments.scoring.score` does.

    Parameters
    ----------
    store : Store
    sweep_id, position : str, int
        The solution.
    dialect : {"duckdb", "postgresql", "spark", "bigquery", "snowflake"}
    table : str
        Table, or file that DuckDB reads, with the columns that ``features --features all`` and ``features --like`` write.

    Returns
    -------
    str
        One SELECT of ``customer_id`` and ``segment``. The segment is missing where a feature is missing although it never was in the sweep,
        or is too large to compute with.

    Raises
    ------
    ParameterError
        If the algorithm compares with the customers that were clustered, the features are learned from items, or the database does not
        allow a column's name or so many columns.
    StoreError
        If the solution has no segments.

    Notes
    -----
    Every number has all its digits and is a double, and the arithmetic is the same as in segcore: labels differ only where the scores of
    two segments differ by rounding; if they are exactly equal, the first segment counts. There is one SELECT for each stage of the
    computation, so the text grows only with the number of values in the model.
    """
    if dialect not in DIALECTS:
        raise ParameterError.unknown("dialect", dialect, tuple(DIALECTS))
    kept = KeptSolution.read(store, sweep_id, position)
    spec = algorithm(kept.spec.algorithm)
    learned = next((name for name in ("taste", "vectors") if name in kept.preparation.fitted), None)
    if learned is not None:
        raise refusal("sql.learned_features", kind=ParameterError, learned=learned)
    if spec.scoring.discriminants is None:
        others = [other.title for other in algorithms() if other.scoring.discriminants is not None]
        raise refusal("sql.needs_rows", kind=ParameterError, algorithm=spec.title, others=others)
    source = SqlTable.of(kept.earlier, table, dialect)
    scored = _Stages.of(dialect, source, kept.preparation.features)
    found = spec.scoring.discriminants(kept.solution.arrays, kept.solution.params)
    scored.scaled(kept.preparation, found, source)
    slow = isinstance(found, QuadraticDiscriminants) and dialect == "postgresql"
    return commented(scored.text(), [*_comments(store, kept, position, source, dialect), *([_WITHOUT_JIT] if slow else [])])


def write_scoring_sql(
    store: Store, sweep_id: str, position: int, path: Path, *, dialect: Dialect = "duckdb", table: str = TABLE
) -> dict[str, Any]:
    """Write the SQL of `scoring_sql` to a file, and return its description as plain values.

    Raises
    ------
    ParameterError, StoreError
        If the name does not end in ``.sql``, the file cannot be written, or there is no such SQL.
    """
    if path.suffix.lower() != ".sql":
        raise refusal("sql.unknown_format", kind=ParameterError, path=str(path))
    text = scoring_sql(store, sweep_id, position, dialect=dialect, table=table)
    write_text(f"{text}\n", path)
    point = dict(store.spec(sweep_id).points[position])
    return {"sweep": sweep_id, "point": point, "dialect": dialect, "table": table, "columns": [ID_COLUMN, "segment"], "out": str(path)}


def _comments(store: Store, kept: KeptSolution, position: int, table: SqlTable, dialect: Dialect) -> list[str]:
    sweep, reference = kept.spec.id, kept.preparation.reference_date
    short = sweep[:12]
    titles = segment_titles(store, sweep, position, kept.solution.segments)
    data = str(kept.spec.data.get("name", ""))
    dated = "" if reference is None else " --as-of DATE"
    return [
        f"Assigns customers to the segments of {algorithm(kept.spec.algorithm).title} {point_key(kept.solution.params)}",
        f"Sweep {short} of {data}, written by segcore {segcore.__version__}",
        *(f"Segment {label}: {title}" for label, title in titles.items()),
        *([] if reference is None else [f"Days count up to {reference}; in later data, up to the date of --as-of"]),
        f"Reads {table.name}, one row per customer: segcore features DATA --features all --out FILE",
        *([_AS_LOADED] if dialect == "bigquery" else []),
        f"For other customers, or a later month: segcore features DATA --like {short}{dated} --out FILE",
    ]


@dataclass(eq=False)
class _Stages:
    """A query under construction: a sequence of SELECTs, each of which reads the columns of the previous one.

    Parameters
    ----------
    dialect : str
    stages : list of (name, lines)
        Each a SELECT, column by column.
    """

    dialect: Dialect
    stages: list[tuple[str, list[str]]]

    @classmethod
    def of(cls, dialect: Dialect, table: SqlTable, features: Sequence[str]) -> _Stages:
        """Begin with the features as doubles, ``x1``, ``x2``, in the order given."""
        called = [table.columns[name] for name in features]
        check_names([ID_COLUMN, *called], dialect)
        begun = cls(dialect, [])
        columns = {f"x{at}": exp.cast(exp.column(identifier(name)), "double") for at, name in enumerate(called, 1)}
        begun.add("features" if table.name.casefold() != "features" else "features_as_read", columns, table_of(table.name))
        return begun

    def add(self, name: str, columns: Mapping[str, Any], table: Any = None) -> None:
        """Add a SELECT whose columns read those of the last SELECT, or of a table."""
        self._check_width(columns)
        listed: list[Any] = [exp.column(identifier(ID_COLUMN))]
        for called, column in columns.items():
            is_same = isinstance(column, exp.Column) and column.name == called
            listed.append(column if is_same else exp.alias_(column, called, quoted=called == "segment"))
        read = self.stages[-1][0] if table is None else in_dialect(table, self.dialect)
        texts = [in_dialect(column, self.dialect) for column in listed]
        self.stages.append((name, ["SELECT", *(f"  {text}," for text in texts[:-1]), f"  {texts[-1]}", f"FROM {read}"]))

    def _check_width(self, columns: Mapping[str, Any]) -> None:
        most = _MOST_COLUMNS.get(self.dialect)
        if most is not None and len(columns) > most:
            raise refusal("sql.too_wide", kind=ParameterError, dialect=self.dialect, columns=len(columns), most=most)

    def text(self) -> str:
        """Return the last SELECT, with the others as its common table expressions."""
        *earlier, (_, last) = self.stages
        # PostgreSQL would compute a stage again in every place that reads it; an OFFSET prevents this without storing its rows.
        fence = ["OFFSET 0"] if self.dialect == "postgresql" else []
        # Names may contain line breaks, after which no indentation may be added.
        tables = ["\n".join([f"{name} AS (", *(f"  {line}" for line in (*lines, *fence)), ")"]) for name, lines in earlier]
        return "\n".join([f"WITH {', '.join(tables)}", *last])

    def number(self, value: float) -> Any:
        """Return a double with all its digits."""
        text = repr(abs(float(value)))
        # A number with an exponent is a double; a fraction without one is not. PostgreSQL still reads a decimal, and converts it to a
        # double when it computes with one; so does Snowflake, but its decimals end after 37 places, so numbers with an exponent are written
        # as text.
        found: Any = exp.Literal(this=text if "e" in text or self.dialect == "snowflake" else f"{text}e0", is_string=False)
        if self.dialect == "snowflake" and "e" in text:
            found = exp.cast(exp.Literal.string(text), "double")
        return exp.Neg(this=found) if math.copysign(1.0, value) < 0 else found

    def plus(self, expression: Any, value: float) -> Any:
        """Return an expression plus a number, or only the expression if the number is 0."""
        if value == 0:
            return expression
        kind = exp.Add if value > 0 else exp.Sub
        return kind(this=expression, expression=self.number(abs(value)))

    def times(self, expression: Any, value: float) -> Any:
        """Return an expression times a number; an expression that is not a column is put in brackets."""
        return exp.Mul(this=_bracketed(expression), expression=self.number(value))

    def weighted(self, columns: Iterable[str], factors: np.ndarray) -> list[Any]:
        """Return the products of columns with numbers, including 0, so that missing values stay missing."""
        return [self.times(exp.column(name), factor) for name, factor in zip(columns, factors.tolist(), strict=True)]

    def scaled(self, preparation: Preparation, found: Discriminants, table: SqlTable) -> None:
        """Add the stages from features to the segment."""
        n = len(preparation.features)
        found = _without_dust(found)
        ranges = _Ranges.of(preparation, found)
        fills = [table.fills.get(name) for name in preparation.features]
        self.add("known", {f"x{at}": self._known(f"x{at}", fills[at - 1], ranges, at - 1) for at in range(1, n + 1)})
        if any(step for step, _ in preparation.transforms):
            self._transform(preparation.transforms, ranges)
        origin = found.origin if isinstance(found, LinearDiscriminants) else np.zeros(n)
        scaled = {f"z{at}": self._scaled(f"x{at}", preparation, at - 1, ranges.dust[at - 1]) for at in range(1, n + 1)}
        away = [self.plus(z, -_constant(shift, dust)) for z, shift, dust in zip(scaled.values(), origin.tolist(), ranges.dust, strict=True)]
        self.add("scaled", dict(zip(scaled, away, strict=True)))
        everyone = [f"z{at}" for at in range(1, n + 1)]
        if isinstance(found, LinearDiscriminants):
            self._linear(everyone, found)
        else:
            self._quadratic(everyone, found, ranges)

    def _known(self, name: str, fill: float | None, ranges: _Ranges, at: int) -> Any:
        """Return a feature that is missing or within its range; values missing in the table are filled with ``fill``."""
        value, size = exp.column(name), exp.Abs(this=exp.column(name))
        cases = [
            exp.If(this=exp.LT(this=size, expression=self.number(ranges.least[at])), true=self.number(0.0)),
            exp.If(this=exp.LTE(this=size, expression=self.number(ranges.most[at])), true=value),
        ]
        if fill is None:
            return exp.Case(ifs=cases)
        # NaN is larger than every number, or every comparison with it is false.
        cases.append(exp.If(this=exp.LTE(this=size, expression=self.number(_LARGEST)), true=exp.Null()))
        return exp.Case(ifs=cases, default=self.number(fill if abs(fill) >= ranges.least[at] else 0.0))

    def _transform(self, steps: Sequence[tuple[str, float]], ranges: _Ranges) -> None:
        """Add the stages of the logarithms and of the powers made from them; other features stay."""
        names = [f"x{at}" for at in range(1, len(steps) + 1)]
        logs = {f"u{at}": self._log1p(exp.Abs(this=exp.column(f"x{at}"))) for at, (step, _) in enumerate(steps, 1) if step}
        self.add("logs", {**{name: exp.column(name) for name in names}, **logs})
        made: dict[str, Any] = {}
        for at, (name, (step, power)) in enumerate(zip(names, steps, strict=True), 1):
            value, size = exp.column(name), exp.column(f"u{at}")
            if not step:
                made[name] = value
                continue
            above, below = (size, size) if step == "log" else (self._power(size, power, ranges, at - 1), None)
            below = below if below is not None else self._power(size, 2 - power, ranges, at - 1)
            negative = exp.If(this=exp.LT(this=value, expression=self.number(0.0)), true=exp.Neg(this=_bracketed(below)))
            made[name] = exp.Case(ifs=[negative], default=above)
        self.add("transformed", made)

    def _log1p(self, size: Any) -> Any:
        """Return ``log(1 + size)`` of a size that is not negative."""
        series = self._nested(size, [1.0, -1 / 2, 1 / 3, -1 / 4])
        small = exp.If(this=exp.LT(this=size, expression=self.number(_SMALL)), true=exp.Mul(this=size, expression=exp.Paren(this=series)))
        return exp.Case(ifs=[small], default=exp.Ln(this=self.plus(size, 1.0)))

    def _nested(self, value: Any, coefficients: Sequence[float]) -> Any:
        """Return a polynomial by Horner's rule."""
        first, *rest = coefficients
        if not rest:
            return self.number(first)
        inner = exp.Mul(this=value, expression=exp.Paren(this=self._nested(value, rest)))
        return exp.Add(this=self.number(first), expression=inner)

    def _power(self, size: Any, power: float, ranges: _Ranges, at: int) -> Any:
        """Return ``(exp(power * size) - 1) / power``; missing where the result is too large to compute with."""
        if abs(power) < _EPS:
            return size
        exponent = exp.Mul(this=size, expression=self.number(power))
        series = self._nested(exponent, [1.0, 1 / 2, 1 / 6, 1 / 24])
        small = exp.LT(this=exp.Abs(this=exponent), expression=self.number(_SMALL))
        cases = [exp.If(this=small, true=exp.Mul(this=size, expression=exp.Paren(this=series)))]
        if power < 0:
            gone = exp.LT(this=exponent, expression=self.number(_VANISHING_EXPONENT))
            cases.append(exp.If(this=gone, true=self.number(-1 / power)))
        else:
            largest = min(_LARGEST_EXPONENT, math.log(ranges.transformed[at] * power))
            cases.append(exp.If(this=exp.GT(this=exponent, expression=self.number(largest)), true=exp.Null()))
        whole = exp.Div(this=exp.Paren(this=self.plus(exp.Exp(this=exponent), -1.0)), expression=self.number(power))
        return exp.Case(ifs=cases, default=whole)

    def _scaled(self, name: str, preparation: Preparation, at: int, dust: float) -> Any:
        """Return a feature as it is clustered, in the order of `segcore.features.preparation.apply_preparation`."""
        value: Any = exp.column(name)
        centre, scale = preparation.centre[at], preparation.scale[at]
        weight = preparation.weights[at] if preparation.weights else 1.0
        if preparation.scaler == "minmax":
            factor = 1 / scale
            value = self.plus(self.times(value, factor), _constant(0 - centre * factor, dust / weight))
        elif preparation.scaler != "none":
            centred = self.plus(value, -_constant(centre, dust * scale / weight))
            value = exp.Div(this=_bracketed(centred), expression=self.number(scale))
        return self.times(value, weight) if weight != 1 else value

    def _linear(self, names: Sequence[str], found: LinearDiscriminants) -> None:
        scores = {}
        for label, (slopes, constant) in enumerate(zip(found.slopes, found.constants.tolist(), strict=True)):
            scores[label] = self.plus(_sum(self.weighted(names, slopes)), constant)
        self._largest(scores)

    def _quadratic(self, names: Sequence[str], found: QuadraticDiscriminants, ranges: _Ranges) -> None:
        """Add deviations from the means, their products with the factors, and the sums of squares, unless nobody can join the segment."""
        labels = [label for label, constant in enumerate(found.constants.tolist()) if constant > -math.inf]
        away: dict[str, Any] = {}
        standardised: dict[str, Any] = {}
        for label in labels:
            factors = found.factors[label]
            means = map(_constant, found.means[label].tolist(), ranges.dust)
            apart = [self.plus(exp.column(name), -mean) for name, mean in zip(names, means, strict=True)]
            if factors.ndim == 1:
                own = [self.times(one, factor) for one, factor in zip(apart, factors.tolist(), strict=True)]
            else:
                called = [f"d{label}_{at}" for at in range(1, len(names) + 1)]
                away |= dict(zip(called, apart, strict=True))
                own = [_sum(self.weighted(called[:at], column[:at])) for at, column in enumerate(factors.T, 1)]
            standardised |= {f"y{label}_{at}": one for at, one in enumerate(own, 1)}
        if away:
            self.add("deviations", away)
        self.add("standardised", standardised)
        # Larger squares overflow in segcore too: then no component is likelier than another, and the first one counts.
        ceiling = _MOST / len(names)
        scores = {}
        for label in labels:
            squares = _sum([self._square(f"y{label}_{at}", ceiling) for at in range(1, len(names) + 1)])
            scores[label] = self.plus(self.times(squares, -0.5), float(found.constants[label]))
        self._largest(scores, at_least=-0.5 * ceiling)

    def _square(self, name: str, ceiling: float) -> Any:
        size = exp.Abs(this=exp.column(name))
        limit = math.sqrt(ceiling)
        squared = exp.Mul(this=exp.column(name), expression=exp.column(name))
        return exp.Case(
            ifs=[
                exp.If(this=exp.LT(this=size, expression=self.number(limit)), true=squared),
                exp.If(this=exp.GTE(this=size, expression=self.number(limit)), true=self.number(ceiling)),
            ]
        )

    def _largest(self, scores: Mapping[int, Any], at_least: float | None = None) -> None:
        """Add the scores, the largest score, and the first segment that has it; if it is not above a bound, the very first segment."""
        columns = {f"s{label}": score for label, score in scores.items()}
        self.add("scores", columns)
        kept = {name: exp.column(name) for name in columns}
        read = [exp.column(name) for name in columns]
        self.add("compared", {**kept, "largest": exp.Anonymous(this="GREATEST", expressions=read) if len(read) > 1 else read[0]})
        cases = [
            exp.If(this=exp.EQ(this=exp.column(f"s{label}"), expression=exp.column("largest")), true=exp.Literal.number(label))
            for label in scores
        ]
        if at_least is not None:
            low = exp.LTE(this=exp.column("largest"), expression=self.number(at_least))
            cases.insert(0, exp.If(this=low, true=exp.Literal.number(0)))
        self.add("segments", {"segment": exp.Case(ifs=cases)})


@dataclass(frozen=True, slots=True, eq=False)
class _Ranges:
    """Range of usable values for each feature, so that no product or quotient leaves the range of a double.

    Parameters
    ----------
    least, most : list of float
        Values below ``least`` count as 0; customers with values above ``most`` have no segment.
    transformed : list of float
        Like ``most``, after the transform.
    dust : list of float
        Like ``least``, for scaled values; constants below it count as 0 too.
    """

    least: list[float]
    most: list[float]
    transformed: list[float]
    dust: list[float]

    @classmethod
    def of(cls, preparation: Preparation, found: Discriminants) -> _Ranges:
        """Return the ranges for a preparation and discriminants without dust."""
        largest = _largest_factors(found)
        dust = np.full(len(largest), _LEAST_LINEAR) if isinstance(found, LinearDiscriminants) else _LEAST_SQUARED / largest
        units = np.asarray(preparation.scale) / np.asarray(preparation.weights or 1.0)
        with np.errstate(over="ignore"):
            scaled = _MOST / (4 * len(largest) * np.maximum(1.0, largest))
            transformed = np.minimum(_MOST, scaled * units / 4)
        steps = preparation.transforms or (("", 0.0),) * len(units)
        least = [_before(bound, *step) for bound, step in zip((dust * units).tolist(), steps, strict=True)]
        most = [_MOST if step else bound for (step, _), bound in zip(steps, transformed.tolist(), strict=True)]
        above = [10.0 ** math.ceil(math.log10(max(_LEAST_NUMBER, bound))) for bound in least]
        return cls(above, [10.0 ** math.floor(math.log10(bound)) for bound in most], transformed.tolist(), dust.tolist())


def _largest_factors(found: Discriminants) -> np.ndarray:
    """Return the largest number by which each scaled feature is multiplied, shape (n_features,)."""
    numbers = found.slopes if isinstance(found, LinearDiscriminants) else found.factors
    largest: np.ndarray = np.abs(numbers).max(axis=tuple(at for at in range(numbers.ndim) if at != 1))
    return largest


def _without_dust(found: Discriminants) -> Discriminants:
    """Return discriminants with 0 in place of numbers whose products, or the squares of such products, could be too small for a double."""
    if isinstance(found, LinearDiscriminants):
        return replace(found, slopes=np.where(np.abs(found.slopes) < _LEAST_SLOPE, 0.0, found.slopes))
    largest = _largest_factors(found)
    least = _LEAST_FACTOR * (largest if found.factors.ndim == 2 else largest[:, None])
    return replace(found, factors=np.where(np.abs(found.factors) < least, 0.0, found.factors))


def _before(bound: float, step: str, power: float) -> float:
    """Return a size below which every value stays below a bound after a transform."""
    if not step:
        return bound
    powers = (0.0,) if step == "log" else (power, 2 - power)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        logs = [np.float64(bound) if abs(one) < _EPS else np.log1p(np.float64(bound) * one) / one for one in powers]
        return float(np.fmin.reduce(np.expm1(logs)))


def _constant(value: float, dust: float) -> float:
    """Return a number to add, or 0 if a difference from it could be too small to multiply."""
    return value if abs(value) >= dust * _OF_DUST else 0.0


def _bracketed(expression: Any) -> Any:
    return expression if isinstance(expression, exp.Column) else exp.Paren(this=expression)


def _sum(terms: Sequence[Any]) -> Any:
    return reduce(lambda left, right: exp.Add(this=left, expression=right), terms)
