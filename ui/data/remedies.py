"""Remedies for a file that cannot be read as it is: one request per button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from segcore.errors import SegcoreError
from segcore.records.data_rules import DateOrder
from segcore.records.finding import Remedy
from segcore.wording.files.every_file import encoding_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from segcore.records.intake import DataRequest

_MOST_BUTTONS = 6
_ORDERS = {"dmy": "Read dates day first", "mdy": "Read dates month first", "ymd": "Read dates year first"}
DELIMITERS: Mapping[str | None, str] = {",": "comma", ";": "semicolon", "tab": "tab", "|": "vertical bar"}


@dataclass(frozen=True, slots=True)
class WayOn:
    """One button.

    Parameters
    ----------
    key, label : str
    request : DataRequest
        The failed request with the remedy applied.
    """

    key: str
    label: str
    request: DataRequest


def remedy_of(error: SegcoreError) -> Remedy | None:
    """Return an error's remedy if the same request can be tried with it."""
    return None if error.finding is None else error.finding.remedy


def ways_on(remedy: Remedy, request: DataRequest) -> tuple[WayOn, ...]:
    """Return the requests that a remedy suggests, at most six; none if it needs the form."""
    make = _WAYS.get(remedy.code)
    return () if make is None else tuple(make(request, remedy.values))[:_MOST_BUTTONS]


def _skip_rows(request: DataRequest, _: Mapping[str, Any]) -> list[WayOn]:
    return [WayOn("set_aside", "Skip unreadable rows", replace(request, rows=replace(request.rows, set_aside=True)))]


def _date_orders(request: DataRequest, values: Mapping[str, Any]) -> list[WayOn]:
    orders: Sequence[DateOrder] = values.get("orders") or ("dmy", "mdy")
    return [
        WayOn(order, _ORDERS[order], replace(request, rows=replace(request.rows, date_order=order)))
        for order in orders
        if order != request.rows.date_order
    ]


def _without_repeats(request: DataRequest, values: Mapping[str, Any]) -> list[WayOn]:
    if not values.get("exact"):
        return []
    return [WayOn("duplicates", "Set exact duplicates aside", replace(request, rows=replace(request.rows, duplicates="aside")))]


def _counts(request: DataRequest, _: Mapping[str, Any]) -> list[WayOn]:
    return [WayOn("counts", "Count rows as ratings", replace(request, kind="ratings", roles={**request.roles, "rating": ""}))]


def _filled(request: DataRequest, values: Mapping[str, Any]) -> list[WayOn]:
    column = values["column"]
    columns, rows = request.columns, request.rows
    zero = WayOn(f"zero.{column}", "Use 0 instead", replace(request, columns=replace(columns, zero=(*columns.zero, column))))
    required = WayOn(
        f"required.{column}", "Leave these customers out", replace(request, rows=replace(rows, required=(*rows.required, column)))
    )
    return [*([zero] if values["number"] else []), required]


def _all_rows(request: DataRequest, values: Mapping[str, Any]) -> list[WayOn]:
    if request.database is None:
        return []
    rows = int(values["rows"])
    return [WayOn("most_rows", f"Read all {rows:,} rows", replace(request, database=replace(request.database, most_rows=rows)))]


def _reading(name: str, label: Callable[[Any], str]) -> Callable[[DataRequest, Mapping[str, Any]], list[WayOn]]:
    """Return a function that makes buttons of the likely values of a reading option."""

    def make(request: DataRequest, values: Mapping[str, Any]) -> list[WayOn]:
        found = []
        for choice in values.get("choices", ()):
            chosen: dict[str, Any] = {name: (choice,) if name == "sheets" else choice}
            reading = replace(request.reading, **chosen)
            found.append(WayOn(f"{name}.{choice}", label(choice), replace(request, reading=reading)))
        return found

    return make


_WAYS: Mapping[str, Callable[[DataRequest, Mapping[str, Any]], list[WayOn]]] = {
    "set_aside": _skip_rows,
    "most_rows": _all_rows,
    "date_order": _date_orders,
    "one_row_per_customer": _without_repeats,
    "filled": _filled,
    "rating": _counts,
    "encoding": _reading("encoding", lambda choice: f"Read as {encoding_name(choice)}"),
    "header_row": _reading("header_row", lambda choice: f"Use row {choice} as the header"),
    "delimiter": _reading("delimiter", lambda choice: f"Use the delimiter: {DELIMITERS.get(choice, choice)}"),
    "sheets": _reading("sheets", lambda choice: f"Use the sheet {choice}"),
}
