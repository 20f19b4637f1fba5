"""Choice of a sweep's solution, by a list, a click or the address; and its numbers in one line."""

from __future__ import annotations

import streamlit as st

from segcore.clustering.algorithms.registry import algorithm
from segcore.records.solution import Solution
from segcore.records.sweep import Sweep
from segcore.store.store import Store
from segcore.sweeps.points import PointRow, metric, point_rows, recommended_position, same_segments, why_shown
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted, number_text, percent_text, seconds_text, two_decimals
from ui.shell import state
from ui.shell.page import end_page, link
from ui.shell.sweep_data import find_solution
from ui.widgets.select import select


def follow_clicks(sweep: Sweep, keys: tuple[str, ...]) -> None:
    """Choose the solution that was clicked in a figure of this page, before the page is drawn."""
    for key in keys:
        position = state.new_click(key)
        if position is not None and 0 <= position < len(sweep.solutions):
            state.choose_point(sweep.id, position)


def pick_point(sweep: Sweep) -> PointRow:
    """Draw the list of solutions and return the chosen one."""
    rows, same = point_rows(sweep), same_segments(sweep)
    chosen = state.chosen_point(sweep)
    recommended = recommended_position(sweep)
    select(
        "Solution",
        range(len(rows)),
        key=f"point.{sweep.id[:12]}",
        value=chosen,
        format_func=lambda position: _option(rows[position], recommended, same[position]),
        on_choice=lambda position: state.choose_point(sweep.id, position),
        help="Everything below follows this choice. You can also click a solution in a figure.",
    )
    why = "" if state.is_chosen(sweep) else why_shown(sweep)
    if why:
        st.caption(escape(why))
    # Before there is an answer, the best solution so far is only shown; in the address it would count as chosen for good.
    found = sweep.recommendation
    state.show_link(sweep.id, chosen if found is not None and found.outcome is not None else None)
    return rows[chosen]


def require_labels(store: Store, sweep: Sweep) -> tuple[PointRow, Solution]:
    """Draw the sweep and the list of its solutions and return the chosen one, or end the page if it has no labels."""
    draw_sweep_line(sweep)
    chosen = pick_point(sweep)
    solution = find_solution(store, sweep, chosen.position)
    if solution is None or solution.labels is None:
        draw_point(sweep, chosen, solution)
        link("explore", "Choose another solution")
        end_page()
    return chosen, solution


def _option(row: PointRow, recommended: int | None, same: str | None) -> str:
    parts = [row.label]
    if row.state != "ok":
        parts.append(row.gap or row.state)
    elif row.silhouette.value is None:
        parts.append(f"{counted(row.n_segments, 'segment')} found" if row.n_segments else "no segment found")
    else:
        parts.append(f"silhouette {two_decimals(row.silhouette.value)}")
    if row.noise_share:
        parts.append(f"{percent_text(row.noise_share)} noise")
    if same:
        parts.append(f"same segments as {same}")
    if row.position == recommended:
        parts.append("recommended")
    return " · ".join(parts)


def draw_point(sweep: Sweep, row: PointRow, solution: Solution | None) -> None:
    """Draw the numbers of a solution and, on request, how it was computed."""
    if row.state != "ok" or solution is None:
        st.warning(f"{escape(row.label)}: {row.gap}. {escape(row.reason or '')}".strip(), icon=":material/block:")
        return
    with st.grid(5, min_column_width=150):
        st.metric("Segments", row.n_segments, border=True, height="stretch")
        st.metric("Silhouette", two_decimals(row.silhouette.value), border=True, height="stretch", help=silhouette_words(row))
        st.metric("Noise", percent_text(row.noise_share), border=True, height="stretch", help="Share of rows that belong to no segment.")
        st.metric("Compactness", two_decimals(row.mean_compactness), border=True, height="stretch", help=_COMPACTNESS)
        st.metric(
            "Fit", seconds_text(row.fit_seconds), border=True, height="stretch", help="Time of this solution's own fit, on this machine."
        )
    same = same_segments(sweep)[row.position]
    st.caption(escape(silhouette_words(row)) + (f" :material/content_copy: Same segments as {escape(same)}." if same else ""))
    if row.reason:
        st.info(escape(row.reason), icon=":material/info:")
    with st.expander("How this was computed, and every measure"):
        st.markdown(f"Engine: **{solution.engine}**. {escape(solution.evidence)}")
        st.markdown(
            f"Inertia {number_text(row.inertia)} · Calinski–Harabasz {number_text(row.calinski_harabasz)} · "
            f"Davies–Bouldin {number_text(row.davies_bouldin)}{_criteria(row)} · seed {solution.seed}"
        )
        for name, reason in (solution.quality.reasons if solution.quality else {}).items():
            st.markdown(f"- {name}: {escape(reason)}")


def _criteria(row: PointRow) -> str:
    return "".join(f" · {metric(name).title} {number_text(value)}" for name, value in row.criteria.items())


_COMPACTNESS = "Mean over features and segments: 1 means identical customers in each segment, 0 means no more alike than all customers."


def silhouette_words(row: PointRow) -> str:
    """Return the silhouette with its interval and sample size."""
    found = row.silhouette
    if found.value is None:
        return f"Silhouette is undefined: {found.reason or row.gap or 'not measured'}."
    noise = " that are not noise" if row.n_noise else ""
    the = "the " if row.n_noise else ""
    if found.low is None or found.high is None or found.is_exact:
        return f"Silhouette {found.value:.3f}, exact, over {the}{counted(found.sample_size or 0, 'row')}{noise}."
    return (
        f"Silhouette {found.value:.3f}, 95 % interval {found.low:.3f} to {found.high:.3f}, estimated on "
        f"{counted(found.sample_size or 0, 'sampled row')}{noise}, each measured against all rows."
    )


def draw_sweep_line(sweep: Sweep) -> None:
    """Draw one line that names the sweep."""
    spec = sweep.spec
    copies = f" · {spec.plan.repeats} copies of each customer" if spec.plan.repeats > 1 else ""
    rule = "outliers set aside by the kit's rule" if spec.plan.outliers == "kit" else "no outlier rule"
    st.caption(
        escape(
            f"{spec.data.get('name', 'data')} · {algorithm(spec.algorithm).title} · {counted(len(spec.points), 'solution')} · "
            f"{counted(len(spec.plan.features), 'feature')} · scaling {spec.plan.scaler} · {rule}{copies} · engine {spec.engine}"
        )
    )
