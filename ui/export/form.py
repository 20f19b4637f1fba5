"""Ask what to export, say how many rows that is, and hand the files over; a file is made only when its button is clicked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from segcore.clustering.algorithms.registry import algorithm
from segcore.export.files import FORMATS, export_bytes
from segcore.export.model import model_zip
from segcore.export.segment_rows import export_rows
from segcore.records.grid import point_key
from segcore.records.solution import NOISE, Solution
from segcore.records.sweep import Sweep
from segcore.store.store import Store
from segcore.wording.numbers import counted, percent_text, segment_title
from ui.shell import cache, state
from ui.widgets.point_choice import clustered, segment_names

_MIME = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
_FORMAT_WORDS = {
    "csv": "For spreadsheets and everything else. Text that a spreadsheet would run as a formula gets a ' in front.",
    "parquet": "For programs: types and values exactly as they are.",
}


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What is to be exported of a point; as ``export.export_rows`` takes it, and the format."""

    segments: tuple[int, ...]
    file_format: str
    profile: bool
    copies: bool
    include_set_aside: bool

    def options(self) -> dict[str, object]:
        """Return the keyword options of ``export_rows``."""
        return {"segments": self.segments, "profile": self.profile, "copies": self.copies, "include_set_aside": self.include_set_aside}


def export_form(store: Store, sweep: Sweep, position: int, solution: Solution) -> ExportRequest | None:
    """Draw the form and return the request; None where no segment is chosen."""
    names = segment_names(store, sweep, position)
    labels = [*solution.segments, *([NOISE] if solution.n_noise else [])]
    sizes = {**dict(zip(solution.segments, solution.sizes, strict=True)), NOISE: solution.n_noise}
    total = sum(sizes[label] for label in labels)
    noun = "row" if sweep.spec.repeats > 1 else "customer"
    key = f"export.segments.{sweep.id[:12]}.{position}"
    state.seed_widget(key, state.recall(key, labels))
    segments = st.pills(
        "Segments",
        labels,
        selection_mode="multi",
        key=key,
        format_func=lambda label: f"{_title(label, names)} · {counted(sizes[label], noun)} ({percent_text(sizes[label] / total)})",
    )
    state.remember(key, segments)
    state.seed_widget("export.format", state.recall("export.format", FORMATS[0]))
    picked = st.segmented_control("Format", FORMATS, key="export.format", required=True, format_func=lambda name: _TITLES[str(name)])
    file_format = str(picked or FORMATS[0])
    state.remember("export.format", file_format)
    st.caption(_FORMAT_WORDS[file_format])
    profile, copies, aside = _draw_options(store, sweep)
    if not segments:
        st.warning("Choose at least one segment.", icon=":material/groups:")
        return None
    return ExportRequest(tuple(segments), file_format, profile, copies, aside)


_TITLES = {"csv": "CSV", "parquet": "Parquet"}


def _title(label: int, names: dict[int, str]) -> str:
    title = segment_title(label, names)
    return title if label == NOISE or label not in names else f"{title} (segment {label})"


def _draw_options(store: Store, sweep: Sweep) -> tuple[bool, bool, bool]:
    """Draw the options that apply to a sweep; those that do not are off."""
    assembled = clustered(store, sweep)
    columns = list(assembled.table.profile)
    aside = assembled.set_aside_customers
    profile = bool(columns) and st.checkbox(
        f"Add {counted(len(columns), 'column')} that were not clustered on: {', '.join(columns[:5])}", key="export.profile"
    )
    copies = sweep.spec.repeats > 1 and st.checkbox("Add the jittered copies of each customer, marked by their number", key="export.copies")
    worth = assembled.set_aside_revenue_share
    revenue = f", {percent_text(worth)} of the revenue" if worth is not None else ""
    included = bool(aside) and st.checkbox(
        f"Add the {counted(aside, 'customer')} set aside by the outlier rule{revenue}: each in the segment it scores as, marked",
        key="export.aside",
    )
    return bool(profile), bool(copies), bool(included)


def draw_downloads(store: Store, sweep: Sweep, position: int, request: ExportRequest) -> None:
    """Say how many rows the file has, and offer the file, its description and the model."""
    options = request.options()
    rows = cache.computed(
        "export rows",
        f"{sweep.id}.{position}.{sorted(options.items())}",
        lambda: len(export_rows(store, sweep.id, position, **options)),  # type: ignore[arg-type]
    )
    st.metric("Rows in the file", f"{rows:,}", border=True, width="content")
    stem = f"segments-{sweep.id[:8]}-{point_key(sweep.spec.points[position]).replace('=', '-').replace(',', '-')}"
    suffix = request.file_format
    with st.container(horizontal=True):
        st.download_button(
            f"Download {counted(rows, 'row')} as {_TITLES[suffix]}",
            data=_content(store, sweep, position, request),
            file_name=f"{stem}.{suffix}",
            mime=_MIME[suffix],
            type="primary",
            icon=":material/download:",
            on_click="ignore",
            key="export.file",
        )
        st.download_button(
            "Description (JSON)",
            data=_description(store, sweep, position, request),
            file_name=f"{stem}.{suffix}.json",
            mime="application/json",
            icon=":material/description:",
            on_click="ignore",
            key="export.description",
            help="Which sweep, point, data, filters and versions made the file, and its counts.",
        )
        st.download_button(
            "Model (zip)",
            data=lambda: model_zip(store, sweep.id, position),
            file_name=f"model-{stem.removeprefix('segments-')}.zip",
            mime="application/zip",
            icon=":material/inventory_2:",
            on_click="ignore",
            key="export.model",
            help="Everything needed to score new customers elsewhere: JSON and plain arrays, no pickle.",
        )


def _content(store: Store, sweep: Sweep, position: int, request: ExportRequest) -> Callable[[], bytes]:
    return lambda: export_bytes(store, sweep.id, position, file_format=request.file_format, **request.options())[0]  # type: ignore[arg-type]


def _description(store: Store, sweep: Sweep, position: int, request: ExportRequest) -> Callable[[], bytes]:
    def build() -> bytes:
        found = export_bytes(store, sweep.id, position, file_format=request.file_format, **request.options())[1]  # type: ignore[arg-type]
        return (json.dumps(found, indent=2, ensure_ascii=False) + "\n").encode()

    return build


def draw_scoring(sweep: Sweep, solution: Solution) -> None:
    """Say how the model puts new customers into segments, and how far that agrees with the sweep itself."""
    st.caption(f"**Scoring with the model.** {algorithm(sweep.spec.algorithm).scoring.words} {agreement_words(solution)}")


def agreement_words(solution: Solution) -> str:
    """Return how many of the sweep's own rows the model puts where the sweep put them."""
    found = solution.agreement
    if found is None:
        return "Scored so, every row of this sweep gets the segment it has."
    if found.value is None:
        return f"How many rows of this sweep would get the segment they have is not known: {found.reason}."
    share = percent_text(found.value)
    if found.is_exact or found.low is None or found.high is None:
        return f"Scored so, {share} of this sweep's rows get the segment they have."
    interval = f"95 % interval {percent_text(found.low)} to {percent_text(found.high)}"
    return f"Scored so, about {share} of this sweep's rows get the segment they have ({interval}, on {found.sample_size:,} sampled rows)."


def draw_command(sweep: Sweep, position: int, request: ExportRequest) -> None:
    """Show the command that writes the same file."""
    words = ["python -m segcore export", sweep.id[:12], f"--point {point_key(sweep.spec.points[position])}"]
    words.append(f"--segments {','.join('noise' if label == NOISE else str(label) for label in request.segments)}")
    flags = {"--profile": request.profile, "--copies": request.copies, "--with-set-aside": request.include_set_aside}
    words += [flag for flag, asked in flags.items() if asked]
    with st.expander("The same on the command line"):
        st.code(" ".join([*words, f"--out segments.{request.file_format}"]), language="bash", wrap_lines=True)
