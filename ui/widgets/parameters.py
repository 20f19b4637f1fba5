"""Widgets made from the parameters that an algorithm declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

import streamlit as st

from segcore.clustering.specification.algorithm import AlgorithmSpec
from segcore.errors import SegcoreError
from segcore.records.grid import Grid, Value
from segcore.records.params import Param
from segcore.wording.findings import error_text
from segcore.wording.markdown import escape
from ui.shell import state

LARGEST_RANGE = 30
RANGE, LIST = "Range", "List"


def values_text(values: Iterable[Value]) -> str:
    """Return the values of an axis as the form shows them."""
    return ", ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)


def axis_words(param: Param, values: tuple[Value, ...]) -> str:
    """Return an axis in words: ``number of segments 2 to 12``."""
    span = as_range(values) if len(values) > 2 else None
    if span is None:
        return f"{param.title.lower()} {values_text(values)}"
    by = f" by {span[2]}" if span[2] > 1 else ""
    return f"{param.title.lower()} {span[0]} to {span[1]}{by}"


def as_range(values: tuple[Value, ...]) -> tuple[int, int, int] | None:
    """Return (first, last, step) of evenly spaced whole numbers, which a slider can show; else None."""
    whole = [int(value) for value in values if not isinstance(value, str) and int(value) == value]
    if not values or len(whole) < len(values):
        return None
    step = whole[1] - whole[0] if len(whole) > 1 else 1
    if not 1 <= step <= 10 or whole != list(range(whole[0], whole[-1] + 1, step)) or whole[0] < 2 or whole[-1] > LARGEST_RANGE:
        return None
    return whole[0], whole[-1], step


def grid_form(spec: AlgorithmSpec, *, suggested: Mapping[str, tuple[Value, ...]] | None = None, salt: str = "") -> Grid | None:
    """Draw one field per parameter of an algorithm and return the grid, or None with an error at the wrong field.

    Parameters
    ----------
    spec : AlgorithmSpec
    suggested : mapping of parameter to values, or None
        Initial values from the data instead of the app's defaults.
    salt : str
        What the suggestions depend on; when it changes, the suggested fields are reset.
    """
    if state.recall(f"grid.{spec.name}.given") == salt:
        suggested = None  # the values were set for exactly these features, by a click on a whole setting
    axes: dict[str, tuple[Value, ...]] = {}
    wrong = False
    lists = [param for param in spec.params if not param.is_ranged]
    places = {param.name: st.container() for param in spec.params if param.is_ranged}
    places |= dict(zip((param.name for param in lists), st.columns(len(lists) or 1, gap="medium"), strict=False))
    for param in spec.params:
        with places[param.name]:
            found = axis_field(spec, param, first=(suggested or {}).get(param.name), salt=salt if param.name in (suggested or {}) else "")
        if found is None:
            wrong = True
        elif found:
            axes[param.name] = found
    return None if wrong else Grid.from_mapping(axes)


def axis_key(spec: AlgorithmSpec, param: Param, salt: str = "") -> str:
    """Return the key of an axis's values and widgets; each ``set_grid`` makes new widgets."""
    edition = state.recall(f"grid.{spec.name}.edition", 0)
    return ".".join(part for part in ("grid", spec.name, param.name, salt, str(edition or "")) if part)


def set_grid(spec: AlgorithmSpec, axes: Mapping[str, tuple[Value, ...]], *, salt: str | None = None) -> None:
    """Set the fields of an algorithm, and empty those that are not named.

    With a ``salt``, the values also replace the suggestions from the data; see ``grid_form``.
    """
    state.remember(f"grid.{spec.name}.given", salt)
    state.remember(f"grid.{spec.name}.edition", state.recall(f"grid.{spec.name}.edition", 0) + 1)
    for param in spec.params:
        state.remember(axis_key(spec, param), axes.get(param.name, ()))


def add_value(spec: AlgorithmSpec, param: Param, value: Value) -> None:
    """Add a value to an axis, in the order of the values; the other fields stay."""
    axes: dict[str, tuple[Value, ...]] = {each.name: state.recall(axis_key(spec, each), each.default) for each in spec.params}
    set_grid(spec, {**axes, param.name: tuple(sorted({*axes[param.name], value}))})


def axis_field(spec: AlgorithmSpec, param: Param, *, first: tuple[Value, ...] | None = None, salt: str = "") -> tuple[Value, ...] | None:
    """Draw the field of one parameter and return its values: () if it is left out of the grid, None if it is wrong."""
    key = axis_key(spec, param, salt)
    kept: tuple[Value, ...] = state.recall(key, first or param.default)
    label = f"{param.title} ({param.unit})" if param.unit and param.unit.lower() not in param.title.lower() else param.title
    if param.kind == "choice":
        found: tuple[Value, ...] | None = _choice_field(param, key, label, kept)
    else:
        found = _range_field(param, key, label, kept) if param.is_ranged else _list_field(param, key, label, kept)
    if found is not None:
        state.remember(key, found)
    return found


def _choice_field(param: Param, key: str, label: str, kept: tuple[Value, ...]) -> tuple[Value, ...] | None:
    state.seed_widget(f"{key}.choice", [value for value in param.choices if value in kept])
    picked = st.pills(label, param.choices, selection_mode="multi", key=f"{key}.choice", help=param.help)
    if not picked and not param.is_optional:
        st.error(f"Choose at least one value of {param.title.lower()}.", icon=":material/error:")
        return None
    return tuple(value for value in param.choices if value in picked)


def _list_field(param: Param, key: str, label: str, kept: tuple[Value, ...]) -> tuple[Value, ...] | None:
    optional = param.is_optional
    state.seed_widget(f"{key}.text", values_text(kept))
    text = st.text_input(
        label,
        key=f"{key}.text",
        help=f"{param.help} Separate several values with commas.",
        placeholder="scikit-learn's default" if optional else "2, 3, 5",
    )
    if optional and not text.strip():
        return ()
    try:
        return param.parse_axis(text)
    except SegcoreError as error:
        st.error(escape(error_text(error, "screen")), icon=":material/error:")
        return None


def _range_field(param: Param, key: str, label: str, kept: tuple[Value, ...]) -> tuple[Value, ...] | None:
    span = as_range(kept)
    state.seed_widget(f"{key}.mode", RANGE if span else LIST)
    mode = st.segmented_control(label, (RANGE, LIST), key=f"{key}.mode", required=True, help=param.help)
    if mode == LIST:
        return _list_field(param, key, f"Values of {param.title.lower()}", kept)
    low = max(2, int(param.low))
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    state.seed_widget(f"{key}.span", span[:2] if span else (low, 12))
    state.seed_widget(f"{key}.step", span[2] if span else 1)
    first, last = cast(tuple[int, int], left.slider("From – to", low, LARGEST_RANGE, key=f"{key}.span"))
    step = right.number_input("Step", 1, 10, key=f"{key}.step")
    return tuple(range(first, last + 1, int(step)))
