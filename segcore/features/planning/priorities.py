"""Priorities and transforms of features as an analyst writes them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from segcore.errors import ParameterError, SegcoreError
from segcore.records.feature_table import FeatureTable
from segcore.records.finding import Finding, Remedy
from segcore.records.preparation import TRANSFORMS, Transform
from segcore.wording.findings import refusal

PRIORITIES: Mapping[str, float] = {"high": 4.0, "medium": 2.5, "low": 1.5}
"""Factor of each word on the scaled feature, on top of the factor that makes it count as much as the others."""

_SHORT = {"med": "medium"}
_MOST_NAMES, _LONGEST_NAME = 12, 60
_Value = TypeVar("_Value")


def parse_priorities(table: FeatureTable, texts: Sequence[str], *, catch_up: Mapping[str, float] | None = None) -> dict[str, float]:
    """Return the weights given by texts such as ``high=age,balance`` and ``2.5=job``.

    Parameters
    ----------
    table : FeatureTable
    texts : sequence of str
        Each is a word or a factor, "=", and names of features or of columns, separated by commas; a column means all of its
        dummies. The words are ``high``, ``medium`` (or ``med``) and ``low``; a factor is any number above 0. A name may contain commas, and
        may be in double quotes.
    catch_up : mapping of feature to float, or None
        `segcore.features.distances.catch_up`: by these, the factors of words are multiplied, so that a word means the same for features of
        any spread. Factors given as numbers are used as they are.

    Returns
    -------
    dict of feature to float
        In the order named. Features that are not named weigh 1.

    Raises
    ------
    ParameterError
        If a text is not of this form, a factor is not a finite number above 0, or a name is unknown or given twice.
    DataError
        If a name is a column that could not become a feature; with the reason.

    References
    ----------
    ml_autosegmentation, ``priority_features``.
    """
    return _caught_up(_parsed(table, texts, "--priority", "high=age or 2.5=age", _weight), catch_up)


def priority_weights(
    table: FeatureTable, priorities: Mapping[str, str | float], *, catch_up: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Return the weights given by a mapping such as ``{"age": "high", "job": 2.5}``.

    Parameters
    ----------
    table : FeatureTable
    priorities : mapping of feature or column to word or factor
        As in `parse_priorities`, one name at a time and without quotes.
    catch_up : mapping of feature to float, or None
        As in `parse_priorities`.

    Raises
    ------
    ParameterError, DataError
        As `parse_priorities`.
    """
    asked = ((_weight(str(value).strip()), _expanded(table, name)) for name, value in priorities.items())
    return _caught_up(_each_once(asked, "the weights"), catch_up)


def parse_transforms(table: FeatureTable, texts: Sequence[str]) -> dict[str, Transform]:
    """Return the transforms given by texts such as ``log=spend,balance`` and ``power=age``.

    Parameters
    ----------
    table : FeatureTable
    texts : sequence of str
        Each is ``log`` or ``power``, "=", and names of features, separated by commas.

    Returns
    -------
    dict of feature to {"log", "power"}
        In the order named.

    Raises
    ------
    ParameterError
        If a text is not of this form, a transform or a name is unknown, a name is given twice, or a feature is not a number.
    DataError
        If a name is a column that could not become a feature; with the reason.
    """
    return _of_numbers(table, _parsed(table, texts, "--transform", "log=age", _transform), "--transform {}=…")


def named_transforms(table: FeatureTable, transforms: Mapping[Transform, Sequence[str]]) -> dict[str, Transform]:
    """Return the transforms given by a mapping such as ``{"log": ["spend"], "power": ["age"]}``.

    Parameters
    ----------
    table : FeatureTable
    transforms : mapping of {"log", "power"} to names of features

    Raises
    ------
    ParameterError, DataError
        As `parse_transforms`.
    """
    asked = ((transform, _expanded(table, name)) for transform, names in transforms.items() for name in names)
    return _of_numbers(table, _each_once(asked, "the transforms"), "{}")


def _caught_up(found: Mapping[str, tuple[float, bool]], catch_up: Mapping[str, float] | None) -> dict[str, float]:
    """Return the weights; factors that were given as words are multiplied by their feature's `catch_up`."""
    ahead = catch_up or {}
    return {name: weight * ahead.get(name, 1.0) if is_word else weight for name, (weight, is_word) in found.items()}


def _of_numbers(table: FeatureTable, found: dict[str, Transform], option: str) -> dict[str, Transform]:
    """Return transforms of numbers; raise for those of 0/1 features, naming the option that they came from."""
    kinds = {entry.name: entry.kind for entry in table.dictionary}
    for name, transform in found.items():
        if kinds.get(name, "number") != "number":
            raise ParameterError(
                f"{_shown(name)} is 0 or 1, and transforms do not change that: leave it out of {option.format(transform)}."
            )
    return found


def _parsed(table: FeatureTable, texts: Sequence[str], option: str, example: str, read: Callable[[str], _Value]) -> dict[str, _Value]:
    def asked() -> Iterator[tuple[_Value, Sequence[str]]]:
        for text in texts:
            word, equals, names = text.partition("=")
            if not equals or not names.strip(" ,"):
                raise ParameterError(f"{option} needs features after an equals sign, such as {example}, got {_shown(text)!r}.")
            yield read(word.strip()), _names(table, names)

    return _each_once(asked(), option)


def _each_once(asked: Iterable[tuple[_Value, Sequence[str]]], option: str) -> dict[str, _Value]:
    """Return the value of each feature, and raise if one is named twice."""
    found: dict[str, _Value] = {}
    for value, names in asked:
        for name in names:
            if name in found:
                raise ParameterError(f"{_shown(name)} is named twice in {option}: name it once.")
            found[name] = value
    return found


def _weight(word: str) -> tuple[float, bool]:
    """Return a factor, and whether it was given as a word."""
    known = PRIORITIES.get(_SHORT.get(word.lower(), word.lower()))
    if known is not None:
        return known, True
    try:
        factor = float(word)
    except ValueError:
        raise ParameterError(f"Unknown priority {_shown(word)!r}: give {', '.join(PRIORITIES)}, or a factor such as 2.5.") from None
    if not (math.isfinite(factor) and factor > 0):
        raise ParameterError(f"The factor of a priority must be a number above 0, such as 2.5 or 0.5, got {_shown(word)!r}.")
    return factor, False


def _transform(word: str) -> Transform:
    for known in TRANSFORMS:
        if word.lower() == known:
            return known
    raise ParameterError.unknown("transform", _shown(word), TRANSFORMS)


def _names(table: FeatureTable, text: str) -> list[str]:
    """Return the features named in a comma-separated text; where names contain commas, the longest match counts."""
    pieces = text.split(",")
    found: list[str] = []
    at = 0
    while at < len(pieces):
        for end in range(len(pieces), at, -1):
            name = ",".join(pieces[at:end]).strip()
            features = next((known for known in map(table.expand, ((name,), (unquoted(name),))) if known[0] in table.names), ())
            if features:
                found.extend(features)
                at = end
                break
        else:
            if pieces[at].strip():
                raise _unknown(table, pieces[at].strip())
            at += 1
    return found


def _expanded(table: FeatureTable, name: str) -> tuple[str, ...]:
    """Return a feature, or the dummies of a column, by its exact name."""
    features = table.expand((name,))
    if features[0] not in table.names:
        raise _unknown(table, str(name))
    return features


def unquoted(name: str) -> str:
    """Return a name without double quotes, which other options need around a name with a comma."""
    return name[1:-1].replace('""', '"') if len(name) > 2 and name[0] == name[-1] == '"' else name


def unavailable(name: str, reason: Finding, *, outcome: bool = False) -> SegcoreError:
    """Return the error for a name that is not a feature, with the reason; outcomes can be kept as features."""
    remedy = Remedy("keep", {"column": name}) if outcome else None
    return refusal("feature.unavailable", remedy=remedy, feature=name, reason=reason.to_json())


def _unknown(table: FeatureTable, name: str) -> SegcoreError:
    reason = table.dropped().get(name)
    if reason is not None:
        return unavailable(name, reason)
    use = next((use for use in table.uses if use.column == name and use.use in ("dropped", "profile")), None)
    if use is not None:
        return unavailable(name, use.reason, outcome=use.outcome)
    some = ", ".join(_shown(known) for known in table.names[:_MOST_NAMES])
    more = f" and {len(table.names) - _MOST_NAMES:,} others" if len(table.names) > _MOST_NAMES else ""
    return ParameterError(f"Unknown feature {_shown(name)!r}: choose from {some}{more}.")


def _shown(text: str) -> str:
    return text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"
