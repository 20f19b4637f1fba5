"""Command ``airflow``: a pipeline as a DAG file, whose tasks are commands of segcore."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from segcore.wording.numbers import listed
from segcore.wording.terminal import say, say_json

_OPTIONS = ("schedule", "timezone", "start", "retries", "retry_minutes", "owner", "tags", "connection", "dag_id")


def add_commands(subparsers: Any) -> None:
    """Add ``airflow``."""
    parser = subparsers.add_parser(
        "airflow",
        help="write a pipeline as a DAG, which Airflow runs on a schedule",
        description="Write a pipeline as a DAG file for Airflow 3, with one task for each step: prepare, features, sweep, choose, export, "
        "score and targets, if the pipeline has them, and check, if it has a signed-off run (check.reference). Each task calls "
        "this Python, with this SEGCORE_HOME. The same command writes the same file.",
    )
    parser.add_argument("pipeline", metavar="FILE", help="pipeline file, .toml")
    parser.add_argument("--out", required=True, metavar="FOLDER", help="Airflow's folder of DAGs, or another")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="settings",
        metavar="KEY=VALUE",
        help="value instead of one in the file, as for run; repeatable; paths are relative to the current folder",
    )
    group = parser.add_argument_group("when and how it runs")
    group.add_argument(
        "--schedule",
        metavar="CRON",
        help="minute, hour, day, month and weekday; or @hourly, @daily, @weekly, @monthly, @quarterly, @yearly; or none, to start it by "
        "hand (default: '0 6 * * 1', Mondays at six)",
    )
    group.add_argument("--timezone", metavar="NAME", help="time zone of the schedule, such as Europe/Berlin (default: UTC)")
    group.add_argument("--start", metavar="DAY", help="first day on which it may run (default: 2024-01-01); missed runs are not caught up")
    group.add_argument("--retries", type=int, metavar="N", help="how often a task is repeated if its work failed (default: 2)")
    group.add_argument("--retry-minutes", type=float, metavar="N", help="minutes before each retry (default: 10)")
    group.add_argument("--connection", metavar="ID", help="Airflow connection whose password the tasks get as PGPASSWORD")
    names = parser.add_argument_group("what Airflow shows")
    names.add_argument("--dag-id", metavar="ID", help="id of the DAG, and name of its file (default: name of the pipeline's file)")
    names.add_argument("--owner", metavar="NAME", help="owner of the tasks (default: segcore)")
    names.add_argument("--tag", action="append", dest="tags", metavar="TAG", help="tag of the DAG, instead of segcore; repeatable")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run_airflow)


def run_airflow(args: argparse.Namespace) -> int:
    """Write the DAG file and say where it is."""
    from segcore.pipelines.airflow_dag import DagOptions, write_dag
    from segcore.pipelines.format.pipeline_file import read_document
    from segcore.pipelines.journey import build_journey
    from segcore.store.store import Store

    options = DagOptions.of({name: value for name in _OPTIONS if (value := getattr(args, name)) is not None})
    journey = build_journey(read_document(Path(args.pipeline), args.settings))
    dag = write_dag(Store(), journey, Path(args.out), options)
    if args.json:
        say_json(dag.to_json())
        return 0
    state = "is written" if dag.is_written else "already exists, unchanged"
    say(f"{dag.file} {state}: DAG {dag.dag_id}, {dag.schedule or 'started by hand'}; tasks {listed(dag.tasks)}.")
    return 0
