"""Sentences on columns and features: why a column has its use, and why a feature is missing or cannot be built.

Sentences of ``column.*``, and of those ``feature.*`` codes that say why a feature is missing, are clauses: they follow a name, as in
"zip (it holds postcodes ...)", without a capital or a full stop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from segcore.wording.numbers import counted, listed, percent_text, plain_number
from segcore.wording.quotes import named, quoted, value_text, visible

if TYPE_CHECKING:
    from segcore.records.feature_table import FeatureEntry, FeatureTable

_LISTED = 40
_MOST_REASONS = 10


def reason_text(reason: Mapping[str, Any]) -> str:
    """Return the clause of a reason that is stored in a finding as plain values."""
    return SENTENCES[reason["code"]](**reason["values"]) if reason["code"] != "text" else str(reason["values"]["text"])


def title_of_0(table: FeatureTable, entry: FeatureEntry) -> str:
    """Return what 0 means in the feature of a column with two values, such as "loan: no"; "" for other features."""
    if entry.kind != "binary" or not entry.columns:
        return ""
    column = entry.columns[0]
    recipe = next((one for one in table.fitted.get("columns", ()) if one["column"] == column and one["use"] == "binary"), None)
    if recipe is None:
        return ""
    value = recipe["values"][0]
    return f"{visible(column)}: {'missing' if value is None else value_text(value)}"


def chosen_percent(share: float) -> str:
    """Return a share that the analyst chose, as they would write it."""
    return f"{100 * share:.6g} %"


def stands_apart(*, value: float, customers: int, rows: int, nearest: float, lowest: bool) -> str:
    """Return that a lowest or highest value such as -1 or 999 may be a code for missing values."""
    ends = "begin at" if lowest else "end at"
    return (
        f"{counted(customers, 'customer')} ({percent_text(customers / rows)}) have {plain_number(value)}, while the other values {ends} "
        f"{plain_number(nearest)}: {plain_number(value)} may mean that the value is missing"
    )


def _number(apart: Mapping[str, Any] | None) -> str:
    return f"numbers; {stands_apart(**apart)}" if apart else "numbers"


def _maybe_codes(n_values: int, apart: Mapping[str, Any] | None, do: str) -> str:
    text = f"{n_values:,} different whole numbers: if they are codes, {do}"
    return f"{text}; {stands_apart(**apart)}" if apart else text


def _category(*, n_values: int, numbers: bool, own: int, min_share: float, missing: int, alike: Sequence[str] | None) -> str:
    frequent = "all" if own == n_values else f"{own:,}"
    text = (
        f"{n_values:,} different {'codes' if numbers else 'texts'}, {frequent} of them in more than {chosen_percent(min_share)} of the rows"
    )
    if missing:
        text += f"; {missing:,} missing"
    if alike:
        text += f"; {value_text(alike[0])} and {value_text(alike[1])} differ only in capitals, and count as two"
    return text


def _filled(column: str, count: int, value: str, how: str, shared: Mapping[str, str] | None, do: str) -> str:
    counts = "counts" if count == 1 else "count"
    words = {"median": f"the median, {value}", "zero": "0", "frequent": f"{value_text(value)}, the more frequent value"}[how]
    text = f"{named(column)} has {counted(count, 'missing value')}, which {counts} as {words}"
    if shared:
        text += f"; all {count:,} have {value_text(shared['value'])} in {named(shared['column'])}"
    return f"{text}: {do}."


def _two_values(values: Sequence[str | None], counts: Sequence[int]) -> str:
    zero, one = (f"{value_text(value)} ({count:,})" for value, count in zip(values, counts, strict=True))
    return f"two different values: {zero} and {one}"


def _nearly_numbers(*, bad: int, rows: int, example: str, row: int) -> str:
    are, them = ("is not a number", "it") if bad == 1 else ("are not numbers", "them")
    return (
        f"it holds numbers, but {bad:,} of its {rows:,} values {are}, the first {quoted(example)} in data row {row:,}: correct {them} "
        "to use the column as a feature"
    )


def _nothing_left(source: str, columns: Sequence[Mapping[str, Any]]) -> str:
    reasons = [f"{named(use['column'])} ({reason_text(use['reason'])})" for use in columns[:_MOST_REASONS]]
    more = f" and {len(columns) - _MOST_REASONS} more" if len(columns) > _MOST_REASONS else ""
    why = f": {', '.join(reasons)}{more}" if reasons else ""
    return f"{named(source)} has no column that can be a feature, so there is nothing to cluster on{why}."


def _no_column(source: str, column: str, columns: Sequence[str], part_of: str | None) -> str:
    known = ", ".join(value_text(name) for name in columns[:_LISTED])
    more = f" and {len(columns) - _LISTED} more" if len(columns) > _LISTED else ""
    hint = "" if part_of is None else f" Write a name that has a comma in double quotes, such as '\"{value_text(part_of)}\"'."
    return f"{named(source)} has no column {quoted(column)}, for which a use was chosen: its columns are {known}{more}.{hint}"


def _unavailable(feature: str, reason: Mapping[str, Any], do: str = "") -> str:
    text = f"{value_text(feature)} is not available as a feature: {reason_text(reason)}."
    return f"{text} To use it anyway, {do}." if do else text


def _lacking_columns(source: str, columns: Sequence[str]) -> str:
    lacking = f"column{'' if len(columns) == 1 else 's'} {', '.join(map(named, columns))}"
    return f"{named(source)} lacks the {lacking}, which the sweep uses: give the same columns."


_OVERFLOW = {"spend": "the spend", "positive": "the sum of positive amounts", "discount": "the sum of discounts", "rating": "the ratings"}


def _too_large(source: str, customer: str, what: str) -> str:
    are = "are" if what == "rating" else "is"
    return (
        f"{named(source)}: {_OVERFLOW[what]} of customer {quoted(customer)} {are} too large to be added up: correct the values, or exclude "
        "the rows with a filter."
    )


def _missions(column: str, asked: int, names: Sequence[str], sizes: Sequence[int], without: int) -> str:
    shown = "; ".join(f"{name} ({percent_text(size / sum(sizes))})" for name, size in zip(names, sizes, strict=True))
    fewer = f", of {asked} asked for" if len(names) < asked else ""
    left = f" {counted(without, 'order')} without spend {'has' if without == 1 else 'have'} none." if without else ""
    return (
        f"{counted(len(names), 'basket mission')}{fewer}, found in {counted(sum(sizes), 'order')} by their shares of spend on each "
        f"{named(column)}: {shown}. Each customer's most frequent one is the profile column basket_mission.{left}"
    )


SENTENCES: Mapping[str, Callable[..., str]] = {
    "column.row_number_id": lambda: "no column identifies the customers, so the row number is the id",
    "column.customer_id": lambda: "it identifies the customers",
    "column.chosen": lambda: "you chose this",
    "column.excluded": lambda: "you left it out",
    "column.chosen_profile": lambda: "you chose it as a profile column",
    "column.outcome": lambda: "it looks like an outcome, so it is only shown for each segment",
    "column.empty": lambda: "it is empty",
    "column.one_value": lambda value, missing: (
        f"it has only one value, {value_text(value)}{f', and {missing:,} missing' if missing else ', for every customer'}"
    ),
    "column.constant": lambda: "it has only one value, but no column has more",
    "column.nearly_empty": lambda missing, rows: (
        f"it is nearly empty: {missing:,} of {rows:,} values are missing ({percent_text(missing / rows)})"
    ),
    "column.excluded_by_title": lambda: "its title asks for it to be excluded",
    "column.model_output": lambda: "its title suggests the output of a model or of an earlier segmentation",
    "column.repeats": lambda column: f"it repeats the column {named(column)}",
    "column.same_as": lambda column: f"its values match those of the column {named(column)} one to one",
    "column.dates": lambda: "it holds dates",
    "column.dates_as_numbers": lambda: "it holds dates, written as numbers",
    "column.times_of_day": lambda: "it holds times of day",
    "column.email": lambda: "it holds email addresses",
    "column.web_address": lambda: "it holds web addresses",
    "column.network_address": lambda: "it holds network addresses",
    "column.uuid": lambda: "it holds unique ids (UUIDs)",
    "column.social_security": lambda: "it holds social security numbers",
    "column.iban": lambda: "it holds bank account numbers (IBANs)",
    "column.phone": lambda: "it holds phone numbers",
    "column.phone_like": lambda: "it holds phone numbers or ids written like them",
    "column.person_names": lambda: "it holds names",
    "column.postcodes": lambda n_values: f"it holds postcodes: codes with {n_values:,} different values",
    "column.addresses": lambda: "it holds addresses",
    "column.row_numbers": lambda: "it numbers the rows",
    "column.customer_numbers": lambda low, high: f"it has each whole number from {low:,} to {high:,} once: it numbers the customers",
    "column.unique_id": lambda: "it is an identifier by its title, and every value is different",
    "column.id": lambda n_values, rows: f"it is an identifier by its title, with {n_values:,} different values in {rows:,} rows",
    "column.codes": lambda n_values: f"its title suggests codes, not quantities: {n_values:,} different values",
    "column.codes_with_zeros": lambda n_values: f"it holds codes with leading zeros: {n_values:,} different values",
    "column.ambiguous_numbers": lambda n_values, example: (
        f"its {n_values:,} different numbers could be read in more than one way, such as {quoted(example)}"
    ),
    "column.nearly_numbers": _nearly_numbers,
    "column.all_texts_differ": lambda n_values: f"every value is a different text ({n_values:,} of them)",
    "column.most_texts_differ": lambda n_values, rows: f"nearly every value is a different text ({n_values:,} in {rows:,} rows)",
    "column.rare_values": lambda n_values, min_share: (
        f"none of its {n_values:,} values is in more than {chosen_percent(min_share)} of the rows"
    ),
    "column.second_table": lambda table: f"it comes from {named(table)}, so it is only shown for each segment",
    "column.of_customers": lambda: "it describes the customer, so it is only shown for each segment",
    "column.of_orders": lambda: "it describes orders, so the customer's most frequent value is only shown for each segment",
    "column.number": _number,
    "column.maybe_codes": _maybe_codes,
    "column.two_values": _two_values,
    "column.category": _category,
    "feature.no_role": lambda role: f"no column has the role {role}",
    "feature.no_spend": lambda: "no customer has any spend",
    "feature.no_discounts": lambda: "no line has a discount",
    "feature.no_reduced_spend": lambda: "nothing is spent on lines with a discount",
    "feature.no_cancelled": lambda: "no line is cancelled",
    "feature.no_negative": lambda: "no line has a negative amount",
    "feature.no_third_order": lambda: "no customer has three orders",
    "feature.one_rating": lambda: "every rating is the same",
    "feature.no_scale": lambda: "rows are counted instead of ratings on a scale",
    "feature.rfm_segment": lambda: "it is a name made from two scores, so it is only shown for each segment",
    "feature.no_time_of_day": lambda column: f"{named(column)} holds dates without a time of day",
    "feature.twelve_hour_clock": lambda column: (
        f"{named(column)} comes from a 12-hour clock without AM or PM, which does not distinguish day from night"
    ),
    "feature.maybe_twelve_hour_clock": lambda column: (
        f"{named(column)} seems to come from a 12-hour clock without AM or PM (no hour is 0 or above 12), which does not distinguish day "
        "from night"
    ),
    "feature.filled": _filled,
    "feature.unavailable": _unavailable,
    "feature.nothing_left": _nothing_left,
    "feature.too_many": lambda source, features, most, do: f"{named(source)} would have {features:,} features, more than {most:,}: {do}.",
    "feature.lacking_columns": _lacking_columns,
    "feature.too_large": _too_large,
    "feature.infinite": lambda column, row: f"{named(column)} is infinite in data row {row:,}: correct it, or exclude the column.",
    "feature.not_finite": lambda feature: (
        f"{value_text(feature)} has values that are missing or infinite: exclude it, or clean the column."
    ),
    "feature.chosen_number": lambda source, column, value, row: (
        f"{named(source)}: {named(column)} is {quoted(value)} in data row {row:,}, so {named(column)} cannot be a number: correct the "
        "column."
    ),
    "feature.trained_number": lambda source, column, value, row: (
        f"{named(source)}: {named(column)} is {quoted(value)} in data row {row:,}, but the sweep was made with numbers there: correct the "
        "column."
    ),
    "feature.rule_for_ids": lambda column: (
        f"{named(column)} holds the customers' ids, so it cannot have another use: give the role customer to another column."
    ),
    "feature.no_column": _no_column,
    "feature.bad_reference_date": lambda value: f"The reference date must be a date such as 2011-12-09, got {quoted(value)}.",
    "feature.after_reference_date": lambda latest, reference, do: f"The data ends at {latest}, after the reference date {reference}: {do}.",
    "feature.set_of_transactions": lambda set, features: (
        f"The feature set {quoted(set)} needs transactions: use all, or names ({listed([value_text(name) for name in features])})."
    ),
    "feature.missions": _missions,
    "feature.missions_without_category": lambda source, do: (
        f"{named(source)} has no column with the role category, which basket missions are found by: {do}, or ask for no missions."
    ),
    "feature.missions_of_one_category": lambda source, column: (
        f"{named(source)} has spend on fewer than two values of {named(column)}, so its orders cannot be grouped by it: give the role "
        "category to another column, or ask for no missions."
    ),
    "feature.missions_of_orders": lambda source, read_as: (
        f"{named(source)} is read as {read_as}, but basket missions are of orders: give transactions, or ask for no missions."
    ),
    "feature.none_chosen": lambda sets: f"Choose at least one feature: a set ({', '.join(sets)}), or names.",
}
