"""Screening: the use of each column of a customer table, decided by the analyst's rules, then by title and content."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow.compute as pc

from segcore.features.customers.column_values import Column, NumberColumn, TextColumn
from segcore.features.customers.dictionary import stands_apart
from segcore.features.customers.encoding import (
    Names,
    Recipe,
    as_number_column,
    binary_recipe,
    category_recipe,
    number_recipe,
)
from segcore.features.customers.identifiers import free_text, holds_codes, holds_dates, identifier
from segcore.features.customers.title_words import names_count, names_model_output, names_outcome, says_exclude, suggests_codes
from segcore.records.data_rules import MIN_SHARE, ColumnRules
from segcore.records.feature_table import ColumnUse
from segcore.records.finding import Finding, Remedy
from segcore.wording.findings import refusal

_NEARLY_EMPTY = 0.95
_FEW, _MOST_CODES, _MOST_SUGGESTED = 3, 12, 200


@dataclass(frozen=True, slots=True)
class Decision:
    """Decision on a column: its use and, if it makes features, the recipe."""

    use: ColumnUse
    recipe: Recipe | None = None


@dataclass(slots=True)
class Screening:
    """Decides on the use of the columns of one table, one after the other.

    Parameters
    ----------
    rules : ColumnRules
    source : str
        Name of the data, for messages.
    names : Names
        The features' names used so far.
    constants : bool
        Whether to make features of columns with one value too, because few or identical customers have no other columns.
    seen : dict
        Digests of the columns so far, to find columns that repeat one of them.
    """

    rules: ColumnRules
    source: str
    names: Names
    constants: bool = False
    seen: dict[str, str] = field(default_factory=dict)

    def decide(self, column: Column) -> Decision:
        """Decide the use of a column.

        Raises
        ------
        DataError
            If the analyst chose it as a number and it is not one.
        """
        asked = self._as_asked(column)
        if asked is not None:
            return asked
        name, kept = column.name, column.name in self.rules.keep
        reason = self._says_nothing(column)
        forced = name in self.rules.number or name in self.rules.category
        if reason is None and not forced:
            reason = holds_dates(column)
        if reason is None and not (kept or forced):
            reason = _not_a_property(column, self.rules.min_share)
        if reason is not None:
            return _dropped(name, reason)
        if not (kept or forced) and _is_outcome(column):
            return Decision(ColumnUse(name, "profile", Finding("column.outcome"), outcome=True))
        if column.n_missing / len(column) > _NEARLY_EMPTY and not (kept or forced):
            return _dropped(name, Finding("column.nearly_empty", values={"missing": column.n_missing, "rows": len(column)}))
        if name in self.rules.number:
            column = as_number_column(column, source=self.source, code="feature.chosen_number")
        return self._encoded(column, forced=kept or forced)

    def _says_nothing(self, column: Column) -> Finding | None:
        if column.n_missing == len(column):
            return Finding("column.empty")
        value = _one_value(column)
        if value is None or self.constants or self._has_gaps(column):
            return None
        return Finding("column.one_value", values={"value": value, "missing": column.n_missing})

    def _as_asked(self, column: Column) -> Decision | None:
        if column.name in self.rules.exclude:
            return _dropped(column.name, Finding("column.excluded"))
        if column.name in self.rules.profile:
            return Decision(ColumnUse(column.name, "profile", Finding("column.chosen_profile"), outcome=_is_outcome(column)))
        return None

    def _encoded(self, column: Column, *, forced: bool) -> Decision:
        name = column.name
        two = self._two_values(column)
        number = isinstance(column, NumberColumn) and two is None and not self._is_category(column)
        copied = None if self.constants else self._copy_of(column, numbers=number)
        if copied is not None and not forced:
            return _dropped(name, copied)
        if two is not None:
            recipe = binary_recipe(column, two, self.names, missing=None if None in two else two[0])
            values = {"values": list(two), "counts": [int(column.where(value).sum()) for value in two]}
            return Decision(ColumnUse(name, "binary", Finding("column.two_values", values=values)), recipe)
        if not (number and isinstance(column, NumberColumn)):
            return self._category(column, forced=forced)
        codes = name not in self.rules.number and _may_be_codes(column)
        return Decision(
            ColumnUse(name, "number", self._why_number(column, codes), codes=codes), number_recipe(column, zero=name in self.rules.zero)
        )

    def _two_values(self, column: Column) -> tuple[str | None, str | None] | None:
        """Return the more frequent and the other of two values; missing is one of them if all other values are equal."""
        few = column.few(2) if column.name not in self.rules.number else None
        if few is None or (len(few) == 2 and self._has_gaps(column)):
            return None
        if len(few) == 2:
            return few[0][0], few[1][0]
        if not column.n_missing:
            return None
        value, count = few[0]
        return (value, None) if count >= column.n_missing else (None, value)

    def _is_category(self, column: Column) -> bool:
        """Tell whether numbers are codes: as chosen, by their title, or two numbers with gaps that are a third value."""
        name = column.name
        if name in self.rules.number:
            return False
        if name in self.rules.category or (self._has_gaps(column) and column.few(2) is not None):
            return True
        return isinstance(column, NumberColumn) and name not in self.rules.keep and holds_codes(column)

    def _has_gaps(self, column: Column) -> bool:
        """Tell whether enough values are missing for missing to count as a value."""
        return column.n_missing / len(column) > self.rules.min_share

    def _category(self, column: Column, *, forced: bool) -> Decision:
        name, n_values = column.name, column.n_values
        reason = free_text(column) if isinstance(column, TextColumn) and not forced else None
        if reason is not None:
            return _dropped(name, reason)
        recipe = category_recipe(column, self.rules.min_share, self.names)
        if recipe is None:
            return _dropped(name, Finding("column.rare_values", values={"n_values": n_values, "min_share": self.rules.min_share}))
        if n_values == 1 and not column.n_missing:
            return Decision(ColumnUse(name, "category", Finding("column.constant")), recipe)
        values = {
            "n_values": n_values,
            "numbers": isinstance(column, NumberColumn),
            "own": len(recipe["values"]),
            "min_share": self.rules.min_share,
            "missing": column.n_missing,
            "alike": _alike(column),
        }
        return Decision(ColumnUse(name, "category", Finding("column.category", values=values)), recipe)

    def _why_number(self, column: NumberColumn, codes: bool) -> Finding:
        if column.name in self.rules.number:
            return Finding("column.chosen")
        if _one_value(column) is not None:
            return Finding("column.constant")
        apart = stands_apart(column)
        if not codes:
            return Finding("column.number", values={"apart": apart})
        values = {"n_values": column.n_values, "apart": apart}
        return Finding("column.maybe_codes", values=values, remedy=Remedy("category_column", {"column": column.name}))

    def _copy_of(self, column: Column, *, numbers: bool) -> Finding | None:
        """Return the finding that this column repeats an earlier one; otherwise remember it."""
        key, said = _content_key(column, numbers=numbers), column.name
        earlier = self.seen.setdefault(key, said)
        if earlier == said:
            return None
        return Finding("column.repeats" if numbers else "column.same_as", values={"column": earlier})


def why_not_shown(column: Column, min_share: float = MIN_SHARE) -> Finding | None:
    """Return why a column is not even worth showing as a profile column, or ``None``.

    It is empty, has one value, holds dates, identifies customers, or holds texts that nearly all differ. A model's output, a column that
    repeats another, and a category without a frequent value can be shown.
    """
    if column.n_missing == len(column):
        return Finding("column.empty")
    value = None if column.n_missing else _one_value(column)
    if value is not None:
        return Finding("column.one_value", values={"value": value, "missing": 0})
    excluded = Finding("column.excluded_by_title") if says_exclude(column.name) else None
    reason = holds_dates(column) or excluded or identifier(column, min_share)
    return free_text(column) if reason is None and isinstance(column, TextColumn) else reason


def check_rules(rules: ColumnRules, columns: Sequence[str], *, customer: str, source: str) -> None:
    """Raise if rules are for unknown columns, or for the column of ids.

    Raises
    ------
    DataError
    """
    there = [column for column in columns if column != customer]
    named = {**dict.fromkeys(rules.keep, "kept"), **{name: rule for rule, names in rules.named().items() for name in names}}
    for column, rule in named.items():
        if column == customer and rule != "exclude" and column in columns:
            raise refusal("feature.rule_for_ids", column=column)
        if column not in columns:
            part = next((name for name in there if "," in name and column in (piece.strip() for piece in name.split(","))), None)
            raise refusal("feature.no_column", source=source, column=column, columns=there, part_of=part)


def _dropped(name: str, reason: Finding) -> Decision:
    return Decision(ColumnUse(name, "dropped", reason))


def _one_value(column: Column) -> str | None:
    """Return the only value of a column, or ``None`` if it has several or no values."""
    if column.n_missing == len(column):
        return None
    differs = column.bounds[0] < column.bounds[1] if isinstance(column, NumberColumn) else column.n_values > 1
    return None if differs else column.frequent(0)[0][0]


def _not_a_property(column: Column, min_share: float) -> Finding | None:
    """Return why a column does not describe customers: its title says so, it is a model's output, or it is an identifier."""
    if says_exclude(column.name):
        return Finding("column.excluded_by_title")
    if names_model_output(column.name):
        return Finding("column.model_output")
    return identifier(column, min_share)


def _is_outcome(column: Column) -> bool:
    few = column.few(30)
    return few is not None and len(few) > 1 and names_outcome(column.name, [value for value, _ in few])


def _may_be_codes(column: NumberColumn) -> bool:
    if not column.whole or names_count(column.name):
        return False
    telling = suggests_codes(column.name)
    few = column.few(_MOST_SUGGESTED if telling else _MOST_CODES)
    # Values that rarely repeat are not clearly codes.
    if few is None or len(few) < _FEW or len(column.there) < (2 if telling else 5) * len(few):
        return False
    # Values 0, 1, 2, ... without gaps are more likely counts.
    return telling or column.bounds[0] >= 1


def _alike(column: Column) -> list[str] | None:
    """Return two values that differ only in case, if there are any."""
    if not isinstance(column, TextColumn) or column.n_values > 1_000:
        return None
    lower: dict[str, str] = {}
    for text in sorted(column.texts.to_pylist()):
        other = lower.setdefault(text.casefold(), text)
        if other != text:
            return [other, text]
    return None


def _content_key(column: Column, *, numbers: bool) -> str:
    """Return a key that differs if features differ: for numbers the values, for other columns which rows share a value."""
    if numbers and isinstance(column, NumberColumn):
        content = np.where(column.missing, np.nan, column.numbers) if column.n_missing else column.numbers
        return hashlib.sha256(b"numbers" + (content + 0.0).tobytes()).hexdigest()
    if isinstance(column, NumberColumn):
        codes = np.full(len(column), -1, dtype=np.int64)
        codes[~column.missing] = np.unique(column.there, return_inverse=True)[1]
    else:
        codes = column.codes.astype(np.int64)
    there = codes[codes >= 0]
    firsts = pc.dictionary_encode(there).indices.to_numpy() if len(there) else there
    renumbered = np.full(len(codes), -1, dtype=np.int32)
    renumbered[codes >= 0] = firsts
    return hashlib.sha256(b"values" + renumbered.tobytes()).hexdigest()
