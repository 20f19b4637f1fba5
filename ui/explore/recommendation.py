"""The answer that the evidence gives: the recommended solution with what speaks for it; and the wait for what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from segcore import jobs
from segcore.errors import SegcoreError
from segcore.records.grid import find_point
from segcore.records.sweep import Recommendation, Sweep
from segcore.store.store import Store
from segcore.sweeps.points import point_rows, recommended_position
from segcore.wording.findings import error_text
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted, percent_text, two_decimals
from ui.shell import cache, state
from ui.shell.guard import fragment
from ui.shell.progress import LIVE, job_line

WATCH_SECONDS = 3.0
_CURVE = "Customers that lie along a curve in two features would be called groups too."
_HEADS = {"groups": (":material/star:", "Recommended"), "cuts": (":material/content_cut:", "A useful cut")}
_ROWS = (
    ("Silhouette", "silhouette"),
    ("… of data without segments, mean", "placebo_mean"),
    ("… of data without segments, highest", "placebo_max"),
    ("Standard deviations above their mean (z)", "z"),
    ("Stability of the least stable segment, 0 to 1", "least_stability"),
    ("Prediction strength, 0 to 1", "prediction_strength"),
    ("Described by a small tree, 0 = guessing, 1 = all", "describability"),
)


def watch(store: Store, sweep: Sweep) -> None:
    """Run the page again when there are more solutions, or enough evidence for another answer; drawn only while some are missing."""
    seen = _seen(store, sweep)

    def look() -> None:
        if _seen(store, sweep) != seen:
            st.rerun()
        job = _job(store, sweep)
        if job is not None and job.to_gather and job.state in LIVE:
            st.progress(job.share_done, text=job_line(job))

    job = _job(store, sweep)
    if not sweep.is_complete or (job is not None and job.state in LIVE):
        fragment(look, run_every=WATCH_SECONDS, key="explore.watch")()


def _seen(store: Store, sweep: Sweep) -> tuple[int, bool, bool]:
    found, job = cache.sweep_now(str(store.home), sweep.id).recommendation, _job(store, sweep)
    has_answer = found is not None and found.outcome is not None
    return len(store.positions(sweep.id)), has_answer, job is not None and job.state in LIVE


def _job(store: Store, sweep: Sweep) -> jobs.Job | None:
    try:
        return jobs.read_job(store, sweep.id)
    except SegcoreError:
        return None


def draw_recommendation(store: Store, sweep: Sweep) -> None:
    """Draw the answer of the evidence, or how to get one."""
    found = sweep.recommendation
    there = sum(solution is not None for solution in sweep.solutions)
    if found is None:
        st.info(
            f"{there} of {counted(len(sweep.solutions), 'solution')} finished. The recommendation follows when all have finished.",
            icon=":material/hourglass_top:",
        )
        return
    if found.outcome is None:
        job = _job(store, sweep)
        is_gathering = job is not None and job.to_gather > 0 and job.state in LIVE
        st.info(f"{'**Evidence is being gathered.** ' if is_gathering else ''}{escape(found.reason)}", icon=":material/balance:")
    elif found.outcome == "nothing":
        st.warning(f"**No segmentation is recommended.** {escape(found.reason)}", icon=":material/balance:")
    else:
        _draw_answer(sweep, found)
    if found.table:
        with st.expander("What speaks for it, and for the runner-up" if found.params else "What speaks for the best solutions"):
            st.table(_table(sweep, found))
    _draw_gathering(store, sweep)


def _draw_answer(sweep: Sweep, found: Recommendation) -> None:
    position = recommended_position(sweep)
    if position is None or found.outcome is None:
        return
    icon, head = _HEADS[found.outcome]
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"{icon} **{head}: {escape(_label(sweep, position))}.** {escape(found.reason)}", width="stretch")
        is_chosen = state.chosen_point(sweep) == position
        st.button(
            "Chosen" if is_chosen else "Choose this solution",
            key="explore.recommended",
            icon=":material/check:" if is_chosen else None,
            disabled=is_chosen,
            on_click=state.choose_point,
            args=(sweep.id, position),
        )


def _table(sweep: Sweep, found: Recommendation) -> dict[str, list[str]]:
    """Return one column per solution, and one row per kind of evidence."""
    columns = {"": [title for title, _ in _ROWS] + ["Smallest segment"]}
    for row in found.table:
        label = _label(sweep, find_point(sweep.spec.points, row["params"]))
        columns[escape(label)] = [_value(row, name) for _, name in _ROWS] + [_smallest(sweep, row)]
    return columns


def _value(row: Mapping[str, Any], name: str) -> str:
    value = row[name]
    return "–" if value is None else f"{value:,.1f}" if name == "z" else two_decimals(value)


def _smallest(sweep: Sweep, row: Mapping[str, Any]) -> str:
    solution = sweep.solutions[find_point(sweep.spec.points, row["params"])]
    total = sum(solution.sizes) + solution.n_noise if solution is not None else 0
    share = f" ({percent_text(row['smallest'] / total)})" if total else ""
    return f"{counted(row['smallest'], 'customer')}{share}"


def _draw_gathering(store: Store, sweep: Sweep) -> None:
    """Draw how much evidence there is, and the button that gathers the rest."""
    evidence, job = sweep.evidence, _job(store, sweep)
    if job is not None and job.state in LIVE:
        return
    if evidence is not None and evidence.level == "all":
        if evidence.points:
            st.caption(_measured(sweep))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        enough = evidence is not None and evidence.is_enough
        label = "Gather more evidence" if enough else "Gather evidence"
        st.button(label, key="explore.evidence", icon=":material/science:", on_click=_gather, args=(store, sweep))
        if evidence is not None and evidence.points and enough:
            st.caption(_measured(sweep))
        elif evidence is not None and evidence.reason:
            st.caption(escape(evidence.reason))
    problem = state.recall("evidence_problem")
    if problem:
        st.error(escape(problem), icon=":material/error:")


def _measured(sweep: Sweep) -> str:
    evidence = sweep.evidence
    if evidence is None:
        return ""
    counts = (
        f"{counted(evidence.placebos, 'data set')} without segments, of {counted(evidence.sample_size, 'customer')}",
        counted(evidence.resamples, "resample"),
        f"{counted(evidence.splits, 'split')} into halves",
    )
    found = sweep.recommendation
    curve = [_CURVE] if found is not None and found.outcome == "groups" else []
    return escape(" ".join([f"Evidence: {' · '.join(counts)}.", *evidence.notes, *curve]))


def _gather(store: Store, sweep: Sweep) -> None:
    """Gather all evidence; a callback, so an error is kept and shown by the page."""
    try:
        state.remember("evidence_problem", None)
        jobs.start_sweep(store, sweep.spec, evidence="all")
    except SegcoreError as error:
        state.remember("evidence_problem", error_text(error, "screen"))


def _label(sweep: Sweep, position: int) -> str:
    return point_rows(sweep)[position].label
