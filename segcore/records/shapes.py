"""Shape of a record: whether each of its fields has the type that is declared for it.

Records are built from stored JSON, which may be damaged; Python does not check what it builds.
"""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin

Check = Callable[[Any], bool]


def check_fields(record: object) -> None:
    """Raise `TypeError` if a field of a record, or of a record in it, is not of the type that is declared for it.

    Whole numbers pass as ``float``, lists do not pass as ``tuple``. Values of a type without a declaration of what is in them, such as
    arrays, pass if they are of that type.
    """
    kind: Any = type(record)
    for name, fits in _checks(kind):
        if not fits(getattr(record, name)):
            raise TypeError(f"{kind.__name__}.{name} is not of its type")


@functools.cache
def _checks(kind: Any) -> tuple[tuple[str, Check], ...]:
    hints = typing.get_type_hints(kind)
    return tuple((entry.name, _check(hints[entry.name])) for entry in fields(kind))


def _is_record(kind: type) -> Check:
    def fits(value: Any) -> bool:
        return isinstance(value, kind) and all(check(getattr(value, name)) for name, check in _checks(kind))

    return fits


@functools.cache
def _check(declared: Any) -> Check:
    """Return the check of one declared type."""
    origin, inner = get_origin(declared), get_args(declared)
    if declared is Any:
        return lambda value: True
    if declared is None or declared is type(None):
        return lambda value: value is None
    if origin is Literal:
        return lambda value: isinstance(value, str) and value in inner
    if origin in (Union, types.UnionType):
        options = [_check(option) for option in inner]
        return lambda value: any(check(value) for check in options)
    if origin is tuple:
        return _check_tuple(inner)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        of_keys, of_values = map(_check, inner)
        return lambda value: isinstance(value, Mapping) and all(of_keys(key) and of_values(one) for key, one in value.items())
    if declared is float:
        return lambda value: isinstance(value, int | float) and not isinstance(value, bool)
    if declared is int:
        return lambda value: isinstance(value, int) and not isinstance(value, bool)
    if is_dataclass(declared) and isinstance(declared, type):
        return _is_record(declared)
    kind = origin or declared
    return lambda value: isinstance(value, kind)


def _check_tuple(inner: tuple[Any, ...]) -> Check:
    if len(inner) == 2 and inner[1] is Ellipsis:
        fits = _check(inner[0])
        return lambda value: isinstance(value, tuple) and all(map(fits, value))
    each = [_check(one) for one in inner]
    return lambda value: (
        isinstance(value, tuple) and len(value) == len(each) and all(check(one) for check, one in zip(each, value, strict=True))
    )
