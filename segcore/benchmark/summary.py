"""A benchmark's document in a few sentences: which engine was faster, and whether the results agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from segcore.benchmark.record import BASE
from segcore.wording.numbers import counted, seconds_text

_SAME_QUALITY = 0.03  # relative difference of inertia
_SAME_SEGMENTS = 0.9  # adjusted Rand index


def silhouette_sentences(document: Mapping[str, Any]) -> list[str]:
    """Return in words how one pass of the distances compares with scikit-learn's function called for each point."""
    times, base = document["engines"]["shared"], document["engines"]["pointwise"]
    measured = sum(point["status"] == "ok" for point in times["points"])
    return [
        f"The silhouettes of {counted(measured, 'solution')} took {seconds_text(times['median_seconds'])} in one pass over the distances "
        f"and {seconds_text(base['median_seconds'])} one by one with scikit-learn: "
        f"{document['ratio_to_pointwise']['shared']:.1f} times as fast ({_median_of(times, base)}), "
        f"with differences up to {document['max_difference']:.1g}."
    ]


def engine_sentences(document: Mapping[str, Any], engine: str) -> list[str]:
    """Compare an engine with stock in words; slower is called slower, and a fall-back is not a measurement of the engine."""
    times, base = document["engines"][engine], document["engines"][BASE]
    points, ratio = document["points"], document["ratio_to_stock"][engine]
    apart = runs_are_apart(times, base)
    if engine == "shared" and times["ran"] == "shared" and base["ran"] and ratio is not None and ratio >= 1 and apart:
        return _gain(document)
    name = "The shared sweep" if engine == "shared" else f"{engine.capitalize()}'s code"
    if times["ran"] is None:
        return [f"{name} finished no run: {times['evidence']}"]
    if times["ran"] != engine:
        fell_back = len(times["fell_back"])
        missed = "any" if fell_back == points else fell_back
        said = f"{name} did not run for {missed} of the {counted(points, 'solution')}; stock ran instead"
        return [f"{said}, so this does not measure {engine}.", _agrees(document, engine)]
    if base["ran"] is None:
        return [f"Stock finished no run to compare {name} with: {base['evidence']}"]
    if ratio is None:
        return [f"{name} and stock could not fit the same solutions, so their times cannot be compared.", _agrees(document, engine)]
    fitted = sum(point["status"] == "ok" for point in times["points"])
    over = f"over {counted(fitted, 'solution')} ({_median_of(times, base)})"
    if not apart:
        speed = f"{name} took about as long as stock {over}: their runs overlap, at {ratio:.2f} times stock's speed"
    elif ratio >= 1:
        speed = f"{name} was {ratio:.2f} times as fast as stock {over}"
    else:
        speed = f"{name} was slower than stock: it took {1 / ratio:.2f} times as long {over}"
    return [f"{speed}.", _agrees(document, engine)]


def runs_are_apart(times: Mapping[str, Any], base: Mapping[str, Any]) -> bool:
    """Tell whether every run of one engine was faster than every run of the other; with one run each there is nothing to overlap."""
    if not times["seconds"] or not base["seconds"] or len(times["seconds"]) == 1:
        return True
    return bool(times["max_seconds"] < base["min_seconds"] or times["min_seconds"] > base["max_seconds"])


def _gain(document: Mapping[str, Any]) -> list[str]:
    """Return the gain from sharing the work, and the agreement, in a sentence each."""
    times, base = document["engines"]["shared"], document["engines"][BASE]
    against_intel = document["ratio_to_intel"].get("shared")
    intel = f" and {against_intel:.1f} times as fast as Intel's" if against_intel else ""
    return [
        f"The shared sweep computes all {counted(document['points'], 'solution')} in {seconds_text(times['median_seconds'])} instead of "
        f"{seconds_text(base['median_seconds'])}: "
        f"{document['ratio_to_stock']['shared']:.1f} times as fast as stock{intel} ({_median_of(times, base)}).",
        _agrees(document, "shared"),
    ]


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
    alike = max(abs(low), abs(high)) <= _SAME_QUALITY and agreement["min_ari"] < _SAME_SEGMENTS
    meaning = " Same quality, other segments: several partitions of these customers are about equally good." if alike else ""
    return f"{text}; inertia with {engine} was {_between(low, high)}.{meaning}"


def _between(low: float, high: float) -> str:
    ends = list(dict.fromkeys(_side(gap) for gap in (low, high)))
    return f"between {ends[0]} and {ends[1]}" if len(ends) == 2 else ends[0]


def _side(gap: float) -> str:
    share = f"{abs(gap):.2%}"
    if share == "0.00%":
        return "the same to 0.01%"
    return f"{share} {'higher' if gap > 0 else 'lower'}"


def no_comparison(document: Mapping[str, Any]) -> list[str]:
    """Return the medians in words where no stock run can be compared with."""
    medians = [
        f"{engine} took {seconds_text(times['median_seconds'])}" if times["median_seconds"] is not None else f"{engine} finished no run"
        for engine, times in document["engines"].items()
    ]
    text = ", ".join(medians)
    return [f"{text[0].upper()}{text[1:]} over {counted(document['points'], 'solution')}; there is no stock run to compare with."]


def _median_of(times: Mapping[str, Any], base: Mapping[str, Any]) -> str:
    runs = min(len(times["seconds"]), len(base["seconds"]))
    return "one run each" if runs == 1 else f"medians of {runs} runs each"
