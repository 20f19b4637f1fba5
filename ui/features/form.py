"""Form for the features to cluster by, and for what is done to them before clustering."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from segcore.clustering.algorithms.registry import algorithms
from segcore.features.planning.defaults import SETTINGS
from segcore.features.planning.groups import Group, Tick, group_features
from segcore.features.planning.sets import DESCRIPTIONS, set_of, sets_of
from segcore.plots.theme import shortened
from segcore.records.feature_table import FeatureTable
from segcore.records.plan import Plan
from segcore.records.preparation import SCALERS, Outliers, Scaler
from segcore.wording.findings import sentence
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted, percent_text
from ui.features import weights as feature_weights
from ui.features.clustered_customers import draw_account, set_aside
from ui.features.prepared import draw_prepared
from ui.shell import cache, state
from ui.sweep.k_distance import plan_digest
from ui.widgets import parameters
from ui.widgets.table import draw_frame

if TYPE_CHECKING:
    from segcore.records.intake import Intake

_ICONS = {"default": ":material/restart_alt:", "kit": ":material/settings_backup_restore:", "minmax": ":material/straighten:"}
SCALER_TITLES = {"standard": "Standard", "minmax": "Min-max", "robust": "Robust", "none": "None"}
_SCALER_WORDS = {
    "standard": "Subtract each feature's mean and divide by its standard deviation: one unit is equally unusual in every feature.",
    "minmax": "Stretch each feature to 0 to 1: one extreme customer squeezes all others together.",
    "robust": "Subtract each feature's median and divide by its interquartile range: extreme customers stay extreme.",
    "none": "Leave the features as they are: those with large numbers decide everything.",
}
_BLOCK_WORDS = "The values of one category are scaled together, so a column with many values weighs no more than one with few."
_TASTE_WORDS = "Components, items and the dimensions of vectors are scaled together: those that vary most keep counting most."
_LABEL = 48  # letters of a label
_BOX_LETTERS = 8  # about the width of a box and the space to the next
_LONG = 700  # a group with more letters scrolls, so that the form stays in sight
_SCROLLED = 330  # pixels
SEARCHED = 24
"""With at least this many ticks, a search field is shown."""


def feature_form(taken: Intake, table: FeatureTable) -> Plan:
    """Draw the whole form, keep its plan for this session, and return it."""
    groups = cache.computed("groups", taken.table, lambda: group_features(table.dictionary, taken.kind))
    ticks = [tick for group in groups for tick in group.ticks]
    _seed(taken, table, ticks)
    _presets(taken, table)
    summary = st.container()
    _ticks(taken, table, groups)
    _draw_left_out(taken, table)
    ticked = [tick for tick in ticks if state.widget(_tick_key(taken, tick))]
    names = {name for tick in ticked for name in tick.names}
    features = tuple(name for name in table.names if name in names)
    st.header("Weigh and transform", anchor=False)
    rule: Outliers = "kit" if taken.kind == "transactions" and state.widget("features.outliers") else "none"
    ideas = state.plan().ideas
    scaler_now: Scaler = state.widget("features.scaler") or "standard"
    weights, transforms = feature_weights.weigh(taken, table, ticked, rule, scaler_now, ideas == "once")
    st.header("Before clustering", anchor=False)
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True, height="stretch"):
        scaler = _scaling(ticked, table)
    with right, st.container(border=True, height="stretch"):
        outliers = _outlier_rule(taken, table)
    with st.expander("Advanced: copies and seed", icon=":material/tune:"):
        repeats, seed = _advanced()
    plan = Plan(features, outliers, scaler, transforms, weights, ideas, repeats, seed).with_features(features)
    state.keep_plan(plan)
    draw_account(taken, table, plan)
    _summary(summary, plan, taken, table)
    return plan


def _tick_key(taken: Intake, tick: Tick) -> str:
    return f"tick.{taken.table[:12]}.{tick.key}"


def _ticks_of(taken: Intake, table: FeatureTable) -> list[Tick]:
    return [tick for group in group_features(table.dictionary, taken.kind) for tick in group.ticks]


def _seed(taken: Intake, table: FeatureTable, ticks: list[Tick]) -> None:
    kept = state.plan()
    features = set(kept.features)
    for tick in ticks:
        state.seed_widget(_tick_key(taken, tick), not features.isdisjoint(tick.names))
    feature_weights.seed(taken, table, kept)
    state.seed_widget("features.scaler", kept.scaler)
    state.seed_widget("features.outliers", kept.outliers == "kit")
    state.seed_widget("features.repeats", kept.repeats)
    state.seed_widget("features.seed", kept.seed)


def show(plan: Plan, taken: Intake, table: FeatureTable) -> None:
    """Set every widget of the form to a plan; a callback."""
    features = set(plan.features)
    for tick in _ticks_of(taken, table):
        state.set_widget(_tick_key(taken, tick), not features.isdisjoint(tick.names))
    feature_weights.put(taken, table, plan)
    state.set_widget("features.scaler", plan.scaler)
    state.set_widget("features.outliers", plan.outliers == "kit")
    state.set_widget("features.repeats", plan.repeats)
    state.set_widget("features.seed", plan.seed)
    state.keep_plan(plan)


def _show_preset(name: str, taken: Intake, table: FeatureTable) -> None:
    from segcore.features.planning.sets import feature_names

    _tick_only(feature_names(table, name, taken.kind) if name else (), taken, table)


def _tick_only(features: tuple[str, ...], taken: Intake, table: FeatureTable) -> None:
    """Tick exactly these features; the weights of the others are kept in case they are ticked again."""
    for tick in _ticks_of(taken, table):
        state.set_widget(_tick_key(taken, tick), not set(features).isdisjoint(tick.names))
    state.keep_plan(state.plan().with_features(features))


def untick(feature: str, taken: Intake, table: FeatureTable) -> None:
    """Untick one feature; a callback."""
    _tick_only(tuple(name for name in state.plan().features if name != feature), taken, table)


def use_setting(name: str, taken: Intake, table: FeatureTable) -> None:
    """Set features, what is done to them, and all grids to a setting; a callback."""
    plan = SETTINGS[name].plan(table, taken.kind)
    show(plan, taken, table)
    for spec in algorithms():
        if name == "kit":
            parameters.set_grid(spec, dict(spec.benchmark_grid().axes), salt=plan_digest(plan, taken))
        else:
            parameters.set_grid(spec, dict(spec.default_grid().axes))


def _presets(taken: Intake, table: FeatureTable) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Tick a set:", width="content")
        for name in sets_of(taken.kind):
            title, words = DESCRIPTIONS[name]
            words = f"{words[:1].upper()}{words[1:]}."
            st.button(title, key=f"preset.{name}", help=words, on_click=_show_preset, args=(name, taken, table))
        st.button("None", key="preset.none", on_click=_show_preset, args=("", taken, table), help="Untick everything.")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Or a whole setting:", width="content")
        for name, setting in SETTINGS.items():
            if taken.kind in setting.kinds:
                st.button(
                    f"Use {setting.title}",
                    key=f"setting.{name}",
                    icon=_ICONS[name],
                    help=setting.words,
                    on_click=use_setting,
                    args=(name, taken, table),
                )


def _ticks(taken: Intake, table: FeatureTable, groups: tuple[Group, ...]) -> None:
    wanted = _search(groups, taken.kind)
    shown = [
        (group, [tick for tick in group.ticks if wanted in f"{tick.label} {tick.title} {tick.key} {group.title}".lower()])
        for group in groups
    ]
    shown = [(group, ticks) for group, ticks in shown if ticks]
    if not shown:
        st.caption("No feature has that name. The ticks are unchanged.")
    for first in range(0, len(shown), 2):
        pair = shown[first : first + 2]
        for column, (group, ticks) in zip(st.columns(len(pair), gap="medium"), pair, strict=True):
            with column, st.container(border=True, height="stretch"):
                _group(taken, group, ticks)


def _search(groups: tuple[Group, ...], kind: str) -> str:
    number = sum(len(group.ticks) for group in groups)
    if number < SEARCHED:
        return ""
    kept = state.recall("features.find", "")
    state.seed_widget("features.find", kept)
    what = "column" if kind == "customers" else "feature"
    found = st.text_input(
        f"Find a {what}", key="features.find", placeholder=f"Part of the name, among {number} {what}s", icon=":material/search:", width=320
    )
    state.remember("features.find", found)
    return found.strip().lower()


def _group(taken: Intake, group: Group, ticks: list[Tick]) -> None:
    keys = [_tick_key(taken, tick) for tick in group.ticks]
    ticked = sum(bool(state.widget(key)) for key in keys)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{escape(group.title)}** · {ticked} of {len(keys)}", width="content")
        if len(keys) > 1:
            label = "Untick all" if ticked == len(keys) else "Tick all"
            st.button(
                f"{label} *of {escape(group.title)}*",  # the style sheet hides the end, which is for screen readers
                key=f"group.{taken.table[:12]}.{group.title}",
                type="tertiary",
                help=escape(f"{label} of: {group.title}"),
                on_click=_set_all,
                args=(keys, ticked < len(keys)),
            )
    st.caption(escape(group.caption))
    labels = [shortened(tick.label, _LABEL) for tick in ticks]
    is_long = sum(len(label) + _BOX_LETTERS for label in labels) > _LONG
    with st.container(height=_SCROLLED if is_long else "content", border=False), st.container(horizontal=True, gap="small"):
        for tick, label in zip(ticks, labels, strict=True):
            st.checkbox(
                escape(label), key=_tick_key(taken, tick), width="content", help=escape(tick.label) if label != tick.label else None
            )


def _set_all(keys: list[str], ticked: bool) -> None:
    for key in keys:
        state.set_widget(key, ticked)


def _draw_left_out(taken: Intake, table: FeatureTable) -> None:
    """Draw which columns are not features, the reason, and a link to change it."""
    rows = left_out(taken, table)
    if rows.empty:
        return
    with st.expander(f"Columns that are not features, and why ({len(rows):,})", icon=":material/block:"):
        draw_frame(
            rows,
            hide_index=True,
            height=38 + 35 * min(len(rows), 8),
            column_config={"Why": st.column_config.TextColumn(width="large")},
            alt="Columns that are not features, and why",
        )
        st.page_link("pages/data.py", label="Change the use of columns on the Data screen", icon=":material/table_view:")


def left_out(taken: Intake, table: FeatureTable) -> pd.DataFrame:
    """Return the columns that are not features: name, use and reason."""
    if taken.uses:
        words = {"id": "customer id", "profile": "carried along, shown for each segment", "dropped": "left out"}
        found = [(use.column, words[use.use], sentence(use.reason, "screen")) for use in taken.uses if use.use in words]
    else:
        found = [
            (
                entry.title,
                "carried along, shown for each segment" if entry.name in table.profile else "left out",
                sentence(entry.dropped, "screen"),
            )
            for entry in table.dictionary
            if entry.dropped
        ]
    return pd.DataFrame(found, columns=["Column", "Used as", "Why"])


def _scaling(ticked: list[Tick], table: FeatureTable) -> Scaler:
    picked = st.segmented_control("Scaling", SCALERS, key="features.scaler", required=True, format_func=lambda name: SCALER_TITLES[name])
    scaler: Scaler = picked or "standard"
    st.caption(_SCALER_WORDS[scaler])
    tastes = table.learned_names
    if scaler != "none" and any(len(tick.names) > 1 and tick.names[0] not in tastes for tick in ticked):
        st.caption(_BLOCK_WORDS)
    if scaler != "none" and any(tick.names[0] in tastes for tick in ticked):
        st.caption(_TASTE_WORDS)
    return scaler


def _outlier_rule(taken: Intake, table: FeatureTable) -> Outliers:
    if taken.kind != "transactions":
        st.markdown("**Outlier rule**")
        st.caption("The Intel kit's rule needs transactions: it uses amount, recency and number of lines. All customers are clustered.")
        return "none"
    asked = st.toggle("Set outliers aside by the Intel kit's rule", key="features.outliers")
    customers, revenue = set_aside(taken, table)
    lost = f"{counted(customers, 'customer')} ({percent_text(customers / len(table))})"
    money = f" with {percent_text(revenue)} of the revenue" if revenue is not None else ""
    if asked:
        st.caption(f"{lost}{money} {'is' if customers == 1 else 'are'} left out. They can still be scored and exported, with a mark.")
    else:
        st.caption(f"Off: all customers are clustered. The rule would leave out {lost}{money}.")
    if revenue is not None and customers and revenue > 2 * customers / len(table):
        st.caption("They spend more than twice as much as the average customer: the rule removes the best ones.")
    return "kit" if asked else "none"


def _advanced() -> tuple[int, int]:
    left, right = st.columns(2, gap="medium")
    repeats = left.number_input(
        "Copies of each customer",
        min_value=1,
        max_value=1000,
        step=1,
        key="features.repeats",
        help="To test the engines on more rows, like the Intel kit's --repeats. Copies get a little noise. 1 means no copies.",
    )
    seed = right.number_input("Seed", min_value=0, max_value=2**31 - 1, step=1, key="features.seed", help="Seed of every random draw.")
    return int(repeats), int(seed)


def _summary(place: st.delta_generator.DeltaGenerator, plan: Plan, taken: Intake, table: FeatureTable) -> None:
    """Draw what is ticked, and what is done to it unasked."""
    if not plan.features:
        place.warning("Tick at least one feature.", icon=":material/checklist:")
        return
    name = set_of(plan.features, table, taken.kind)
    preset = f", the set “{DESCRIPTIONS[name][0]}”: {DESCRIPTIONS[name][1]}" if name and taken.kind == "transactions" else ""
    place.markdown(f"**{len(plan.features)} of {counted(len(table.names), 'feature')} ticked**{preset}.")
    with place:
        draw_prepared(taken, table, plan)
