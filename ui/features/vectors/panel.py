"""Panel to make vectors of customers from their baskets by a job, with its progress and what was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from segcore import jobs
from segcore.errors import SegcoreError
from segcore.features.vectors.model import require_gensim
from segcore.intake.added_features import TRAINING, known_added
from segcore.jobs.tasks.making_vectors import start_vectors
from segcore.records.feature_table import FeatureTable
from segcore.records.taste import AUTO, LENGTHS, MOST_COMPONENTS, Taste
from segcore.records.vectors import REAL, VECTOR_METHODS, WHOLE, Vectors
from segcore.store.store import Store
from segcore.wording.findings import error_text, sentence
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted
from segcore.wording.vectors import METHODS, OPTIONS, method_text
from ui.data.loading import load, take
from ui.features.downloads import draw_vector_files
from ui.features.vectors.meaning import draw_meaning
from ui.shell import cache, state
from ui.shell.progress import LIVE, draw_failure, follow_job

if TYPE_CHECKING:
    from segcore.records.intake import DataRequest, Intake

_KEY = "vectors.{}"
_ASKED = "vectors_asked"
_LENGTHS = {"unit": "Scaled to 1", "kept": "Kept"}
_HELP: Mapping[str, str] = {
    "products": "The most frequent ones. All others are combined into one word.",
    "window": "How many products before and after, in the same order, predict a product. Only for distributed memory.",
    "least_products": "Customers with fewer lines of known products are set apart.",
    "least_count": "Products on fewer lines get no separate word.",
    "negative": "How many products that were not bought are drawn against each that was.",
    "exponent": "1 draws them by frequency, 0 all equally often; below 0 prefers rare products.",
    "sample": "Products with a greater share of all lines are skipped at random. 0 skips none.",
    "seed": "Of every random draw: the same seed gives the same vectors.",
}


def draw_vectors(store: Store, taken: Intake, table: FeatureTable) -> None:
    """Draw the panel for transactions with items: what was made or the job at work, then the form."""
    asked = state.request()
    if asked is None or not cache.computed("baskets", taken.table, lambda: _has_baskets(store, taken)):
        return
    job = _awaited_job(store)
    is_open = asked.vectors is not None or job is not None or (asked.taste is not None and _is_rival(asked.taste))
    with st.expander("Baskets: vectors of what customers buy", icon=":material/shopping_basket:", expanded=is_open):
        if job is not None and job.state in LIVE:
            _follow(store, job.id)
            return
        if job is not None:
            _draw_end(job)
        if asked.vectors is not None:
            _draw_made(store, taken, table, Vectors.from_json(taken.data["vectors"]))
        _draw_form(store, asked, taken)


def _is_rival(taste: Taste) -> bool:
    return (taste.of, taste.matrix, taste.components) == ("item", "tfidf", "svd")


def _has_baskets(store: Store, taken: Intake) -> bool:
    bought = store.purchases(taken.table, "item")
    return taken.kind == "transactions" and bought is not None and bought.baskets is not None


def _awaited_job(store: Store) -> jobs.Job | None:
    awaited = state.awaited_job("vectors")
    try:
        job = None if awaited is None else jobs.read_job(store, awaited)
    except SegcoreError:
        return None
    return job if job is not None and job.kind == "vectors" else None


def _follow(store: Store, job_id: str) -> None:
    """Draw the progress of the job, and redraw it until the job is over, when the page loads what it made."""
    epochs = int(store.job_row(job_id)["spec"]["epochs"])

    def words(job: jobs.Job) -> str:
        return f"{stage_text(job.share_done, epochs)} You can leave this page meanwhile." if job.state == "running" else ""

    follow_job(store, job_id, where="vectors", words=words)


def stage_text(share: float, epochs: int) -> str:
    """Return what a job does at a share of its work, 0 to 1: "Epoch 3 of 20: …"."""
    if share >= TRAINING:
        return "Computing the vector of each customer."
    return f"Epoch {min(round(share / TRAINING * epochs) + 1, epochs)} of {epochs}: the model reads every basket."


def _draw_end(job: jobs.Job) -> None:
    if job.state == "cancelled":
        st.info("Making the vectors was cancelled. The features are as before.", icon=":material/stop_circle:")
    elif job.state == "failed":
        draw_failure(job, "Making the vectors failed")


def _draw_made(store: Store, taken: Intake, table: FeatureTable, made: Vectors) -> None:
    """Draw what was made, and the files with it."""
    names = cache.computed("words", taken.table, lambda: store.json(table.fitted["vectors"]["items"]))
    st.markdown(
        f"**{counted(len(table), 'customer')}** have a vector of **{counted(made.dimensions, 'dimension')}**, learned from "
        f"**{counted(len(names), 'product')}**: {escape(method_text(made))}."
    )
    for note in taken.notes:
        if note.code == "vectors.alike":
            st.warning(escape(sentence(note, "screen")), icon=":material/warning:")
        elif note.code.startswith("vectors."):
            st.caption(escape(sentence(note, "screen")))
    with st.container(horizontal=True, vertical_alignment="center"):
        draw_vector_files(taken, table)
        st.button(
            "Remove the vectors",
            key="vectors.drop",
            type="tertiary",
            icon=":material/undo:",
            on_click=_load,
            args=(store, {}),
        )
    draw_meaning(store, taken)


def _draw_form(store: Store, asked: DataRequest, taken: Intake) -> None:
    if asked.taste is not None and _is_rival(asked.taste):
        st.caption(
            f"The features are now the plain rival: {counted(int(asked.taste.n), 'component')} of product shares, shown under Taste. Sweep "
            "both, and keep the one whose segments say more. “Make vectors” immediately restores vectors that were made."
        )
    elif asked.vectors is None:
        st.caption(
            "Each customer becomes one point, learned from all their baskets: customers who buy alike are close to each other. The points "
            "become the features."
        )
    try:
        require_gensim()
        is_ready = True
    except SegcoreError as error:
        is_ready = False
        st.warning(escape(error_text(error, "screen")), icon=":material/extension_off:")
    asked_here = f"{_ASKED}.{taken.table}"
    vectors = _form(state.recall(asked_here) or asked.vectors or state.recall(_ASKED) or Vectors())
    for name in (asked_here, _ASKED):
        state.remember(name, vectors)
    rival = Taste(of="item", matrix="tfidf", components="svd", n=min(vectors.dimensions, MOST_COMPONENTS))
    with st.container(horizontal=True, vertical_alignment="center"):
        label = "Make vectors" if asked.vectors is None else "Make other vectors"
        is_made = st.button(label, key="vectors.make", icon=":material/shopping_basket:", disabled=not is_ready or vectors == asked.vectors)
        is_rival = st.button(
            "Compare with category and product shares instead",
            key="vectors.rival",
            disabled=asked.taste == rival,
            help="The plain rival: how much of each product a customer buys (TF-IDF), as the same number of components (SVD). They become "
            "the features instead; vectors that were made are kept.",
        )
    if is_made:
        _make(store, asked, taken, vectors)
    if is_rival:
        _load(store, {"taste": rival}, rerun=True)


def _form(known: Vectors) -> Vectors:
    for name, value in known.to_json().items():
        state.seed_widget(_KEY.format(name), None if value == AUTO else value)
    left, right = st.columns(2, gap="medium")
    with left:
        method = st.selectbox("Method", VECTOR_METHODS, key=_KEY.format("method"), format_func=lambda name: METHODS[name][0])
        words = METHODS[method][1]
        st.caption(f"{words[:1].upper()}{words[1:]}.")
    with right:
        one, other = st.columns(2)
        found: dict[str, Any] = {
            "dimensions": _number(one, "dimensions", "Dimensions", "Numbers per vector. More tell more tastes apart, but need more data."),
            "epochs": _number(
                other, "epochs", "Epochs", "How often the model reads all baskets. Empty: 20 to 40, more if there are fewer lines."
            )
            or AUTO,
        }
    with st.expander("More options"), st.grid(3, min_column_width=220, gap="medium") as grid:
        for name, title in OPTIONS.items():
            with grid.cell():
                found[name] = _number(st, name, title, _HELP[name], disabled=name == "window" and method != "dm")
        with grid.cell():
            lengths = st.segmented_control(
                "Length of vectors",
                LENGTHS,
                key=_KEY.format("lengths"),
                required=True,
                format_func=_LENGTHS.__getitem__,
                help="The length follows how much a customer buys. Scaled to 1, only what they buy counts.",
            )
    return Vectors(**found, method=method, lengths=lengths or known.lengths)


def _number(place: Any, name: str, title: str, words: str, *, disabled: bool = False) -> float | int | None:
    domain = WHOLE.get(name) or REAL[name]
    low, high = domain
    options: dict[str, Any] = {"step": 1} if name in WHOLE else {"step": 0.05, "format": "%g"}
    options |= {"value": None, "placeholder": AUTO} if name == "epochs" else {}
    found: float | int | None = place.number_input(title, low, high, key=_KEY.format(name), help=words, disabled=disabled, **options)
    return found


def _make(store: Store, asked: DataRequest, taken: Intake, vectors: Vectors) -> None:
    """Load the vectors if they were made before; else start the job that makes them, and await it."""
    request = replace(asked.without_added(), vectors=vectors)
    try:
        rows = taken if asked.added is None else take(store, asked.without_added())
        if known_added(store, rows, request) is not None:
            load(store, request)
        else:
            state.await_job("vectors", start_vectors(store, rows, request))
    except SegcoreError as error:
        st.error(escape(error_text(error, "screen")), icon=":material/error:")
        return
    st.rerun()


def _load(store: Store, added: Mapping[str, Any], *, rerun: bool = False) -> None:
    """Load the data with other added features, or none."""
    asked = state.request()
    if asked is None:
        return
    try:
        load(store, replace(asked.without_added(), **added))
    except SegcoreError as error:
        st.error(escape(error_text(error, "screen")), icon=":material/error:")
        return
    if rerun:
        st.rerun()
