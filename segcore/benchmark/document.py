"""Document of a benchmark, as ``benchmark --json`` prints it: medians, engines that ran, agreement of results, summary."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from segcore.benchmark.conditions import busy_warning
from segcore.benchmark.record import Run
from segcore.benchmark.spec import BenchmarkSpec
from segcore.clustering.algorithms.registry import algorithm
from segcore.clustering.compare import adjusted_rand_index, inertia_gap, same_labels, same_partition
from segcore.records.grid import Point, point_key
from segcore.wording.numbers import counted, seconds_text

BASE = "stock"
RATIO_MEANING = "median seconds of stock / median seconds of the engine: above 1 the engine is faster, below 1 it is slower"


def report(spec: BenchmarkSpec, runs: Sequence[Run], *, shape: tuple[int, ...], machine: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of a benchmark.

    Parameters
    ----------
    spec : BenchmarkSpec
    runs : sequence of Run
        In the order in which they ran.
    shape : (n_rows, n_features)
    machine : mapping
        From ``machine.describe_machine``, before the first run.

    Notes
    -----
    Seconds are those of the fits of the whole grid, without start-up, loading of compiled code and building of features. For stock and
    Intel they are the sum of the fits alone; for shared, the time from the start of the first point to the last solution. Each engine
    is compared with stock run by run, and the worst run is reported.
    """
    by_engine = _by_engine(spec, runs)
    engines = {engine: _engine(engine, own, spec.sweep.points) for engine, own in by_engine.items()}
    others = [engine for engine in spec.engines if engine != BASE and BASE in by_engine]
    agreement = {engine: _agreement(by_engine[engine], by_engine[BASE], spec) for engine in others}
    intel = engines.get("intel")
    document = {
        **_head(spec, runs, shape, machine),
        "engines": engines,
        "ratio_to_stock": {engine: _ratio(engines[engine], engines[BASE]) for engine in others},
        "ratio_to_intel": {engine: _ratio(engines[engine], intel) for engine in spec.engines if intel and engine == "shared"},
        "ratio_meaning": RATIO_MEANING,
        "agreement": agreement,
    }
    order = sorted(others, key=lambda engine: engine != "shared")
    return {**document, "summary": " ".join(sentence(document, engine) for engine in order) or _no_comparison(document)}


def report_silhouettes(spec: BenchmarkSpec, runs: Sequence[Run], *, shape: tuple[int, ...], machine: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document of a benchmark of silhouettes; see `report`.

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
    return {**document, "summary": _silhouette_sentence(document) if compared.get("shared") else _no_comparison(document)}


def _silhouette_sentence(document: Mapping[str, Any]) -> str:
    times, base = document["engines"]["shared"], document["engines"]["pointwise"]
    measured = sum(point["status"] == "ok" for point in times["points"])
    return (
        f"The silhouettes of {counted(measured, 'solution')} took {seconds_text(times['median_seconds'])} in one pass over the distances "
        f"and {seconds_text(base['median_seconds'])} one by one with scikit-learn: "
        f"{document['ratio_to_pointwise']['shared']:.1f} times as fast ({_median_of(times, base)}), "
        f"with differences up to {document['max_difference']:.1g}."
    )


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
    fitted = [point for run in whole for point in run.points if point["status"] == "ok"]
    ran = {point["ran"] for point in fitted}
    own = [_point(point, [run.points[position] for run in whole]) for position, point in enumerate(points)]
    return {
        # Without any fit there is no time.
        "seconds": seconds if fitted else [],
        "median_seconds": statistics.median(seconds) if fitted else None,
        "min_seconds": min(seconds) if fitted else None,
        "max_seconds": max(seconds) if fitted else None,
        "peak_rss_bytes": max((run.peak_rss_bytes or 0 for run in whole), default=None),
        "rss_before_fits_bytes": max((run.rss_before_fits_bytes or 0 for run in whole), default=None),
        "ran": next(iter(ran)) if len(ran) == 1 else "mixed" if ran else None,
        "evidence": _evidence(engine, runs, fitted, own),
        "fell_back": [point["params"] for point in own if point["ran"] not in (engine, None)],
        "repeatable_points": _repeatable(whole, len(points)) if labelled else None,
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


def _repeatable(runs: Sequence[Run], n_points: int) -> int | None:
    """Return the number of points with identical labels in every run of an engine; ``None`` for fewer than two runs."""
    if len(runs) < 2:
        return None
    return sum(
        all(
            run.points[position]["status"] == "ok" == runs[0].points[position]["status"]
            and same_labels(run.labels(position), runs[0].labels(position))
            for run in runs[1:]
        )
        for position in range(n_points)
    )


def _agreement(runs: Sequence[Run], base: Sequence[Run], spec: BenchmarkSpec) -> dict[str, Any]:
    """Compare an engine's runs with stock's, run by run; each point counts as its worst run."""
    pairs = [(run, other) for run in runs for other in base if run.number == other.number and run.died is None is other.died]
    identical = same_labels if algorithm(spec.sweep.algorithm).numbered else same_partition
    compared: list[dict[str, Any]] = []
    for position, point in enumerate(spec.sweep.points):
        found = []
        for run, other in pairs:
            if run.points[position]["status"] == "ok" == other.points[position]["status"]:
                a, b = run.labels(position), other.labels(position)
                gap = inertia_gap(run.points[position]["inertia"], other.points[position]["inertia"])
                found.append((identical(a, b), adjusted_rand_index(a, b), gap))
        if found:
            gaps = [gap for _, _, gap in found if gap is not None]
            compared.append(
                {
                    "params": dict(point),
                    "identical": all(same for same, _, _ in found),
                    "ari": min(ari for _, ari, _ in found),
                    "inertia_gap": max(gaps) if gaps and algorithm(spec.sweep.algorithm).judging.by == "inertia" else None,
                }
            )
    gaps = [point["inertia_gap"] for point in compared if point["inertia_gap"] is not None]
    return {
        "identical_points": sum(point["identical"] for point in compared),
        "points": len(compared),
        "min_ari": min((point["ari"] for point in compared), default=None),
        "max_inertia_gap": max(gaps, default=None),
        "min_inertia_gap": min(gaps, default=None),
        "identical_meaning": "the same labels" if identical is same_labels else "the same partition",
        "inertia_gap_meaning": "(inertia of the engine - inertia of stock) / inertia of stock; above 0 the engine's result is worse",
        "by_point": compared,
    }


def _ratio(engine: Mapping[str, Any], base: Mapping[str, Any]) -> float | None:
    """Return the speed relative to the base engine, or ``None`` if the two did not fit the same points."""
    same_work = [point["status"] for point in engine["points"]] == [point["status"] for point in base["points"]]
    if not same_work or not engine["median_seconds"] or base["median_seconds"] is None:
        return None
    return float(base["median_seconds"] / engine["median_seconds"])


def sentence(document: Mapping[str, Any], engine: str) -> str:
    """Compare an engine with stock in words; slower is called slower, and a fall-back is not a measurement of the engine."""
    times, base = document["engines"][engine], document["engines"][BASE]
    points, ratio = document["points"], document["ratio_to_stock"][engine]
    if engine == "shared" and times["ran"] == "shared" and base["ran"] and ratio is not None and ratio >= 1:
        return _gain(document)
    name = "The shared sweep" if engine == "shared" else f"{engine.capitalize()}'s code"
    if times["ran"] is None:
        return f"{name} finished no run: {times['evidence']}"
    if times["ran"] != engine:
        fell_back = len(times["fell_back"])
        missed = "any" if fell_back == points else fell_back
        said = f"{name} did not run for {missed} of the {counted(points, 'solution')}; stock ran instead"
        return f"{said}, so this does not measure {engine}. {_agrees(document, engine)}"
    if base["ran"] is None:
        return f"Stock finished no run to compare {name} with: {base['evidence']}"
    if ratio is None:
        return f"{name} and stock could not fit the same solutions, so their times cannot be compared. {_agrees(document, engine)}"
    fitted = sum(point["status"] == "ok" for point in times["points"])
    over = f"over {counted(fitted, 'solution')} ({_median_of(times, base)})"
    apart = times["max_seconds"] < base["min_seconds"] or times["min_seconds"] > base["max_seconds"]
    if not apart and len(times["seconds"]) > 1:
        speed = f"{name} took about as long as stock {over}: their runs overlap, at {ratio:.2f} times stock's speed"
    elif ratio >= 1:
        speed = f"{name} was {ratio:.2f} times as fast as stock {over}"
    else:
        speed = f"{name} was slower than stock: it took {1 / ratio:.2f} times as long {over}"
    return f"{speed}. {_agrees(document, engine)}"


def _gain(document: Mapping[str, Any]) -> str:
    """Return the gain from sharing the work, in one sentence."""
    times, base = document["engines"]["shared"], document["engines"][BASE]
    against_intel = document["ratio_to_intel"].get("shared")
    intel = f" and {against_intel:.1f} times as fast as Intel's" if against_intel else ""
    return (
        f"The shared sweep computes all {counted(document['points'], 'solution')} in {seconds_text(times['median_seconds'])} instead of "
        f"{seconds_text(base['median_seconds'])}: "
        f"{document['ratio_to_stock']['shared']:.1f} times as fast as stock{intel} ({_median_of(times, base)}). "
        f"{_agrees(document, 'shared')}"
    )


def _agrees(document: Mapping[str, Any], engine: str) -> str:
    agreement = document["agreement"][engine]
    points, identical = agreement["points"], agreement["identical_points"]
    if not points:
        return "There are no solutions to compare."
    kind = agreement["identical_meaning"]
    who = "Shared and stock" if engine == "shared" else "Both"
    if identical == points:
        return f"{who} gave {kind} for {f'all {points} solutions' if points > 1 else 'the only solution'}."
    text = f"They gave {kind} for {identical} of {points} solutions, with an adjusted Rand index down to {agreement['min_ari']:.2f}"
    low, high = agreement["min_inertia_gap"], agreement["max_inertia_gap"]
    if low is None or high is None:
        return f"{text}."
    return f"{text}; inertia with {engine} was {_between(low, high)}."


def _between(low: float, high: float) -> str:
    ends = list(dict.fromkeys(_side(gap) for gap in (low, high)))
    return f"between {ends[0]} and {ends[1]}" if len(ends) == 2 else ends[0]


def _side(gap: float) -> str:
    share = f"{abs(gap):.2%}"
    if share == "0.00%":
        return "the same to 0.01%"
    return f"{share} {'higher' if gap > 0 else 'lower'}"


def _no_comparison(document: Mapping[str, Any]) -> str:
    medians = [
        f"{engine} took {seconds_text(times['median_seconds'])}" if times["median_seconds"] is not None else f"{engine} finished no run"
        for engine, times in document["engines"].items()
    ]
    text = ", ".join(medians)
    return f"{text[0].upper()}{text[1:]} over {counted(document['points'], 'solution')}; there is no stock run to compare with."


def _median_of(times: Mapping[str, Any], base: Mapping[str, Any]) -> str:
    runs = min(len(times["seconds"]), len(base["seconds"]))
    return "one run each" if runs == 1 else f"medians of {runs} runs each"
