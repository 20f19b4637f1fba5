"""What an analyst may say about a file beyond its roles: how it is read, which of its rows count, what becomes of its columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeVar

from segcore.errors import ParameterError

DateOrder = Literal["dmy", "mdy", "ymd"]
DATE_ORDERS: tuple[DateOrder, ...] = ("dmy", "mdy", "ymd")
KeepOrAside = Literal["keep", "aside"]
MIN_SHARE = 0.10
MAX_CATEGORIES = 10


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How a file is read; what is left out is found from its content.

    Parameters
    ----------
    delimiter : str or None
        One character between the values of a CSV file; ``"tab"`` is a tab.
    encoding : str or None
        As Python names it: ``utf-8``, ``cp1252``, ``utf-16``...
    sheets : tuple of str
        Sheets of a workbook, read one below the other; ``("*",)`` is all of them.
    header_row : int or None
        Row or line that names the columns, from 1; what stands above it is left out.
    """

    delimiter: str | None = None
    encoding: str | None = None
    sheets: tuple[str, ...] = ()
    header_row: int | None = None

    def __post_init__(self) -> None:
        """Check what can be checked without the file."""
        if self.delimiter is not None and self.delimiter != "tab" and len(self.delimiter) != 1:
            raise ParameterError(f"The delimiter must be one character, or tab, got {self.delimiter!r}.")
        if self.header_row is not None and self.header_row < 1:
            raise ParameterError.out_of_range("The header's row", self.header_row, 1, None)


@dataclass(frozen=True, slots=True)
class RowRules:
    """What becomes of rows that are doubtful.

    Parameters
    ----------
    date_order : {"dmy", "mdy", "ymd"} or None
        Order of day, month and year where they are written as numbers; ``None`` finds it, and asks where it cannot be told.
    set_aside : bool
        Put rows with a bad number or date in a role column aside, instead of refusing the file.
    cancelled : {"keep", "aside"}
        Cancelled lines of transactions: the Intel kit keeps them.
    duplicates : {"keep", "aside"}
        Rows that repeat an earlier one in every column: the Intel kit keeps them.
    """

    date_order: DateOrder | None = None
    set_aside: bool = False
    cancelled: KeepOrAside = "keep"
    duplicates: KeepOrAside = "keep"

    def __post_init__(self) -> None:
        """Check the words."""
        if self.date_order is not None and self.date_order not in DATE_ORDERS:
            raise ParameterError.unknown("date order", self.date_order, DATE_ORDERS)
        for name in ("cancelled", "duplicates"):
            if getattr(self, name) not in ("keep", "aside"):
                raise ParameterError.unknown(f"rule for {name} rows", getattr(self, name), ("keep", "aside"))


@dataclass(frozen=True, slots=True)
class ColumnRules:
    """What becomes of columns, where that is not left to what they hold.

    Parameters
    ----------
    exclude : tuple of str
        Columns that are left out altogether.
    category : tuple of str
        Columns whose numbers are codes: dummies are made of them.
    number : tuple of str
        Columns that stay numbers, though they look like codes or have two values only.
    profile : tuple of str
        Columns that are carried along, not clustered on.
    keep : tuple of str
        Columns that are features though they look like an identifier, an outcome or the output of a model.
    min_share : float, in (0, 1)
        A value of a category has a dummy of its own where more than this share of the rows have it; the rest is "other".
    max_categories : int, >= 1
        Transactions: most categories whose share of the spend is a feature; the rest is "other".
    """

    exclude: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    number: tuple[str, ...] = ()
    profile: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    min_share: float = MIN_SHARE
    max_categories: int = MAX_CATEGORIES

    def __post_init__(self) -> None:
        """Check what can be checked without the file."""
        if not 0 < self.min_share < 1:
            raise ParameterError(f"The least share of a category must lie between 0 and 1, both excluded, got {self.min_share!r}.")
        if self.max_categories < 1:
            raise ParameterError.out_of_range("The number of categories", self.max_categories, 1, None)
        holders: dict[str, str] = {}
        for rule, columns in self.named().items():
            for column in columns:
                if holders.get(column, rule) != rule:
                    raise ParameterError(f"{column} cannot be both {holders[column]} and {rule}: give it one of the two.")
                holders[column] = rule

    def named(self) -> dict[str, tuple[str, ...]]:
        """Return the columns of each rule; ``keep`` may go with ``category`` or ``number`` and is left out."""
        return {name: getattr(self, name) for name in ("exclude", "category", "number", "profile")}

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that a rule names, each once."""
        return tuple(dict.fromkeys(column for columns in (*self.named().values(), self.keep) for column in columns))


Rules = TypeVar("Rules", ReadOptions, RowRules, ColumnRules)


def rules_to_json(rules: ReadOptions | RowRules | ColumnRules) -> dict[str, Any]:
    """Return what differs from the defaults, as plain values."""
    given, default = asdict(rules), asdict(type(rules)())
    return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items() if value != default[name]}


def rules_from_json(kind: type[Rules], data: Mapping[str, Any]) -> Rules:
    """Build rules from what ``rules_to_json`` returned."""
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    return kind(**values)
