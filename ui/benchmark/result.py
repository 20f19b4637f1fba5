"""Result of one benchmark: times, agreement with stock, the proof of what ran, and the machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from segcore.clustering.algorithms.registry import algorithm
from segcore.plots.timings import describe_timings, draw_timings, timings_data
from segcore.records.grid import point_key
from segcore.wording.markdown import escape
from segcore.wording.numbers import counted, percent_text, seconds_text
from ui.sweep.form import ENGINE_TITLES
from ui.widgets.figures import draw_figure
from ui.widgets.table import draw_frame

_MIB = 1 << 20
_ORDER = {"stock": 0, "intel": 1, "shared": 2}


def draw_result(result: Mapping[str, Any], job_id: str) -> None:
    """Draw a benchmark's document: first the summary, then times, agreement and proof."""
    with st.container(border=True):
        first, *rest = map(escape, result.get("summary_sentences", [result["summary"]]))  # not in documents of earlier versions
        # A ratio that another run could turn round is not stressed.
        clear = all(result.get("runs_apart", {}).values())
        st.markdown(" ".join([f":material/speed: {f'**{first}**' if clear else first}", *rest]))
    for warning in result.get("warnings", []):
        st.warning(escape(warning), icon=":material/warning:")
    copies = f" ({result['repeats']} copies of each customer)" if result["repeats"] > 1 else ""
    size = f"{counted(result['rows'], 'row')}{copies} × {counted(result['features'], 'feature')}"
    st.caption(
        f"{escape(result['data'].get('name', 'data'))} · {algorithm(result['algorithm']).title} · {size} · "
        f"{counted(result['points'], 'solution')} · {counted(result['runs'], 'run')} of each engine"
    )
    times = timings_data(result)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        help_text = (
            "Without start-up, loading of compiled code and building of features. Stock and Intel: the sum of the fits. "
            "Shared: the time from the first solution to the last."
        )
        st.markdown("**Time for the whole grid**", help=help_text)
        words = describe_timings(times)
        draw_figure(draw_timings(times), key=f"figure.times.{job_id[:12]}", name="Time of each engine, median and runs", words=words)
    with right:
        _draw_agreement(result)
    _draw_engines(result)
    _draw_points(result)
    _draw_machine(result)


def _draw_agreement(result: Mapping[str, Any]) -> None:
    st.markdown("**Do the results agree?**")
    if result.get("max_difference") is not None:
        st.metric("Largest difference", f"{result['max_difference']:.1g}", border=True, help="Between the two silhouettes of a solution.")
    elif not result["agreement"]:
        st.caption("Results can be compared only if stock and another engine ran.")
    for engine, found in sorted(result["agreement"].items(), key=lambda item: -_ORDER.get(item[0], 0)):
        st.caption(f"{ENGINE_TITLES.get(engine, engine)}, compared with stock")
        with st.grid(2, min_column_width=130):
            st.metric("Speed", _times(result["ratio_to_stock"].get(engine)), border=True, help="Times as fast as stock; below 1: slower.")
            against_intel = result.get("ratio_to_intel", {}).get(engine)
            if against_intel is not None:
                st.metric("Speed vs Intel", _times(against_intel), border=True, help="Times as fast as Intel's code; below 1: slower.")
            same = f"{found['identical_points']} of {found['points']}"
            st.metric("Identical solutions", same, border=True, help=f"Solutions for which both gave {found['identical_meaning']}.")
            if found["identical_points"] < found["points"]:
                lowest = "–" if found["min_ari"] is None else f"{found['min_ari']:.3f}"
                help_text = "Adjusted Rand index of the solution that differs most; 1: the same partition."
                st.metric("Lowest agreement", lowest, border=True, help=help_text)
                if found["max_inertia_gap"] is not None:
                    st.metric("Worst inertia gap", gap_text(found["max_inertia_gap"]), border=True, help=found["inertia_gap_meaning"])


def _times(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.2f} ×"


def gap_text(gap: float) -> str:
    """Return a relative difference as a signed percentage; "none" for rounding errors."""
    return "none" if abs(gap) < 5e-7 else f"{100 * gap:+.2f} %" if abs(gap) >= 5e-5 else "under 0.01 %"


def _draw_engines(result: Mapping[str, Any]) -> None:
    st.markdown("**What ran, and the proof**")
    engines = sorted(result["engines"].items(), key=lambda item: _ORDER.get(item[0], 0))
    rows = [
        {
            "Engine": ENGINE_TITLES.get(engine, engine),
            "What ran": times["ran"] or "nothing",
            "Median time": seconds_text(times["median_seconds"]),
            "Fastest": seconds_text(times["min_seconds"]),
            "Slowest": seconds_text(times["max_seconds"]),
            "With start-up": seconds_text(times.get("median_seconds_with_start")),
            "Peak memory": f"{times['peak_rss_bytes'] / _MIB:,.0f} MiB" if times["peak_rss_bytes"] else "–",
        }
        for engine, times in engines
    ]
    draw_frame(pd.DataFrame(rows), hide_index=True, alt="Each engine with what ran, its times and its peak memory")
    for engine, times in engines:
        st.caption(f"{ENGINE_TITLES.get(engine, engine)}: {escape(times['evidence'])}.")


def _draw_points(result: Mapping[str, Any]) -> None:
    with st.expander("Show times and agreement of every solution"):
        agreed = {
            (engine, point_key(point["params"])): point for engine, found in result["agreement"].items() for point in found["by_point"]
        }
        rows = []
        for position, params in enumerate(result["grid"]):
            row: dict[str, Any] = dict(params)
            for engine, times in result["engines"].items():
                row[f"{engine}: time (s)"] = times["points"][position]["median_seconds"]
            for engine in result["agreement"]:
                found = agreed.get((engine, point_key(params)), {})
                row[f"{engine}: identical"] = found.get("identical")
                row[f"{engine}: adjusted Rand index"] = found.get("ari")
                row[f"{engine}: inertia gap (%)"] = None if found.get("inertia_gap") is None else 100 * found["inertia_gap"]
            rows.append(row)
        table = pd.DataFrame(rows).dropna(axis="columns", how="all")
        formats = {"(s)": "%.4f", "index": "%.3f", "(%)": "%+.3f"}
        config = {
            str(name): st.column_config.NumberColumn(format=pattern)
            for name in table.columns
            for end, pattern in formats.items()
            if str(name).endswith(end)
        }
        draw_frame(table, hide_index=True, column_config=config, placeholder="–", alt="Every solution with its times and agreement")


def _draw_machine(result: Mapping[str, Any]) -> None:
    with st.expander("Show the machine"):
        for name, value in result["machine"].items():
            if isinstance(value, Mapping):
                value = ", ".join(f"{part} {version}" for part, version in value.items())
            text = percent_text(value) if name == "other_cpu_share" else value
            st.markdown(f"- {escape(name.replace('_', ' '))}: {escape(str(text))}")
