"""How a column is refused for values that its role cannot use."""

from __future__ import annotations

from segcore.errors import DataError

_ASIDE = "put such rows aside with --set-aside (a button on screen)"


def bad_values(name: str, what: str, count: int, first: str, *, some_good: bool) -> DataError:
    """Build the error for a column with bad values.

    Parameters
    ----------
    name : str
        The column.
    what : {"numbers", "dates"}
    count : int
        Rows with a bad value, >= 1.
    first : str
        The first of them and its place, with what is wrong about it.
    some_good : bool
        Whether the column has a good value too: else there is no use in putting rows aside.
    """
    values = "1 value is not" if count == 1 else f"{count:,} values are not"
    them = "it" if count == 1 else "them"
    begin = f"{name} must hold {what}, but {values}: the first is {first}; correct {them}"
    if not some_good:
        return DataError(f"{begin}, or choose another column.")
    return DataError(f"{begin}, {_ASIDE}, or choose another column.", remedy="set_aside")
