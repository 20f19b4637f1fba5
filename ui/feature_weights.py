"""Say which features count for more, and transform skewed ones: one table, a line for each tick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from segcore.canonical import digest
from segcore.dataset import FeatureTable
from segcore.features.priorities import PRIORITIES
from segcore.solution import Outliers, Scaler, Transform
from ui import state
from ui.choice import FeatureChoice
from ui.feature_groups import Tick
from ui.feature_values import advice, scaled_variance, spread_of
from ui.figures import escape
from ui.words import count, share

if TYPE_CHECKING:
    from segcore.intake import Intake

TRANSFORMS: Mapping[str, Transform] = {"Log": "log", "Power": "power"}
NONE = "–"
_FACTORS = {f"{name.capitalize()} × {factor:g}": factor for name, factor in PRIORITIES.items()}
_TITLES = {factor: title for title, factor in _FACTORS.items()}
_TRANSFORM_TITLES: Mapping[str, str] = {name: title for title, name in TRANSFORMS.items()}
_ROWS_SHOWN = 12
_HARDLY = 10.0  # per cent of the distances below which the numbers hardly decide anything


@dataclass(frozen=True, slots=True)
class Kept:
    """What was said of features, ticked or not: each tick's factor and transform where they are not the default."""

    factors: Mapping[str, float]
    transforms: Mapping[str, Transform]


def _name(taken: Intake) -> str:
    return f"weights.{taken.table}"


def kept(taken: Intake) -> Kept:
    """Return what was said so far."""
    found: Kept = state.recall(_name(taken), Kept({}, {}))
    return found


def seed(taken: Intake, chosen: FeatureChoice) -> None:
    """Take over a choice's weights and transforms where nothing was said in this session."""
    if state.recall(_name(taken)) is None:
        put(taken, chosen)


def put(taken: Intake, chosen: FeatureChoice) -> None:
    """Show a choice's weights and transforms, and no others."""
    _keep(taken, Kept(dict(chosen.weights), dict(chosen.transforms)))


def _keep(taken: Intake, said: Kept) -> None:
    """Keep what was said otherwise than in the table, which then begins anew."""
    state.remember(_name(taken), said)
    state.remember("weights.edition", state.recall("weights.edition", 0) + 1)


def weigh(
    taken: Intake, table: FeatureTable, ticked: Sequence[Tick], outliers: Outliers, scaler: Scaler
) -> tuple[tuple[tuple[str, float], ...], tuple[tuple[str, Transform], ...]]:
    """Draw the table and return the weights and transforms of the ticked features, in the features' order."""
    if not ticked:
        st.caption("Tick a feature to weigh it.")
        return (), ()
    st.caption(
        "A weight multiplies a feature after scaling: the segments follow features of high priority more. "
        "A log or power pulls in the long tail of a skewed feature before scaling, so that a few extreme customers do not decide."
    )
    said = _table(taken, table, ticked, outliers, scaler)
    _say(ticked, said)
    _compare_kinds(ticked, _counts_for(taken, table, ticked, said, outliers, scaler))
    _skewed(taken, table, ticked, said, outliers)
    factors = {name: said.factors[tick.key] for tick in ticked if tick.key in said.factors for name in tick.names}
    transforms = {tick.key: said.transforms[tick.key] for tick in ticked if tick.key in said.transforms}
    return (
        tuple((name, factors[name]) for name in table.names if name in factors),
        tuple((name, transforms[name]) for name in table.names if name in transforms),
    )


def _table(taken: Intake, table: FeatureTable, ticked: Sequence[Tick], outliers: Outliers, scaler: Scaler) -> Kept:
    said = kept(taken)
    numbers = any(tick.is_number for tick in ticked)
    rows = _rows(taken, table, ticked, said, outliers)
    rows.insert(3, "Counts for", _counts_for(taken, table, ticked, said, outliers, scaler))
    key = f"weights.{state.recall('weights.edition', 0)}.{digest([taken.table, [tick.key for tick in ticked]])[:12]}"
    edited = st.data_editor(
        rows if numbers else rows.drop(columns=["Transform", "Skewness", "Hint"]),
        key=key,
        hide_index=True,
        disabled=["Feature", "Counts for", "Skewness", "Hint"],
        height=38 + 35 * min(len(rows), _ROWS_SHOWN),
        placeholder="",
        column_config={
            "Hint": st.column_config.TextColumn("Skewed?", width="small"),
            "Priority": st.column_config.SelectboxColumn(options=[NONE, *_FACTORS], required=True, help="How much the segments follow it."),
            "Own factor": st.column_config.NumberColumn(
                min_value=0.01,
                max_value=1000.0,
                step=0.01,
                format="%g",
                help="In place of a priority, any factor above 0; below 1 it counts less.",
            ),
            "Counts for": st.column_config.NumberColumn(
                format="%.1f %%",
                help="Its share of the squared distances between customers, as scaled, transformed and weighed: what decides the segments.",
            ),
            "Transform": st.column_config.SelectboxColumn(
                options=[NONE, *TRANSFORMS],
                required=True,
                help="Log: the logarithm of 1 + its size, with its sign. Power: Yeo and Johnson's that comes closest to a bell curve.",
            ),
            "Skewness": st.column_config.NumberColumn(
                format="%.1f", help="0 is symmetric; above 1 a long tail to the right, below -1 to the left. As transformed."
            ),
        },
        alt="Priority, own factor and transform of each ticked feature",
    )
    return _read(taken, ticked, edited)


def _rows(taken: Intake, table: FeatureTable, ticked: Sequence[Tick], said: Kept, outliers: Outliers) -> pd.DataFrame:
    factors = [said.factors.get(tick.key, _of_names(said, tick)) for tick in ticked]
    skews = [
        spread_of(taken, table, tick.key, said.transforms.get(tick.key), outliers).skewness if tick.is_number else None for tick in ticked
    ]
    hints = [
        _hint(advice(taken, table, tick.key, outliers)) if tick.is_number and tick.key not in said.transforms else "" for tick in ticked
    ]
    return pd.DataFrame(
        {
            "Feature": [tick.title for tick in ticked],
            "Priority": [_TITLES.get(factor, NONE) for factor in factors],
            "Own factor": pd.array([None if factor == 1 or factor in _TITLES else factor for factor in factors], dtype="Float64"),
            "Transform": [_TRANSFORM_TITLES.get(said.transforms.get(tick.key, ""), NONE) for tick in ticked],
            "Skewness": pd.array(skews, dtype="Float64"),
            "Hint": hints,
        }
    )


def _counts_for(taken: Intake, table: FeatureTable, ticked: Sequence[Tick], said: Kept, outliers: Outliers, scaler: Scaler) -> list[float]:
    """Return the share of each tick in the squared distances between customers, in per cent."""
    variances = []
    for tick in ticked:
        transform = said.transforms.get(tick.key) if tick.is_number else None
        factor = said.factors.get(tick.key, _of_names(said, tick))
        variances.append(factor**2 * scaled_variance(taken, table, tick.names, transform, scaler, outliers))
    whole = sum(variances)
    return [100 * variance / whole if whole > 0 else 0.0 for variance in variances]


def _of_names(said: Kept, tick: Tick) -> float:
    """Return the factor of a column's dummies, where a choice named these rather than the column."""
    return next((said.factors[name] for name in tick.names if name in said.factors), 1.0)


def _hint(advised: Transform | None) -> str:
    return f"try a {advised}" if advised else ""


def _read(taken: Intake, ticked: Sequence[Tick], edited: pd.DataFrame) -> Kept:
    """Return what the table says, and keep it beside what was said of features that are not ticked now."""
    before = kept(taken)
    shown = {tick.key for tick in ticked} | {name for tick in ticked for name in tick.names}
    factors = {key: factor for key, factor in before.factors.items() if key not in shown}
    transforms = {key: word for key, word in before.transforms.items() if key not in shown}
    wrong = []
    for tick, line in zip(ticked, edited.to_dict("records"), strict=True):
        factor = _factor(line)
        if factor != 1:
            factors[tick.key] = factor
        word = TRANSFORMS.get(line.get("Transform", NONE))
        if word and tick.is_number:
            transforms[tick.key] = word
        elif word:
            wrong.append(tick.title)
    said = Kept(factors, transforms)
    state.remember(_name(taken), said)
    if wrong:
        st.warning(
            f"{escape(', '.join(wrong))}: each value is 0 or 1 already, which no log or power changes, so nothing is done there.",
            icon=":material/info:",
        )
    return said


def _factor(line: Mapping[Any, Any]) -> float:
    own = line["Own factor"]
    if own is not None and not pd.isna(own) and float(own) > 0:
        return float(own)
    return _FACTORS.get(line["Priority"], 1.0)


def _say(ticked: Sequence[Tick], said: Kept) -> None:
    """Say in one sentence which features are weighed."""
    weighed = [(tick.title, said.factors[tick.key]) for tick in ticked if tick.key in said.factors]
    if not weighed:
        return
    if len(weighed) == len(ticked) and len({factor for _, factor in weighed}) == 1:
        st.markdown("Every ticked feature has the same weight, so none counts for more than another.")
        return
    words = ", ".join(f"**{escape(title)}** × {factor:g}" for title, factor in sorted(weighed, key=lambda pair: -pair[1])[:8])
    more = f" and {len(weighed) - 8} more" if len(weighed) > 8 else ""
    st.markdown(f"Weighed: {words}{more}; everything else counts once.")


def _compare_kinds(ticked: Sequence[Tick], counts: Sequence[float]) -> None:
    """Say how much the numbers decide beside the categories, where there are both."""
    numbers = [part for tick, part in zip(ticked, counts, strict=True) if tick.is_number]
    if not numbers or len(numbers) == len(ticked):
        return
    others = len(ticked) - len(numbers)
    words = (
        f"The {count(len(numbers), 'number')} together {'counts' if len(numbers) == 1 else 'count'} for {share(sum(numbers) / 100)} of the "
        f"distances between customers, the {count(others, 'category', 'categories')} for {share(1 - sum(numbers) / 100)}."
    )
    if sum(numbers) < _HARDLY:
        words += " For the numbers to count for more: transform the skewed ones, give them a priority, or choose another scaling."
    st.caption(words)


def _skewed(taken: Intake, table: FeatureTable, ticked: Sequence[Tick], said: Kept, outliers: Outliers) -> None:
    """Offer to log all skewed features that a log helps, and to take all transforms back."""
    waiting = [
        tick for tick in ticked if tick.is_number and tick.key not in said.transforms and advice(taken, table, tick.key, outliers) == "log"
    ]
    transformed = [tick for tick in ticked if tick.key in said.transforms]
    if not waiting and not transformed:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        if waiting:
            label = "Log the skewed feature" if len(waiting) == 1 else f"Log all {len(waiting)} skewed features"
            st.button(
                label,
                key="weights.log",
                icon=":material/show_chart:",
                help=f"Of: {', '.join(escape(tick.title) for tick in waiting)}",
                on_click=_log,
                args=(taken, [tick.key for tick in waiting]),
            )
        if transformed:
            st.button(
                "Undo all transforms",
                key="weights.undo",
                icon=":material/undo:",
                help=f"Of: {', '.join(escape(tick.title) for tick in transformed)}",
                on_click=_undo,
                args=(taken, [tick.key for tick in transformed]),
            )
            st.markdown(f"{count(len(transformed), 'feature')} transformed; “Look closer” below shows before and after.", width="content")


def _log(taken: Intake, names: list[str]) -> None:
    said = kept(taken)
    _keep(taken, Kept(said.factors, {**said.transforms, **dict.fromkeys(names, TRANSFORMS["Log"])}))


def _undo(taken: Intake, names: list[str]) -> None:
    said = kept(taken)
    _keep(taken, Kept(said.factors, {name: word for name, word in said.transforms.items() if name not in names}))
