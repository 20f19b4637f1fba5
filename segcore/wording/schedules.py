"""Sentences on schedules, and on the DAG files that Airflow runs by them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from segcore.wording.quotes import named, quoted

_CHARACTERS = "ASCII letters, digits, dashes, dots and underscores"

SENTENCES: Mapping[str, Callable[..., str]] = {
    "schedule.not_cron": lambda got, presets: (
        f"{quoted(got)} is not a schedule: give minute, hour, day, month and weekday, such as '0 6 * * 1' for Mondays at six, or one of "
        f"{', '.join(presets)}."
    ),
    "schedule.bad_field": lambda got, field, part, low, high: (
        f"The schedule {quoted(got)} has the {field} {quoted(part)}: give *, numbers from {low} to {high}, ranges such as "
        f"{low}-{low + 1}, lists of these, or steps such as */2."
    ),
    "schedule.never": lambda got: f"The schedule {quoted(got)} names a day that its months do not have: change the day or the month.",
    "airflow.other_file": lambda path, pipeline: (
        f"{named(path)} already exists, and is not the DAG of this pipeline ({named(pipeline)}): move it away, or choose another dag_id."
    ),
    "airflow.unknown_timezone": lambda got: f"{quoted(got)} is not a time zone: give one such as UTC or Europe/Berlin.",
    "airflow.bad_start": lambda got: f"The start {quoted(got)} is not a day: write it as 2024-12-31.",
    "airflow.bad_label": lambda name, got, most: f"The {name} {quoted(got)} cannot be used: give 1 to {most} printable characters.",
    "airflow.bad_id": lambda name, got, most: f"The {name} {quoted(got)} cannot be used: give 1 to {most} {_CHARACTERS}.",
}
