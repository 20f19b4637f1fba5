"""Form for what to export of a solution."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from segcore.clustering.algorithms.registry import algorithm
from segcore.export.database_table import Destination
from segcore.export.files import FORMATS, Format
from segcore.export.segment_rows import RowChoice, own_id_name
from segcore.records.solution import NOISE, Solution
from segcore.records.sweep import Sweep
from segcore.store.store import Store
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted, percent_text, segment_title
from ui.export.database import awaited_writing, destination_form
from ui.shell import state
from ui.shell.sweep_data import clustered, segment_names

DATABASE = "database"
FORMAT_TITLES = {"csv": "CSV", "parquet": "Parquet", DATABASE: "Database table"}
_WAYS = (*FORMATS, DATABASE)
_FORMAT_WORDS = {
    "csv": "For spreadsheets and most other programs. Text that a spreadsheet would run as a formula starts with an apostrophe.",
    "parquet": "For data tools: keeps types and values exactly.",
    DATABASE: "For a table of PostgreSQL, DuckDB or SQLite, all rows in one transaction. Readers see the old table until the new one is "
    "complete.",
}


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to export of a solution: the options of ``export.export_rows``, and the file's format, or the table, once that is known."""

    options: RowChoice
    file_format: Format | None
    destination: Destination | None = None


def export_form(store: Store, sweep: Sweep, position: int, solution: Solution) -> ExportRequest | None:
    """Draw the form and return the request; None if no segment is chosen."""
    names = segment_names(store, sweep, position)
    labels = [*solution.segments, *([NOISE] if solution.n_noise else [])]
    sizes = {**dict(zip(solution.segments, solution.sizes, strict=True)), NOISE: solution.n_noise}
    total = sum(sizes[label] for label in labels)
    noun = "row" if sweep.spec.plan.repeats > 1 else "customer"
    key = f"export.segments.{sweep.id[:12]}.{position}"
    state.seed_widget(key, state.recall(key, labels))
    segments = st.pills(
        "Segments",
        labels,
        selection_mode="multi",
        key=key,
        format_func=lambda label: escape(f"{_title(label, names)} · {counted(sizes[label], noun)} ({percent_text(sizes[label] / total)})"),
    )
    state.remember(key, segments)
    awaited = awaited_writing(store, sweep, position)
    state.seed_widget("export.format", state.recall("export.format", FORMATS[0] if awaited is None else DATABASE))
    picked = st.segmented_control("Format", _WAYS, key="export.format", required=True, format_func=lambda name: FORMAT_TITLES[str(name)])
    way = picked or FORMATS[0]
    state.remember("export.format", way)
    st.caption(_FORMAT_WORDS[way])
    destination = destination_form(awaited) if way == DATABASE else None
    options = _draw_options(store, sweep)
    if not segments:
        st.warning("Choose at least one segment.", icon=":material/groups:")
        return None
    file_format = next((known for known in FORMATS if known == way), None)
    return ExportRequest({"segments": tuple(segments), **options}, file_format, destination)


def _title(label: int, names: dict[int, str]) -> str:
    title = segment_title(label, names)
    return title if label == NOISE or label not in names else f"{title} (segment {label})"


def _listed_columns(columns: list[str]) -> str:
    more = f" and {len(columns) - 5} more" if len(columns) > 5 else ""
    return f"{'column' if len(columns) == 1 else 'columns'} {', '.join(columns[:5])}{more}"


def _draw_options(store: Store, sweep: Sweep) -> RowChoice:
    """Draw the options that apply to a sweep; the others are off."""
    assembled = clustered(store, sweep)
    columns = list(assembled.table.profile)
    aside = assembled.set_aside_customers
    worth = assembled.set_aside_revenue_share
    revenue = f" ({percent_text(worth)} of the revenue)" if worth is not None else ""
    blanks = len(assembled.table.filled)
    own = own_id_name(sweep.spec)
    with st.expander("Which columns and rows", expanded=True):
        return {
            "own_id": _ticked(own != "customer_id", f"Name the id column {own}, as in the data", "own_id"),
            "clustered_values": _ticked(True, "Add each feature as it was clustered: transformed, scaled and weighted", "clustered"),
            "probabilities": _ticked(
                algorithm(sweep.spec.algorithm).scoring.probabilities is not None, "Add the probability of each segment", "probabilities"
            ),
            "profile": _ticked(bool(columns), f"Add the profile {_listed_columns(columns)}", "profile"),
            "filled": _ticked(
                bool(blanks), f"Replace blanks in {counted(blanks, 'feature')} with the values that they counted as", "filled"
            ),
            "include_set_aside": _ticked(
                bool(aside),
                f"Add the {counted(aside, 'customer')} that the outlier rule set aside{revenue}, assigned by the model and marked",
                "aside",
            ),
            "copies": _ticked(sweep.spec.plan.repeats > 1, "Add the jittered copies of each customer, numbered", "copies"),
        }


def _ticked(applies: bool, label: str, name: str) -> bool:
    """Draw a checkbox if it applies, and tell whether it is ticked."""
    return applies and st.checkbox(escape(label), key=f"export.{name}")
