"""Sentences on scoring new customers, and on exporting segments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from segcore.wording.numbers import counted, percent_text
from segcore.wording.quotes import named, quoted, value_text

Dialect = Literal["duckdb", "postgresql", "spark", "bigquery", "snowflake"]
DIALECTS: Mapping[Dialect, str] = {
    "duckdb": "DuckDB",
    "postgresql": "PostgreSQL",
    "spark": "Spark",
    "bigquery": "BigQuery",
    "snowflake": "Snowflake",
}
"""Title of each dialect in which rules, trees and scoring are written as SQL."""
_LEARNED = {"taste": "components of what customers bought or rated", "vectors": "vectors of customers"}


def _counts_as(use: str, value: str | None) -> str:
    """Return what an unseen value counts as, by the use of its column."""
    if use == "number":
        return "the median of the sweep's customers is used"
    if use == "binary":
        return f"this counts as {value_text(value)}, the most frequent value"
    return "this counts as none of its categories"


def _unseen(*, column: str, unseen: int, customers: int, example: str | None, use: str, value: str | None) -> str:
    have = "customer has a value" if unseen == 1 else "customers have values"
    new = "a missing one" if example is None else quoted(example)
    return (
        f"{unseen:,} {have} in {named(column)} that no customer had when the sweep was made ({percent_text(unseen / customers)}), such as "
        f"{new}: {_counts_as(use, value)}."
    )


def _empty(column: str, customers: int, use: str, value: str | None) -> str:
    every = "the customer" if customers == 1 else f"all {customers:,} customers"
    return f"{named(column)} is empty for {every}: {_counts_as(use, value)}."


def _unknown_segments(point: str, unknown: Sequence[int], known: Sequence[int]) -> str:
    asked = f"has no segment {', '.join(map(str, unknown))}" if unknown else "needs at least one segment to export"
    listed = ", ".join(f"{label} (noise)" if label == -1 else str(label) for label in known)
    return f"Solution {point} {asked}: choose among {listed}."


SENTENCES: Mapping[str, Callable[..., str]] = {
    "score.unseen_values": _unseen,
    "score.empty_column": _empty,
    "score.more_unseen": lambda columns: (
        f"{counted(columns, 'more column')} {'has' if columns == 1 else 'have'} values that no customer had when the sweep was made."
    ),
    "score.out_of_range": lambda feature, share, low, high: (
        f"{value_text(feature)}: {percent_text(share)} of the customers are outside the range that it had when the sweep was made "
        f"({low:g} to {high:g}): is it in the same unit, with the same decimal mark?"
    ),
    "score.no_segments": lambda point, reason: f"Solution {point} has no segments to assign to: {reason or 'it was not run.'}",
    "score.other_kind": lambda trained_on, read_as, do: f"The sweep was made from {trained_on}, but this data was read as {read_as}: {do}.",
    "score.lacking_features": lambda features: (
        f"The data lacks {', '.join(map(value_text, features))}, which the sweep uses: give the same columns and roles."
    ),
    "score.not_finite": lambda: "Some features of this data are missing or infinite: clean the columns that the sweep was made with.",
    "score.undated": lambda: "An as-of date is for transactions: this data has one row per customer, and nothing in it is dated.",
    "score.after_reference_date": lambda latest, reference, do: (
        f"The data ends at {latest}, after the sweep's reference date {reference}: {do}."
    ),
    "score.after_as_of": lambda latest, as_of, do: f"The data ends at {latest}, after the as-of date {as_of}: {do}.",
    "score.bad_as_of": lambda value: f"The as-of day must be a date such as 2012-01-31, got {quoted(value)}.",
    "score.as_of_alone": lambda: "--as-of is for features made as those of a sweep were: add --like SWEEP, or leave it out.",
    "score.not_for_like": lambda options: f"--like already builds the sweep's features: leave out {', '.join(options)}.",
    "sql.needs_rows": lambda algorithm, others: (
        f"{algorithm} has no SQL that scores customers, because it compares each one with those that were clustered: use "
        f"'segcore score', or a sweep of {', '.join(others[:-1])} or {others[-1]}."
    ),
    "sql.learned_features": lambda learned: (
        f"No SQL scores customers by {_LEARNED[learned]}, because they are computed from all items of a customer, which no column of "
        "'features --features all' holds: use 'segcore score'."
    ),
    "sql.every_segment": lambda: "SQL that scores always assigns customers to all segments: leave out the segment.",
    "sql.too_wide": lambda dialect, columns, most: (
        f"This solution takes a SELECT of {columns:,} columns, and {DIALECTS[dialect]} has at most {most:,}: choose a solution with fewer "
        "segments, or another dialect."
    ),
    "sql.only_sql": lambda options: f"{' and '.join(options)} {'is' if len(options) == 1 else 'are'} for SQL: add --sql.",
    "sql.not_for_sql": lambda options: (
        f"SQL that scores has no rows to choose or columns to add: leave out {', '.join(options)}, or leave out --sql."
    ),
    "sql.unknown_format": lambda path: f"{path} must end in .sql, so that the format is clear.",
    "sql.column_name": lambda dialect, column: (
        f"{DIALECTS[dialect]} cannot have columns with names such as {quoted(column)}: rename the column or its values in the data, or "
        "choose another dialect."
    ),
    "sql.table_name": lambda dialect, table, most: (
        f"{DIALECTS[dialect]} cannot have a table with the name {quoted(table)}: give one that is not blank"
        f"{'' if most is None else f', of at most {most} bytes'}."
    ),
    "sql.same_name": lambda columns, called: (
        f"BigQuery would call both {quoted(columns[0])} and {quoted(columns[1])} {quoted(called)}: leave one out of the features, or "
        "choose another dialect."
    ),
    "sql.cut_name": lambda column, other, most: (
        f"PostgreSQL cuts names after {most} bytes, which makes {quoted(column)} and {quoted(other)} equal: rename one in the data."
    ),
    "export.no_labels": lambda: "This solution has no labels for these customers: choose one that was fitted on them.",
    "export.no_segments": lambda point, reason: f"Solution {point} of the sweep has no segments to export: {reason or 'it was not run.'}",
    "export.no_model": lambda point, reason: f"Solution {point} of the sweep has no model: {reason or 'it was not run.'}",
    "export.wrong_labels": lambda point, rows: f"The stored labels of solution {point} do not fit its {rows:,} rows: run the sweep again.",
    "export.no_preparation": lambda sweep: f"Sweep {sweep} has not stored its preparation yet: wait for it, or resume it.",
    "export.no_probabilities": lambda algorithm: f"Only a Gaussian mixture has probabilities of segments, not {algorithm}.",
    "export.unknown_segments": _unknown_segments,
    "export.unknown_format": lambda path, option=None: (
        f"{f'{option} ' if option else ''}{path} must end in .csv or .parquet, so that the format is clear."
    ),
    "export.no_folder": lambda path, option: f"{option} {path} is in a folder that does not exist: create it first.",
    "export.cannot_write": lambda path, reason: f"{path} cannot be written ({reason}): choose another place for it.",
}
