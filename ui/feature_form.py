"""Tick features, and say what is done with their table before the clustering."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from segcore.algorithms import ALGORITHMS
from segcore.dataset import FeatureTable
from segcore.errors import SegcoreError
from segcore.solution import SCALERS, Outliers, Scaler
from ui import cache, forms, state
from ui.choice import FeatureChoice, default_choice, kit_choice, preset_name
from ui.distances import choice_digest
from ui.feature_groups import Group, group_features
from ui.words import count, share

if TYPE_CHECKING:
    from segcore.intake import Intake

PRESETS = (("behaviour", "Behaviour"), ("kit", "The Intel kit's 21"), ("small", "The kit's small 3"), ("all", "All"))
_PRESET_WORDS = {
    "behaviour": "recency, invoices, log spend, basket value, days between orders and the shares of the weekdays",
    "kit": "exactly what the Intel customer segmentation kit clusters on",
    "small": "the kit's amount, number of lines and recency",
    "all": "every numeric feature there is",
}
_SETTINGS = (
    (
        "kit",
        "Use the Intel kit's setting",
        ":material/settings_backup_restore:",
        "The kit's 21 features, its outlier rule, standard scaling, and its grids on the Sweep screen, in one click.",
    ),
    (
        "defaults",
        "Use segcore's defaults",
        ":material/restart_alt:",
        "The behaviour features, no outlier rule, standard scaling, and 2 to 12 segments with ten starts each.",
    ),
)
SCALER_TITLES = {"standard": "Standard", "minmax": "Min-max", "robust": "Robust", "none": "None"}
_SCALER_WORDS = {
    "standard": "Each feature less its mean, divided by its standard deviation: one unit means equally unusual in every feature.",
    "minmax": "Each feature stretched from 0 to 1: one extreme customer presses all others together.",
    "robust": "Each feature less its median, divided by its interquartile range: extreme customers stay extreme.",
    "none": "The features as they are: those with large numbers decide everything.",
}


def feature_form(taken: Intake, table: FeatureTable) -> FeatureChoice:
    """Draw the whole form and return what it says; it is kept as the session's choice."""
    groups = group_features(table.dictionary, taken.kind)
    _seed(taken, groups)
    _presets(taken, table)
    summary = st.empty()
    _ticks(taken, groups)
    features = tuple(name for name in table.names if state.widget(_tick_key(taken, name)))
    st.header("Before the clustering", anchor=False)
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True, height="stretch"):
        picked = st.segmented_control(
            "Scaling", SCALERS, key="features.scaler", required=True, format_func=lambda name: SCALER_TITLES[name]
        )
        scaler: Scaler = picked or "standard"
        st.caption(_SCALER_WORDS[scaler])
    with right, st.container(border=True, height="stretch"):
        outliers = _outlier_rule(taken, table)
    with st.expander("Advanced: repeats and seed", icon=":material/tune:"):
        repeats, seed = _advanced()
    chosen = FeatureChoice(features=features, outliers=outliers, scaler=scaler, repeats=repeats, seed=seed)
    state.choose(chosen)
    _summary(summary, chosen, taken, table)
    return chosen


def _tick_key(taken: Intake, name: str) -> str:
    return f"tick.{taken.table[:12]}.{name}"


def _seed(taken: Intake, groups: tuple[Group, ...]) -> None:
    kept = state.choice()
    for group in groups:
        for name in group.names:
            state.seed_widget(_tick_key(taken, name), name in kept.features)
    state.seed_widget("features.scaler", kept.scaler)
    state.seed_widget("features.outliers", kept.outliers == "kit")
    state.seed_widget("features.repeats", kept.repeats)
    state.seed_widget("features.seed", kept.seed)


def show(chosen: FeatureChoice, taken: Intake, table: FeatureTable) -> None:
    """Set every widget of the form to a choice; a callback."""
    for name in table.names:
        state.set_widget(_tick_key(taken, name), name in chosen.features)
    state.set_widget("features.scaler", chosen.scaler)
    state.set_widget("features.outliers", chosen.outliers == "kit")
    state.set_widget("features.repeats", chosen.repeats)
    state.set_widget("features.seed", chosen.seed)
    state.choose(chosen)


def _show_preset(name: str, taken: Intake, table: FeatureTable) -> None:
    from segcore.features import feature_names

    show(replace(state.choice(), features=feature_names(table, name, taken.kind)), taken, table)


def use_setting(name: str, taken: Intake, table: FeatureTable) -> None:
    """Set features, outlier rule, scaling and all grids to the Intel kit's or to the app's own; a callback."""
    chosen = kit_choice(table, taken.kind) if name == "kit" else default_choice(table, taken.kind)
    show(chosen, taken, table)
    for spec in ALGORITHMS:
        if name == "kit":
            forms.set_grid(spec, dict(spec.default_grid().axes), salt=choice_digest(chosen, taken))
        else:
            forms.set_grid(spec, forms.app_grid(spec))


def _presets(taken: Intake, table: FeatureTable) -> None:
    of_kind = PRESETS if taken.kind == "transactions" else (("all", "All"),)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Tick a set:", width="content")
        for name, title in of_kind:
            words = f"{_PRESET_WORDS[name].capitalize()}."
            st.button(title, key=f"preset.{name}", help=words, on_click=_show_preset, args=(name, taken, table))
        empty = replace(state.choice(), features=())
        st.button("None", key="preset.none", on_click=show, args=(empty, taken, table), help="Untick everything.")
    if taken.kind != "transactions":
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("Or a whole setting:", width="content")
        for name, title, icon, words in _SETTINGS:
            st.button(title, key=f"setting.{name}", icon=icon, help=words, on_click=use_setting, args=(name, taken, table))


def _ticks(taken: Intake, groups: tuple[Group, ...]) -> None:
    for first in range(0, len(groups), 2):
        pair = groups[first : first + 2]
        for column, group in zip(st.columns(len(pair), gap="medium"), pair, strict=True):
            with column, st.container(border=True, height="stretch"):
                ticked = sum(bool(state.widget(_tick_key(taken, name))) for name in group.names)
                st.markdown(f"**{group.title}** · {ticked} of {len(group.names)}")
                st.caption(group.caption)
                with st.container(horizontal=True, gap="small"):
                    for name, label in zip(group.names, group.labels, strict=True):
                        st.checkbox(label, key=_tick_key(taken, name), width="content")


def _outlier_rule(taken: Intake, table: FeatureTable) -> Outliers:
    if taken.kind != "transactions":
        st.markdown("**Outlier rule**")
        st.caption("The Intel kit's rule needs transactions: it looks at amount, recency and number of lines.")
        return "none"
    asked = st.toggle("Set outliers aside, as the Intel kit does", key="features.outliers")
    customers, revenue = set_aside(taken, table)
    lost = f"{count(customers, 'customer')} ({share(customers / len(table))})"
    money = f" with {share(revenue)} of the revenue" if revenue is not None else ""
    if asked:
        st.caption(
            f"{lost}{money} {'is' if customers == 1 else 'are'} left out of the clustering. They can still be scored and exported, marked."
        )
    else:
        st.caption(f"Off: everyone is clustered. The rule would leave out {lost}{money}.")
    if revenue is not None and customers and revenue > 2 * customers / len(table):
        st.caption("They buy for more than twice as much as the average customer: the rule takes the best ones away.")
    return "kit" if asked else "none"


def set_aside(taken: Intake, table: FeatureTable) -> tuple[int, float | None]:
    """Return how many customers the outlier rule leaves out, and their share of the revenue."""

    def build() -> tuple[int, float | None]:
        from segcore.features.assemble import assemble

        try:
            found = assemble(table, table.names[:1], outliers="kit", repeats=1, seed=0)
        except SegcoreError:
            return 0, None
        return found.set_aside_customers, found.set_aside_revenue_share

    return cache.computed("set_aside", taken.table, build)


def _advanced() -> tuple[int, int]:
    left, right = st.columns(2, gap="medium")
    repeats = left.number_input(
        "Copies of each customer",
        min_value=1,
        max_value=1000,
        step=1,
        key="features.repeats",
        help="Only to try the engines on more rows, as the Intel kit's --repeats does: copies get a little noise. 1 is no copies.",
    )
    seed = right.number_input("Seed", min_value=0, max_value=2**31 - 1, step=1, key="features.seed", help="Of every random draw.")
    return int(repeats), int(seed)


def _summary(place: st.delta_generator.DeltaGenerator, chosen: FeatureChoice, taken: Intake, table: FeatureTable) -> None:
    if not chosen.features:
        place.warning("Tick at least one feature.", icon=":material/checklist:")
        return
    name = preset_name(chosen, table, taken.kind)
    preset = f", the set “{dict(PRESETS)[name]}”: {_PRESET_WORDS[name]}" if name and taken.kind == "transactions" else ""
    place.markdown(f"**{len(chosen.features)} of {count(len(table.names), 'feature')} ticked**{preset}.")
