"""Weights and transforms of the ticked features, in one table with one row per tick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
import streamlit as st

from segcore.features.planning.groups import Tick
from segcore.features.planning.priorities import PRIORITIES
from segcore.records.feature_table import FeatureTable
from segcore.records.plan import Plan
from segcore.records.preparation import Outliers, Scaler, Transform
from segcore.system.digests import digest
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted, percent_text
from ui.features.values import advice, catch_up, ideas, scaled_variances, spread_of
from ui.shell import state
from ui.widgets.table import visible_frame

if TYPE_CHECKING:
    from segcore.records.intake import Intake

TRANSFORMS: Mapping[str, Transform] = {"Log": "log", "Power": "power"}
NONE = "–"
_WORDS = {word.capitalize(): word for word in PRIORITIES}
_TRANSFORM_TITLES: Mapping[str, str] = {name: title for title, name in TRANSFORMS.items()}
_ROWS_SHOWN = 12
_NAMED = 8
_HARDLY = 10.0  # per cent of the distances; below it, the numbers hardly decide anything


@dataclass(frozen=True, slots=True)
class Kept:
    """Weights and transforms of features, ticked or not.

    Parameters
    ----------
    priorities : mapping of tick or feature to str or float
        One of ``PRIORITIES``, or a factor; without either, the feature counts once.
    transforms : mapping of feature to {"log", "power", ""}
        "" where the analyst wants none.
    automatic : bool
        Whether the other skewed features are transformed as suggested.
    """

    priorities: Mapping[str, str | float]
    transforms: Mapping[str, Transform | Literal[""]]
    automatic: bool = False

    def priority(self, tick: Tick) -> str | float:
        """Return the priority of a tick, or of its dummies if those were chosen."""
        return next((self.priorities[name] for name in (tick.key, *tick.names) if name in self.priorities), 1.0)

    def transform(self, tick: Tick) -> Transform | None:
        """Return the transform of a tick."""
        return self.transforms.get(tick.key) or None if tick.is_number else None


def _name(taken: Intake) -> str:
    return f"weights.{taken.table}"


def kept(taken: Intake) -> Kept:
    """Return the choices so far."""
    found: Kept = state.recall(_name(taken), Kept({}, {}))
    return found


def seed(taken: Intake, table: FeatureTable, plan: Plan) -> None:
    """Use a plan's weights and transforms unless some were set in this session."""
    if state.recall(_name(taken)) is None:
        put(taken, table, plan)


def put(taken: Intake, table: FeatureTable, plan: Plan) -> None:
    """Show exactly a plan's weights and transforms; if those are the suggested ones, features ticked later are transformed too."""
    numbers = {entry.name for entry in table.dictionary if entry.kind == "number"}
    advised = _advised_logs(taken, table, [name for name in plan.features if name in numbers], plan.outliers)
    automatic = dict(plan.transforms) == advised
    _keep(taken, Kept(dict(plan.weights), {} if automatic else dict(plan.transforms), automatic))


def transform_skewed(taken: Intake, automatic: bool) -> None:
    """Log skewed features, or transform none; a callback."""
    said = kept(taken)
    _keep(taken, Kept(said.priorities, {name: word for name, word in said.transforms.items() if automatic and word}, automatic))


def _keep(taken: Intake, said: Kept) -> None:
    """Keep choices made outside the table, which is then rebuilt."""
    state.remember(_name(taken), said)
    state.remember("weights.edition", state.recall("weights.edition", 0) + 1)


def weigh(
    taken: Intake, table: FeatureTable, ticked: Sequence[Tick], outliers: Outliers, scaler: Scaler, ideas_once: bool
) -> tuple[dict[str, float], dict[str, Transform]]:
    """Draw the table and return the weights and transforms of the ticked features, in the features' order."""
    if not ticked:
        st.caption("Tick a feature to weigh it.")
        return {}, {}
    st.caption(
        "A weight multiplies a feature after scaling, so the segments follow features of high priority more. "
        "A log or power shortens the long tail of a skewed feature before scaling, so that a few extreme customers do not decide."
    )
    key = f"weights.{state.recall('weights.edition', 0)}.{digest([taken.table, [tick.key for tick in ticked]])[:12]}"
    edited, wrong = _edited(kept(taken), ticked, state.widget(key))
    state.remember(_name(taken), edited)
    said = _with_advice(edited, taken, table, ticked, outliers)
    transforms = {tick.key: word for tick in ticked if (word := said.transform(tick))}
    tastes = table.learned_names
    together = tuple(name for tick in ticked for name in tick.names if name in tastes)
    spreads = [
        scaled_variances(taken, table, tick.names, said.transform(tick), scaler, outliers, together if tick.names[0] in tastes else ())
        for tick in ticked
    ]
    factors = _factors(table, ticked, said, [float(found.sum()) for found in spreads])
    once = _idea_factors(taken, table, ticked, transforms, outliers) if ideas_once else {}
    parts = [np.array([once.get(name, 1.0) for name in tick.names]) for tick in ticked]
    shares = _shares(factors, [float((part**2 * found).sum()) for part, found in zip(parts, spreads, strict=True)])
    _table(key, _rows(taken, table, ticked, said, shares, outliers), has_numbers=any(tick.is_number for tick in ticked))
    vectors = [tick.title for tick in ticked if tick.names[0] in table.dimensions]
    _say(ticked, said, factors, [title for title in wrong if title not in vectors])
    if not set(vectors).isdisjoint(wrong):
        st.warning("Vectors are not transformed: how far apart two of them are means something as it is.", icon=":material/info:")
    if all(tick.is_number or tick.names[0] not in tastes for tick in ticked):
        _compare_kinds(ticked, shares)
    _skewed(taken, table, ticked, said, outliers)
    weights = {name: factor for tick, factor in zip(ticked, factors, strict=True) for name in tick.names if factor != 1}
    return (
        {name: weights[name] for name in table.names if name in weights},
        {name: transforms[name] for name in table.names if name in transforms},
    )


def _with_advice(said: Kept, taken: Intake, table: FeatureTable, ticked: Sequence[Tick], outliers: Outliers) -> Kept:
    """Return the choices with a log of the skewed features that are left to us: see ``advised_transforms``."""
    if not said.automatic:
        return said
    left = [tick.key for tick in ticked if tick.is_number and tick.key not in said.transforms]
    return replace(said, transforms={**said.transforms, **_advised_logs(taken, table, left, outliers)})


def _advised_logs(taken: Intake, table: FeatureTable, numbers: Sequence[str], outliers: Outliers) -> dict[str, Transform]:
    return {name: "log" for name in numbers if advice(taken, table, name, outliers) == "log"}


def _idea_factors(
    taken: Intake, table: FeatureTable, ticked: Sequence[Tick], transforms: Mapping[str, Transform], outliers: Outliers
) -> dict[str, float]:
    names = {name for tick in ticked for name in tick.names}
    features = tuple(name for name in table.names if name in names)
    plan = Plan(features, outliers, transforms={name: transforms[name] for name in features if name in transforms})
    return {name: idea.factor for idea in ideas(taken, table, plan) for name in idea.features}


def _edited(said: Kept, ticked: Sequence[Tick], held: Mapping[str, Any] | None) -> tuple[Kept, list[str]]:
    """Return the choices with the changed cells applied, and the titles of features that cannot be transformed.

    Parameters
    ----------
    held : mapping or None
        State of the table's widget: ``edited_rows`` has the changed cells by position and column.
    """
    priorities, transforms = dict(said.priorities), dict(said.transforms)
    wrong = []
    for position, cells in (held or {}).get("edited_rows", {}).items():
        tick = ticked[int(position)]
        priority = said.priority(tick)
        word = _WORDS.get(cells["Priority"]) if "Priority" in cells else priority if isinstance(priority, str) else None
        own = cells["Own factor"] if "Own factor" in cells else None if isinstance(priority, str) else priority
        for name in (tick.key, *tick.names):
            priorities.pop(name, None)
        if own is not None and own > 0 and own != 1:
            priorities[tick.key] = float(own)
        elif word:
            priorities[tick.key] = word
        asked = TRANSFORMS.get(cells["Transform"]) if "Transform" in cells else None
        if asked and not tick.is_number:
            wrong.append(tick.title)
        elif "Transform" in cells:
            transforms[tick.key] = asked or ""
    return replace(said, priorities=priorities, transforms=transforms), wrong


def _factors(table: FeatureTable, ticked: Sequence[Tick], said: Kept, variances: Sequence[float]) -> list[float]:
    """Return the factor of each tick; a priority first raises a feature of little spread to the average one."""
    ahead = catch_up(table, ticked, variances)
    found = []
    for tick, raised in zip(ticked, ahead, strict=True):
        priority = said.priority(tick)
        found.append(PRIORITIES[priority] * raised if isinstance(priority, str) else priority)
    return found


def _shares(factors: Sequence[float], variances: Sequence[float]) -> list[float]:
    """Return the share of each tick in the squared distances between customers, in per cent."""
    weighed = [factor**2 * variance for factor, variance in zip(factors, variances, strict=True)]
    whole = sum(weighed)
    return [100 * one / whole if whole > 0 else 0.0 for one in weighed]


def _table(key: str, rows: pd.DataFrame, *, has_numbers: bool) -> None:
    words = ", ".join(f"{word} {factor:g}" for word, factor in PRIORITIES.items())
    st.data_editor(
        visible_frame(rows if has_numbers else rows.drop(columns=["Transform", "Skewness", "Hint"])),
        key=key,
        hide_index=True,
        disabled=["Feature", "Counts for", "Skewness", "Hint"],
        height=38 + 35 * min(len(rows), _ROWS_SHOWN),
        placeholder="",
        column_config={
            "Priority": st.column_config.SelectboxColumn(
                options=[NONE, *_WORDS],
                required=True,
                help=f"Weight as a multiple of an average feature: {words}. A feature that hardly varies is raised to the average first.",
            ),
            "Own factor": st.column_config.NumberColumn(
                min_value=0.01,
                max_value=1000.0,
                step=0.01,
                format="%g",
                help="Instead of a priority: a factor above 0 that multiplies the scaled feature. Below 1, it counts less.",
            ),
            "Counts for": st.column_config.NumberColumn(
                format="%.1f %%",
                help="Share of the squared distances between customers, after transform, scaling and weights. This decides the segments.",
            ),
            "Transform": st.column_config.SelectboxColumn(
                options=[NONE, *TRANSFORMS],
                required=True,
                help="Log: the logarithm of 1 + the absolute value, keeping the sign. Power: Yeo–Johnson, closest to a bell curve.",
            ),
            "Skewness": st.column_config.NumberColumn(
                format="%.1f", help="After the transform. 0 is symmetric; above 1 means a long tail to the right, below -1 to the left."
            ),
            "Hint": st.column_config.TextColumn("Skewed?", width="small"),
        },
        alt="Priority, own factor and transform of each ticked feature",
    )


def _rows(
    taken: Intake, table: FeatureTable, ticked: Sequence[Tick], said: Kept, shares: Sequence[float], outliers: Outliers
) -> pd.DataFrame:
    priorities = [said.priority(tick) for tick in ticked]
    skews = [spread_of(taken, table, tick.key, said.transform(tick), outliers).skewness if tick.is_number else None for tick in ticked]
    hints = [_hint(advice(taken, table, tick.key, outliers)) if tick.is_number and not said.transform(tick) else "" for tick in ticked]
    return pd.DataFrame(
        {
            "Feature": [tick.title for tick in ticked],
            "Priority": [priority.capitalize() if isinstance(priority, str) else NONE for priority in priorities],
            "Own factor": pd.array([None if isinstance(one, str) or one == 1 else one for one in priorities], dtype="Float64"),
            "Counts for": list(shares),
            "Transform": [_TRANSFORM_TITLES.get(said.transform(tick) or "", NONE) for tick in ticked],
            "Skewness": pd.array(skews, dtype="Float64"),
            "Hint": hints,
        }
    )


def _hint(advised: Transform | None) -> str:
    return f"try a {advised}" if advised else ""


def _say(ticked: Sequence[Tick], said: Kept, factors: Sequence[float], wrong: Sequence[str]) -> None:
    """Draw which features are weighted, and which cannot be transformed."""
    if wrong:
        st.warning(
            f"{escape(', '.join(wrong))}: all values are 0 or 1, so a log or power would change nothing.",
            icon=":material/info:",
        )
    weighed = [(tick, factor) for tick, factor in zip(ticked, factors, strict=True) if factor != 1]
    if not weighed:
        return
    if len({said.priority(tick) for tick in ticked}) == 1 and not isinstance(said.priority(ticked[0]), str):
        st.markdown("All ticked features have the same weight.")
        return
    weighed.sort(key=lambda pair: -pair[1])
    words = ", ".join(f"**{escape(tick.title)}** × {factor:.3g}{_word(said.priority(tick))}" for tick, factor in weighed[:_NAMED])
    more = f" and {len(weighed) - _NAMED} more" if len(weighed) > _NAMED else ""
    st.markdown(f"Weighted: {words}{more}. All other features count once.")


def _word(priority: str | float) -> str:
    return f" ({priority})" if isinstance(priority, str) else ""


def _compare_kinds(ticked: Sequence[Tick], counts: Sequence[float]) -> None:
    """Draw how much numbers and categories decide, if there are both."""
    numbers = [part for tick, part in zip(ticked, counts, strict=True) if tick.is_number]
    if not numbers or len(numbers) == len(ticked):
        return
    others = len(ticked) - len(numbers)
    part, count = sum(numbers) / 100, "counts" if len(numbers) == 1 else "count"
    words = (
        f"The {counted(len(numbers), 'number')} together {count} for {percent_text(part)} of the distances between customers, the "
        f"{counted(others, 'category', 'categories')} for {percent_text(1 - part)}."
    )
    if sum(numbers) < _HARDLY:
        words += " To make the numbers count for more, transform skewed ones, give them a priority, or choose another scaling."
    st.caption(words)


def _skewed(taken: Intake, table: FeatureTable, ticked: Sequence[Tick], said: Kept, outliers: Outliers) -> None:
    """Draw the button to log all skewed features that a log helps."""
    untouched = [tick for tick in ticked if tick.is_number and not said.transform(tick)]
    logs = _advised_logs(taken, table, [tick.key for tick in untouched], outliers)
    waiting = [tick for tick in untouched if tick.key in logs]
    if not waiting:
        return
    label = "Log the skewed feature" if len(waiting) == 1 else f"Log all {len(waiting)} skewed features"
    st.button(
        label,
        key="weights.log",
        icon=":material/show_chart:",
        help=f"Features: {', '.join(escape(tick.title) for tick in waiting)}",
        on_click=transform_skewed,
        args=(taken, True),
    )
