"""Features of taste as they are requested in words: ``components=10``, ``components=auto`` or ``raw``, and options."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from segcore.errors import ParameterError
from segcore.records.taste import AUTO, MOST_COMPONENTS, USUAL_COMPONENTS, Taste
from segcore.wording.findings import refusal

TASTE_OPTIONS = ("matrix", "components", "of", "lengths", "least_items", "least_customers")
_ON_SPARK = ("pca", "svd")
_COMPONENTS, _RAW = "components", "raw"


def names_taste(features: str) -> bool:
    """Tell whether requested features have to be made from items."""
    return features.strip() in (_COMPONENTS, _RAW) or features.strip().startswith(f"{_COMPONENTS}=")


def asked_taste(
    features: str | Sequence[str] | None, options: Mapping[str, Any], *, seed: int = 0, written: Callable[[str], str] = str
) -> Taste | None:
    """Return the features to make from items, or ``None`` if the requested features need no items.

    Parameters
    ----------
    features : str, sequence of str, or None
        See `segcore.features.planning.sets.feature_names`.
    options : mapping of option to value
        See ``TASTE_OPTIONS``; ``None`` is the default.
    seed : int
    written : callable (str) -> str
        How an option is written, for errors.

    Raises
    ------
    ParameterError
        If an option is given for other features, or a value is outside its domain.

    Examples
    --------
    >>> asked_taste("components=auto", {"matrix": "log"})
    Taste(of='item', matrix='log', components='pca', n='auto', least_items=1, least_customers=1, seed=0, lengths=None)
    >>> asked_taste("value", {}) is None
    True
    """
    given = {name: value for name, value in options.items() if value is not None}
    if not isinstance(features, str) or not names_taste(features):
        for name, value in given.items():
            raise refusal("taste.option_without", kind=ParameterError, option=written(name), given=str(value))
        return None
    if features.strip() == _RAW:
        if _COMPONENTS in given:
            raise refusal("taste.option_without", kind=ParameterError, option=written(_COMPONENTS), given=given[_COMPONENTS])
        return Taste(**{**given, "components": "raw", "seed": seed})
    return Taste(**{**given, "n": _number(features), "seed": seed})


def check_frames(taste: Taste | None, frames: str) -> None:
    """Raise `ParameterError` if Spark should compute anything except PCA and SVD of what customers bought or rated.

    Parameters
    ----------
    taste : Taste or None
        ``None`` for features that are not made from items.
    frames : str
        See `segcore.records.intake.DataRequest`.
    """
    if frames == "spark" and taste is not None and taste.components not in _ON_SPARK:
        raise refusal("taste.spark_method", kind=ParameterError, remedy="frames", method=taste.components)


def _number(features: str) -> int | Literal["auto"]:
    text = features.strip().removeprefix(_COMPONENTS).removeprefix("=").strip()
    if text == AUTO:
        return AUTO
    if not text and "=" not in features:
        return USUAL_COMPONENTS
    if not text.isdecimal() or not 1 <= int(text) <= MOST_COMPONENTS:
        raise refusal("taste.bad_features", kind=ParameterError, asked=features, most=MOST_COMPONENTS)
    return int(text)
