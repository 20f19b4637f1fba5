"""Rules that an analyst can set for a file besides its roles: how it is read, which rows count, how its columns are used."""

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
    """Options for reading a file; omitted options are detected from its content.

    Parameters
    ----------
    delimiter : str or None
        One character between the values of a CSV file; ``"tab"`` is a tab.
    encoding : str or None
        Python's name of it: ``utf-8``, ``cp1252``, ``utf-16``...
    sheets : tuple of str
        Sheets of a workbook, read one after the other; ``("*",)`` means all visible sheets.
    header_row : int or None
        Row or line that holds the column names, from 1; anything above it is skipped.
    """

    delimiter: str | None = None
    encoding: str | None = None
    sheets: tuple[str, ...] = ()
    header_row: int | None = None

    def __post_init__(self) -> None:
        """Check the options without the file."""
        if self.delimiter is not None and self.delimiter != "tab" and len(self.delimiter) != 1:
            raise ParameterError(f"The delimiter must be one character or tab, got {self.delimiter!r}.")
        if self.header_row is not None and self.header_row < 1:
            raise ParameterError.out_of_range("The header row", self.header_row, 1, None)


@dataclass(frozen=True, slots=True)
class RowRules:
    """Rules for doubtful rows.

    Parameters
    ----------
    date_order : {"dmy", "mdy", "ymd"} or None
        Order of day, month and year in numeric dates; ``None`` detects it, and asks if the values leave it open.
    set_aside : bool
        Set rows with a bad number or date in a role column aside, instead of refusing the file.
    cancelled : {"keep", "aside"}
        Cancelled lines of transactions; the Intel kit keeps them.
    duplicates : {"keep", "aside"}
        Rows that equal an earlier one in every column; the Intel kit keeps them.
    required : tuple of str
        Columns in which a row must have a value; rows without one are set aside.
    """

    date_order: DateOrder | None = None
    set_aside: bool = False
    cancelled: KeepOrAside = "keep"
    duplicates: KeepOrAside = "keep"
    required: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the values."""
        if self.date_order is not None and self.date_order not in DATE_ORDERS:
            raise ParameterError.unknown("date order", self.date_order, DATE_ORDERS)
        for name in ("cancelled", "duplicates"):
            if getattr(self, name) not in ("keep", "aside"):
                raise ParameterError.unknown(f"rule for {name} rows", getattr(self, name), ("keep", "aside"))


@dataclass(frozen=True, slots=True)
class ColumnRules:
    """Columns whose use the analyst decides; the program decides about all others by their content.

    Parameters
    ----------
    exclude : tuple of str
        Columns to leave out.
    category : tuple of str
        Columns whose numbers are codes; they become dummies.
    number : tuple of str
        Columns that stay numbers although they look like codes or have only two values.
    profile : tuple of str
        Columns to carry along without clustering on them.
    keep : tuple of str
        Columns that become features although they look like an identifier, an outcome or a model's output.
    zero : tuple of str
        Columns of numbers in which a missing value counts as 0 instead of the median.
    min_share : float, in (0, 1)
        A category's value gets its own dummy if more than this share of the rows has it; the rest is "other".
    max_categories : int, >= 1
        Transactions: largest number of categories whose share of the spend becomes a feature; the rest is "other".
    """

    exclude: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    number: tuple[str, ...] = ()
    profile: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    zero: tuple[str, ...] = ()
    min_share: float = MIN_SHARE
    max_categories: int = MAX_CATEGORIES

    def __post_init__(self) -> None:
        """Check the rules without the file."""
        if not 0 < self.min_share < 1:
            raise ParameterError(f"The least share of a category must be above 0 and below 1, got {self.min_share!r}.")
        if self.max_categories < 1:
            raise ParameterError.out_of_range("The number of categories", self.max_categories, 1, None)
        holders: dict[str, str] = {}
        for rule, columns in self.named().items():
            for column in columns:
                if holders.get(column, rule) != rule:
                    raise ParameterError(f"{column} cannot be both {holders[column]} and {rule}: choose one of them.")
                holders[column] = rule

    def named(self) -> dict[str, tuple[str, ...]]:
        """Return the columns of each exclusive rule; ``keep`` and ``zero`` are omitted because they combine with others."""
        return {name: getattr(self, name) for name in ("exclude", "category", "number", "profile")}

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that any rule names, each once."""
        return tuple(dict.fromkeys(column for columns in (*self.named().values(), self.keep, self.zero) for column in columns))


Rules = TypeVar("Rules", ReadOptions, RowRules, ColumnRules)


def rules_to_json(rules: ReadOptions | RowRules | ColumnRules) -> dict[str, Any]:
    """Return the values that differ from the defaults, as plain JSON values."""
    given, default = asdict(rules), asdict(type(rules)())
    return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items() if value != default[name]}


def rules_from_json(kind: type[Rules], data: Mapping[str, Any]) -> Rules:
    """Build rules from the output of ``rules_to_json``."""
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    return kind(**values)
