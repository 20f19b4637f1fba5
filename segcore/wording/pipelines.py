"""Sentences on pipeline files: what is wrong in them and where, and what a run or a check found."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from segcore.wording.numbers import counted, listed, percent_text
from segcore.wording.quotes import named, quoted, value_text

_MOST_PROBLEMS = 5
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def key_text(path: Sequence[str | int]) -> str:
    """Return the name of a key for sentences: ``data.roles.customer``; the first entry of a list is ``export 1``."""
    parts: list[str] = []
    for part in path:
        if isinstance(part, int):
            parts[-1] += f" {part + 1}"
        else:
            parts.append(part if _BARE.fullmatch(part) else quoted(part))
    return ".".join(parts)


def place_text(line: int | None, option: str | None) -> str:
    """Return where a key was set: "line 3", "--set data.path", or "" for one that is missing."""
    return option if option is not None else "" if line is None else f"line {line}"


def unknown_key(key: str, table: str, similar: Sequence[str], known: Sequence[str]) -> str:
    """Return the sentence on a key that a table does not have."""
    where = f"[{table}]" if table else "a pipeline"
    if similar:
        return f"{key} is not a key of {where}; did you mean {' or '.join(similar)}?"
    return f"{key} is not a key of {where}, which has {', '.join(known)}."


def unknown_value(key: str, got: str, similar: Sequence[str], choices: Sequence[str]) -> str:
    """Return the sentence on a value that is not one of the choices."""
    if similar:
        return f"{key} cannot be {quoted(got)}; did you mean {quoted(similar[0])}?"
    return f"{key} cannot be {quoted(got)}: choose one of {', '.join(choices)}."


def wrong_type(key: str, wanted: str, got: Any) -> str:
    """Return the sentence on a value of another type."""
    return f"{key} must be {wanted}, got {_shown(got)}."


def out_of_range(key: str, got: Any, low: float | None, high: float | None) -> str:
    """Return the sentence on a number outside its range."""
    if high is None:
        domain = f"at least {low:,.10g}"
    elif low is None:
        domain = f"at most {high:,.10g}"
    else:
        domain = f"between {low:,.10g} and {high:,.10g}"
    return f"{key} must be {domain}, got {_shown(got)}."


def missing_key(key: str, table: str) -> str:
    """Return the sentence on a key that has to be there."""
    return f"[{table}] needs {key}." if table else f"A pipeline needs [{key}]."


def missing_file(key: str, path: str, samples: Sequence[str], *, is_set: bool) -> str:
    """Return the sentence on a file that does not exist, by whether the file of the pipeline names it, or it was set otherwise."""
    sample = f" (samples: {', '.join(samples)})" if samples else ""
    folder = "the current folder" if is_set else "the folder of the pipeline"
    return f"{key} names {named(path)}, which does not exist{sample}: correct the path, which is relative to {folder}."


def secret(key: str) -> str:
    """Return the sentence on a URL with a password, without the password."""
    return f"{key} holds a password: leave it out, and keep it in the environment, such as PGPASSWORD, or in ~/.pgpass."


def wrong_ending(key: str, endings: Sequence[str]) -> str:
    """Return the sentence on an output that is named otherwise."""
    return f"{key} must be a file named {' or '.join(endings)}."


def not_with_sql(key: str) -> str:
    """Return the sentence on an option of rows for an output that is SQL."""
    return f"{key} is for rows, and SQL that scores does not choose any. Leave it out, or write the rows with another [[export]]."


def only_with_sql(key: str) -> str:
    """Return the sentence on an option of SQL for an output that is not SQL."""
    return f"{key} is for SQL: add sql = true, or leave it out."


def same_output(key: str, other: str) -> str:
    """Return the sentence on an output that overwrites something else of the pipeline."""
    return f"{key} would overwrite {other}: give it another name."


def choose_one(given: Sequence[str]) -> str:
    """Return the sentence on a choice of a solution that is ambiguous, or none."""
    what = f"has {listed(given)}" if given else "is empty"
    return f"[choose] {what}: give one of point, rule and best."


def needs_value(key: str) -> str:
    """Return the sentence on a promotion without a value, for which there is no list."""
    return f"{key} needs a value, such as department=MEAT."


def not_in_grid(key: str, got: Any, grid: Sequence[Any]) -> str:
    """Return the sentence on a solution that the sweep will not have."""
    return f"{key} is {_shown(got)}, but the grid has {', '.join(map(_shown, grid))}: choose one of these, or add it to sweep.grid."


def not_a_number(key: str) -> str:
    """Return the sentence on a segment that is not a number."""
    return f"{key} must be the number of a segment, such as 0."


def in_other_words(key: str, sentence: str) -> str:
    """Return a sentence of another part of segcore on a value of a pipeline."""
    return f"{key}: {sentence}"


def _invalid(file: str, problems: Sequence[Mapping[str, str]]) -> str:
    if len(problems) == 1:
        place, text = problems[0]["place"], problems[0]["text"]
        return f"{named(file)}{f', {place}' if place else ''}: {text}"
    shown = [_at_its_place(**problem) for problem in problems[:_MOST_PROBLEMS]]
    more = [f"And {counted(len(problems) - len(shown), 'more error')}."] if len(problems) > len(shown) else []
    return f"{named(file)} has {len(problems)} errors. {' '.join([*shown, *more])}"


def verdict_text(
    reasons: Sequence[str],
    *,
    sizes: Sequence[Mapping[str, Any]],
    drift: Sequence[Mapping[str, Any]],
    drifted: Sequence[str],
    agreement: Mapping[str, Any],
    placebo: Mapping[str, Any],
    unknown: Mapping[str, str],
) -> str:
    """Return whether today's data still give the signed-off segments, and then the evidence, one line each.

    Parameters
    ----------
    reasons : sequence of {"sizes", "drift", "agreement", "placebo"}
        What speaks against it.
    sizes, drift : sequence of mappings
        See `segcore.pipelines.sign_off.Size` and `segcore.segments.over_time.drift.Drift`.
    drifted : sequence of str
        Features whose drift matters.
    agreement : mapping
        ``adjusted_rand_index``, ``customers`` and ``least``.
    placebo : mapping
        ``z`` and ``needed_z``.
    unknown : mapping of reason to str
    """
    if reasons:
        answer = f"Today's data do not give the signed-off segments: {listed([_REASONS[reason] for reason in reasons])}."
    else:
        answer = "Today's data still give the segments that were signed off."
    lines = [answer]
    for size in sizes:
        change = f"99 % interval of the change {100 * size['low']:+.1f} to {100 * size['high']:+.1f} points"
        mark = "; changed" if size["moved"] else ""
        lines.append(f"{size['name']}: {percent_text(size['share_then'])} then, {percent_text(size['share_now'])} now ({change}{mark}).")
    for one in drift:
        mark = "; drifted" if one["name"] in drifted else ""
        lines.append(f"{value_text(one['name'])}: stability index {one['psi']:.3f}, by chance up to {one['critical']:.3f}{mark}.")
    if agreement["adjusted_rand_index"] is not None:
        lines.append(
            f"Clustered again, {counted(agreement['customers'], 'customer')} agree at {agreement['adjusted_rand_index']:.2f} "
            f"(adjusted Rand index; at least {agreement['least']:g} is expected)."
        )
    if placebo["z"] is not None and placebo["needed_z"] is not None:
        lines.append(
            f"Silhouette: {placebo['z']:.1f} standard deviations above data without segments; {placebo['needed_z']:.1f} are needed."
        )
    lines += [_UNKNOWN.get(reason, f"Not judged ({name}): {reason.rstrip('.')}.") for name, reason in unknown.items()]
    return "\n".join(lines)


_UNKNOWN = {"no_evidence": 'Not compared with data without segments: set sweep.evidence to "auto" or "all".'}
_REASONS = {
    "sizes": "the sizes of segments changed",
    "drift": "features drifted",
    "agreement": "clustering again gives other segments",
    "placebo": "the segments are no clearer than in data without segments",
}


def _shown(value: Any) -> str:
    return quoted(value) if isinstance(value, str) else quoted(value)[1:-1]


def _at_its_place(place: str, text: str) -> str:
    return f"{place[0].upper()}{place[1:]}: {text}" if place else text


def _failed(file: str, place: str, key: str, sentence: str) -> str:
    where = ", ".join(part for part in (named(file), place, key) if part)
    return f"{where}: {sentence}"


SENTENCES: Mapping[str, Callable[..., str]] = {
    "pipeline.invalid": _invalid,
    "pipeline.failed": _failed,
    "pipeline.unreadable": lambda file, reason: f"The pipeline {named(file)} cannot be read: {reason}.",
    "pipeline.syntax": lambda file, reason: f"{named(file)} is not valid TOML: {reason}.",
    "pipeline.too_large": lambda file, most: f"{named(file)} is larger than {most:,} bytes, so it is not a pipeline.",
    "pipeline.bad_setting": lambda given: f"--set needs KEY=VALUE, such as --set data.path=orders.csv, got {quoted(given)}.",
    "pipeline.unknown_data": lambda data: (
        f"It is no longer known how {named(data)} was read, so no pipeline can be made: load the data and run the sweep again."
    ),
    "pipeline.no_grid": lambda: "The solutions of this sweep are not a grid of settings, so no pipeline can be made from it.",
    "pipeline.undecodable_path": lambda path: f"The path {path} is not valid text, so no pipeline can name it: rename the file.",
    "pipeline.step_first": lambda step, before: f"Step {step} needs step {before}, which is not in the store: run step {before} first.",
    "pipeline.no_step": lambda step, table: f"The pipeline has no step {step}: it has no table [{table}].",
    "pipeline.no_recommendation": lambda reason: (
        f"No solution is recommended{f' ({reason.rstrip(chr(46))})' if reason else ''}: set choose.point, or choose.best to a measure."
    ),
    "pipeline.none_in_range": lambda low, high, measure: (
        f"No solution has {low} to {high} segments{f' and a {measure}' if measure else ''}: widen choose.segments, or the grid."
    ),
    "pipeline.recommended_outside": lambda segments, low, high: (
        f"The recommended solution has {counted(segments, 'segment')}, not {low} to {high}: widen choose.segments, or choose a point."
    ),
    "pipeline.no_labels": lambda point, status: f"Solution {point} has no segments ({status}): choose another.",
    "pipeline.unknown_segment": lambda segment, known: (
        f"names.{segment} names a segment that the solution does not have: it has {', '.join(map(str, known))}."
    ),
    "pipeline.no_manifest": lambda path: (
        f"There is no manifest of a signed-off run at {named(path)}: run the pipeline without --check first, or set check.reference."
    ),
    "pipeline.bad_manifest": lambda path: (
        f"{named(path)} is not the manifest of a complete run: run the pipeline without --check, or set check.reference to another."
    ),
    "pipeline.sweep_elsewhere": lambda sweep: (
        f"Sweep {sweep} of the signed-off run is not in this store: set SEGCORE_HOME to the store of that run, or sign off a new one."
    ),
    "pipeline.unknown_names": lambda: (
        "The names are not used: the solution that they were given in is not in this store, so today's segments cannot be matched to it."
    ),
    "pipeline.unmatched_names": lambda names: (
        f"No segment in today's data has most of the customers of {listed([quoted(name) for name in names])}: "
        f"{'this name is' if len(names) == 1 else 'these names are'} not used."
    ),
}
