"""The document that ``benchmark --json`` prints, from the runs: medians, what ran, how far the results agree."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from segcore.benchmark.agreement import agreement_with_stock, count_repeatable
from segcore.benchmark.conditions import busy_warning
from segcore.benchmark.record import BASE, Run
from segcore.benchmark.spec import BenchmarkSpec
from segcore.benchmark.summary import engine_sentences, no_comparison, runs_are_apart, silhouette_sentences
from segcore.records.grid import Point, point_key
from segcore.wording.numbers import counted

RATIO_MEANING = "median seconds of stock / median seconds of the engine: above 1 the engine is faster, below 1 it is slower"


def fits_document(spec: BenchmarkSpec, runs: Sequence[Run], *, shape: tuple[int, ...], machine: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of a benchmark.

    Parameters
    ----------
    spec : BenchmarkSpec
    runs : sequence of Run
        In the order in which they ran.
    shape : (n_rows, n_features)
    machine : mapping
        From ``conditions.describe_machine``, before the first run.

    Notes
    -----
    Seconds are those of the fits of the whole grid, without start-up, loading of compiled code and building of features. For stock and
    Intel they are the sum of the fits alone; for shared, the time from the start of the first point to the last solution. Each engine
    is compared with stock run by run, and the worst run is reported. ``median_seconds_with_start`` is what a user waits for: from the
    start of a run's process to its end.
    """
    by_engine = _by_engine(spec, runs)
    engines = {engine: _engine(engine, own, spec.sweep.points) for engine, own in by_engine.items()}
    others = [engine for engine in spec.engines if engine != BASE and BASE in by_engine]
    agreement = {engine: agreement_with_stock(by_engine[engine], by_engine[BASE], spec) for engine in others}
    intel = engines.get("intel")
    document = {
        **_head(spec, runs, shape, machine),
        "engines": engines,
        "ratio_to_stock": {engine: _ratio(engines[engine], engines[BASE]) for engine in others},
        "ratio_to_intel": {engine: _ratio(engines[engine], intel) for engine in spec.engines if intel and engine == "shared"},
        "ratio_meaning": RATIO_MEANING,
        "agreement": agreement,
        "runs_apart": {engine: runs_are_apart(engines[engine], engines[BASE]) for engine in others},
    }
    order = sorted(others, key=lambda engine: engine != "shared")
    sentences = [sentence for engine in order for sentence in engine_sentences(document, engine)]
    return _summed_up(document, sentences or no_comparison(document))


def silhouettes_document(spec: BenchmarkSpec, runs: Sequence[Run], *, shape: tuple[int, ...], machine: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of a benchmark of silhouettes; see `fits_document`.

    Notes
    -----
    ``max_difference`` is the largest difference, over points and runs, between scikit-learn's silhouette and that of the shared pass;
    ``None`` without a pair to compare. Seconds are the wall time of all points, for both.
    """
    by_engine = _by_engine(spec, runs)
    engines = {engine: _engine(engine, own, spec.sweep.points, labelled=False) for engine, own in by_engine.items()}
    base, shared = (by_engine.get(engine, []) for engine in ("pointwise", "shared"))
    gaps = [
        abs(a["silhouette"] - b["silhouette"])
        for run in shared
        for other in base
        if run.died is None is other.died
        for a, b in zip(run.points, other.points, strict=True)
        if a["silhouette"] is not None and b["silhouette"] is not None
    ]
    compared = {engine: _ratio(times, engines["pointwise"]) for engine, times in engines.items() if engine == "shared" and base}
    document = {
        **_head(spec, runs, shape, machine),
        "engines": engines,
        "ratio_to_stock": {},
        "ratio_to_pointwise": compared,
        "ratio_meaning": RATIO_MEANING.replace("stock", "pointwise"),
        "agreement": {},
        "max_difference": max(gaps, default=None),
    }
    return _summed_up(document, silhouette_sentences(document) if compared.get("shared") else no_comparison(document))


def _summed_up(document: Mapping[str, Any], sentences: Sequence[str]) -> dict[str, Any]:
    return {**document, "summary": " ".join(sentences), "summary_sentences": list(sentences)}


def _by_engine(spec: BenchmarkSpec, runs: Sequence[Run]) -> dict[str, list[Run]]:
    return {engine: [run for run in runs if run.engine == engine] for engine in spec.engines}


def _head(spec: BenchmarkSpec, runs: Sequence[Run], shape: tuple[int, ...], machine: Mapping[str, Any]) -> dict[str, Any]:
    """Return the common beginning of every document: the work, the rows, the machine."""
    plan = spec.sweep.plan
    warning = busy_warning([run.other_cpu_share for run in runs])
    return {
        "work": spec.work,
        "data": dict(spec.sweep.data),
        "algorithm": spec.sweep.algorithm,
        "rows": shape[0],
        "features": shape[1],
        "feature_names": list(plan.features),
        "points": len(spec.sweep.points),
        "grid": [dict(point) for point in spec.sweep.points],
        "outliers": plan.outliers,
        "repeats": plan.repeats,
        "scaler": plan.scaler,
        "seed": plan.seed,
        "runs": spec.runs,
        "order": [{"engine": run.engine, "run": run.number} for run in runs],
        "machine": {**machine, "other_cpu_share": max((run.other_cpu_share for run in runs), default=0.0)},
        "warnings": [warning] if warning else [],
    }


def _engine(engine: str, runs: Sequence[Run], points: Sequence[Point], *, labelled: bool = True) -> dict[str, Any]:
    whole = [run for run in runs if run.died is None]
    seconds = [found for run in whole if (found := _seconds(run)) is not None]
    waited = [run.process_seconds for run in whole if run.process_seconds is not None]
    fitted = [point for run in whole for point in run.points if point["status"] == "ok"]
    ran = {point["ran"] for point in fitted}
    own = [_point(point, [run.points[position] for run in whole]) for position, point in enumerate(points)]
    return {
        # Without any fit there is no time.
        "seconds": seconds if fitted else [],
        "median_seconds": statistics.median(seconds) if fitted else None,
        "min_seconds": min(seconds) if fitted else None,
        "max_seconds": max(seconds) if fitted else None,
        "median_seconds_with_start": statistics.median(waited) if fitted and waited else None,
        "peak_rss_bytes": max((run.peak_rss_bytes or 0 for run in whole), default=None),
        "rss_before_fits_bytes": max((run.rss_before_fits_bytes or 0 for run in whole), default=None),
        "ran": next(iter(ran)) if len(ran) == 1 else "mixed" if ran else None,
        "evidence": _evidence(engine, runs, fitted, own),
        "fell_back": [point["params"] for point in own if point["ran"] not in (engine, None)],
        "repeatable_points": count_repeatable(whole, len(points)) if labelled else None,
        "points": own,
        "runs": [
            {
                "run": run.number,
                "seconds": _seconds(run),
                "ran": _ran(run),
                "peak_rss_bytes": run.peak_rss_bytes,
                "other_cpu_share": round(run.other_cpu_share, 4),
                "died": run.died,
            }
            for run in runs
        ],
    }


def _seconds(run: Run) -> float | None:
    """Return the seconds of the grid: its wall time if work is shared or spread over cores, else the sum of its fits."""
    if run.died is not None:
        return None
    return run.elapsed_seconds if run.engine in ("shared", "pointwise") else sum(point["seconds"] or 0.0 for point in run.points)


def _ran(run: Run) -> str | None:
    ran = {point["ran"] for point in run.points if point["status"] == "ok"}
    return next(iter(ran)) if len(ran) == 1 else "mixed" if ran else None


def _point(point: Point, runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    seconds = [run["seconds"] for run in runs if run["seconds"] is not None]
    ran = {run["ran"] for run in runs if run["ran"] is not None}
    return {
        "params": dict(point),
        "seconds": seconds,
        "median_seconds": statistics.median(seconds) if seconds else None,
        "status": "failed" if any(run["status"] == "failed" for run in runs) else runs[0]["status"] if runs else "failed",
        "reason": next((run["reason"] for run in runs if run["reason"]), None),
        "n_segments": runs[0]["n_segments"] if runs else None,
        "ran": next(iter(ran)) if len(ran) == 1 else "mixed" if ran else None,
        "evidence": next((run["evidence"] for run in runs if run["ran"] != "intel"), runs[0]["evidence"]) if runs else None,
    }


def _evidence(engine: str, runs: Sequence[Run], fitted: Sequence[Mapping[str, Any]], points: Sequence[Mapping[str, Any]]) -> str:
    """Return the proof of which engine computed: the number of fits that ran its code, and the fits that did not."""
    deaths = list(dict.fromkeys(run.died for run in runs if run.died))
    if not fitted:
        return " ".join(deaths) or next((point["reason"] for point in points if point["reason"]), "Nothing was fitted.")
    own = [point for point in fitted if point["ran"] == engine]
    said = [f"{own[0]['evidence'].split('; ')[0]}, in {len(own)} of {len(fitted)} fits"] if own else []
    if len(own) < len(fitted):
        other = [point for point in fitted if point["ran"] != engine]
        where = list(dict.fromkeys(point_key(point["params"]) for point in other))
        listed = ", ".join(where[:5]) + (f" and {counted(len(where) - 5, 'more solution')}" if len(where) > 5 else "")
        said.append(f"not in {len(other)} of {len(fitted)} fits ({listed}): {other[0]['evidence']}")
    return "; ".join([*said, *deaths])


def _ratio(engine: Mapping[str, Any], base: Mapping[str, Any]) -> float | None:
    """Return the speed relative to the base engine, or ``None`` if the two did not fit the same points."""
    same_work = [point["status"] for point in engine["points"]] == [point["status"] for point in base["points"]]
    if not same_work or not engine["median_seconds"] or base["median_seconds"] is None:
        return None
    return float(base["median_seconds"] / engine["median_seconds"])


_PARTS: Mapping[str, type] = {
    **dict.fromkeys(("engines", "ratio_to_stock", "agreement", "machine"), dict),
    **dict.fromkeys(("grid", "warnings"), list),
    **dict.fromkeys(("summary", "algorithm"), str),
    **dict.fromkeys(("rows", "features", "repeats", "runs"), int),
}


def is_document(result: Mapping[str, Any]) -> bool:
    """Tell whether a stored result has the parts of a benchmark's document; one that is damaged may not."""
    return all(isinstance(result.get(name), kind) for name, kind in _PARTS.items())
