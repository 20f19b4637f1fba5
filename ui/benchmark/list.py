"""List of benchmarks; the chosen one's result or progress is shown."""

from __future__ import annotations

import streamlit as st

from segcore import jobs
from segcore.benchmark.document import is_document
from segcore.store.damage import damage
from segcore.store.store import Store
from segcore.wording.markdown import escape
from segcore.wording.numbers import ago_text
from ui.benchmark.result import draw_result
from ui.benchmark.start_form import FOLLOWED
from ui.shell import state
from ui.shell.guard import fragment
from ui.shell.progress import LIVE, POLL_SECONDS, draw_job
from ui.widgets.select import select

MOST_RECENT = 20


def recent(store: Store) -> list[jobs.Job]:
    """Return the newest benchmarks, the newest first."""
    return [job for job in jobs.list_jobs(store, 200) if job.kind == "benchmark"][:MOST_RECENT]


def draw_benchmarks(store: Store) -> None:
    """Draw the list of the newest benchmarks, and the chosen one."""
    found = recent(store)
    if not found:
        st.info("No benchmark has been run yet. Start one above to see its result here.", icon=":material/speed:")
        return
    known = {job.id: job for job in found}
    followed = state.recall(FOLLOWED)
    shown = select(
        "Benchmark",
        list(known),
        key="benchmark.shown",
        value=followed if followed in known else found[0].id,
        format_func=lambda job_id: _option(known[job_id]),
        on_choice=lambda job_id: state.remember(FOLLOWED, job_id),
    )
    _draw_one(store, known[shown])


def _option(job: jobs.Job) -> str:
    return f"{job.title} · {job.state} · {ago_text(job.finished or job.created)}"


def _draw_one(store: Store, job: jobs.Job) -> None:
    result = store.job_row(job.id)["result"]
    if result and not is_document(result):
        raise damage("result", "start_again", title=job.title)
    if result:
        draw_result(result, job.id)
    elif job.state in LIVE:

        def look() -> None:
            with st.container(border=True):
                draw_job(jobs.read_job(store, job.id), where="benchmark")

        fragment(look, run_every=POLL_SECONDS if job.state != "interrupted" else None, key="benchmark.watch")()
    elif job.state == "cancelled":
        st.warning("This benchmark was cancelled, so it has no result.", icon=":material/block:")
    else:
        st.error(f"This benchmark failed: {escape(job.message or 'see its log.')}", icon=":material/error:")
