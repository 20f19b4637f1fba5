"""Pipelines as Airflow DAGs: one file, with a task for each step, which calls the command line.

No text of a pipeline becomes code or a template: its values are written as Python literals, and the rest of the file is always the same.
"""

from __future__ import annotations

import ast
import datetime as dt
import math
import os
import re
import sys
import unicodedata
import zoneinfo
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from segcore.errors import ParameterError
from segcore.export.tables import write_text
from segcore.pipelines.journey import Journey
from segcore.pipelines.manifest import signed_off
from segcore.pipelines.schedule import read_schedule
from segcore.store.store import Store
from segcore.system.child_process import CHECKOUT
from segcore.wording.findings import refusal

CHECK = "check"
"""Task that compares today's data with the signed-off run, between the sweep and the tasks that use it."""
_ID = re.compile(r"[A-Za-z0-9_.-]+")
_MOST_LETTERS = 200  # of an id, which is also a file's name; of an owner
_MOST_TAG_LETTERS = 100  # Airflow's limit
_MOST_RETRIES = 100
_MOST_MINUTES = 24 * 60
_WIDTH = 120


@dataclass(frozen=True, slots=True)
class DagOptions:
    """Options of a DAG besides the steps of its pipeline.

    Parameters
    ----------
    schedule : str or None
        A preset, five fields of cron, or ``"none"``: see `segcore.pipelines.schedule.read_schedule`. By default, Mondays at six.
    timezone : str
        Time zone of the schedule, such as ``"Europe/Berlin"``.
    start : date or str
        First day on which it may run. Runs that were missed are not caught up.
    retries : int
        How often a task is repeated if it failed, 0 to 100. Tasks are not repeated after errors that have to be corrected in the pipeline
        or the data.
    retry_minutes : float
        Minutes before each retry, above 0 and at most 1,440.
    owner : str
    tags : sequence of str
        Tags by which Airflow's list of DAGs can be filtered.
    connection : str or None
        Id of the Airflow connection whose password the steps get as ``PGPASSWORD``; with ``None``, they use the worker's environment.
    dag_id : str or None
        ASCII letters, digits, dashes, dots and underscores; ``None`` is the name of the pipeline's file, with other characters replaced.
    """

    schedule: str | None = "0 6 * * 1"
    timezone: str = "UTC"
    start: dt.date | str = dt.date(2024, 1, 1)
    retries: int = 2
    retry_minutes: float = 10.0
    owner: str = "segcore"
    tags: Sequence[str] = ("segcore",)
    connection: str | None = None
    dag_id: str | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> DagOptions:
        """Return options with checked values, in the types that they are documented with.

        Raises
        ------
        ParameterError
            If an option is unknown, or a value is outside its domain.
        """
        known = [field.name for field in fields(cls)]
        unknown = next((name for name in options if name not in known), None)
        if unknown is not None:
            raise ParameterError.unknown("option", unknown, known)
        asked = cls(**options)
        return cls(
            schedule=read_schedule(asked.schedule),
            timezone=_timezone(asked.timezone),
            start=_day(asked.start),
            retries=int(_number("retries", asked.retries, 0, _MOST_RETRIES)),
            retry_minutes=_number("retry_minutes", asked.retry_minutes, 0.01, _MOST_MINUTES),
            owner=_label("owner", asked.owner, _MOST_LETTERS),
            tags=tuple(_label("tag", tag, _MOST_TAG_LETTERS) for tag in ([asked.tags] if isinstance(asked.tags, str) else asked.tags)),
            connection=None if asked.connection is None else _id("connection", asked.connection),
            dag_id=None if asked.dag_id is None else _id("dag_id", asked.dag_id),
        )


@dataclass(frozen=True, slots=True)
class Dag:
    """A DAG file that was written.

    Parameters
    ----------
    dag_id : str
    file : Path
    tasks : tuple of str
        In the order in which they run.
    schedule : str or None
    is_written : bool
        Whether the file was written; otherwise it had the same content already.
    """

    dag_id: str
    file: Path
    tasks: tuple[str, ...]
    schedule: str | None
    is_written: bool

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "dag_id": self.dag_id,
            "file": str(self.file),
            "tasks": list(self.tasks),
            "schedule": self.schedule,
            "is_written": self.is_written,
        }


def write_dag(store: Store, journey: Journey, folder: Path, options: DagOptions) -> Dag:
    """Write the DAG of a pipeline into a folder, as ``<dag_id>.py``; the same pipeline and options give the same bytes.

    Its tasks call this Python interpreter, with this store.

    Parameters
    ----------
    store : Store
    journey : Journey
    folder : Path
        Created if it does not exist.
    options : DagOptions
        From `DagOptions.of`.

    Raises
    ------
    ParameterError
        If another file has the name, the folder cannot be written to, or the run that the pipeline is checked against does not exist.
    """
    if journey.rules.reference is not None:
        signed_off(journey.rules.reference)
    dag_id = options.dag_id or id_from(journey.document.file.stem)
    commands = task_commands(journey)
    file = folder / f"{dag_id}.py"
    pipeline = str(journey.document.file.absolute())
    constants = {
        "DAG_ID": dag_id,
        "PIPELINE": pipeline,
        "SETTINGS": journey.document.written_settings,
        "TASKS": commands,
        "PYTHON": str(Path(sys.executable).absolute()),  # not resolved, because in a virtual environment it is a link
        "LIBRARY": str(CHECKOUT),
        "SEGCORE_HOME": str(store.home.absolute()),
        "CONNECTION": options.connection,
        "SCHEDULE": options.schedule,
        "TIMEZONE": options.timezone,
        "START": str(options.start),
        "RETRIES": options.retries,
        "RETRY_MINUTES": options.retry_minutes,
        "OWNER": options.owner,
        "TAGS": list(options.tags),
    }
    text = dag_text(constants)
    there = _text_of(file)
    if there is not None and there != text and _pipeline_of(there) != pipeline:
        raise refusal("airflow.other_file", kind=ParameterError, path=str(file), pipeline=journey.document.file.name)
    if there != text:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise refusal("export.cannot_write", kind=ParameterError, path=str(folder), reason=error.strerror or str(error)) from error
        write_text(text, file)
    return Dag(dag_id, file, tuple(commands), options.schedule, there != text)


def task_commands(journey: Journey) -> dict[str, list[str]]:
    """Return the tasks of a pipeline, in order, each with its arguments for ``segcore run``."""
    commands: dict[str, list[str]] = {}
    for step in journey.steps:
        if step == "choose" and journey.rules.reference is not None:
            commands[CHECK] = ["--check"]
        commands[step] = ["--only", step]
    return commands


def id_from(name: str) -> str:
    """Return an id of a DAG, and of a file, from any name.

    Examples
    --------
    >>> id_from("Größe & {{ Zahl }}"), id_from("../..")
    ('Groe_Zahl', 'pipeline')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    found = "_".join(filter(None, re.split(r"[^A-Za-z0-9.-]+", plain))).strip("._-")
    return found[:_MOST_LETTERS] or "pipeline"


def dag_text(constants: Mapping[str, Any]) -> str:
    """Return the text of a DAG file: its constants as literals, then the code that all DAGs share."""
    return _HEAD + "".join(f"{name} = {_literal(value)}\n" for name, value in constants.items()) + _BODY


def _literal(value: Any) -> str:
    """Return a text, number, list or mapping as a Python literal, with every unprintable character escaped."""
    line = repr(value)
    if len(line) <= _WIDTH or not value or not isinstance(value, list | dict):
        return line
    items = [f"{key!r}: {one!r}" for key, one in value.items()] if isinstance(value, dict) else map(repr, value)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return "\n".join([opening, *(f"    {item}," for item in items), closing])


def _text_of(file: Path) -> str | None:
    """Return the text of a file; ``None`` if there is none, and "" if it is not text."""
    if not os.path.lexists(file):
        return None
    try:
        return file.read_text(encoding="utf-8") if file.is_file() else ""
    except (OSError, ValueError):
        return ""


def _pipeline_of(text: str) -> str | None:
    """Return the pipeline that a DAG file was written for; ``None`` for another file."""
    try:
        lines = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for line in lines:
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "PIPELINE" and isinstance(line.value, ast.Constant):
            return str(line.value.value)
    return None


def _timezone(name: str) -> str:
    try:
        return zoneinfo.ZoneInfo(name).key
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError, TypeError):
        raise refusal("airflow.unknown_timezone", kind=ParameterError, got=str(name)) from None


def _day(given: dt.date | str) -> dt.date:
    if isinstance(given, str):
        try:
            return dt.date.fromisoformat(given)
        except ValueError:
            raise refusal("airflow.bad_start", kind=ParameterError, got=given) from None
    return given.date() if isinstance(given, dt.datetime) else given


def _number(name: str, given: float, low: float, high: float) -> float:
    is_number = isinstance(given, int | float) and not isinstance(given, bool) and math.isfinite(given)
    if not is_number or not low <= given <= high or (isinstance(low, int) and given != int(given)):
        raise ParameterError.out_of_range(name, given, low, high)
    return given


def _label(name: str, given: str, most: int) -> str:
    if not isinstance(given, str) or not given.strip() or not given.isprintable() or len(given) > most:
        raise refusal("airflow.bad_label", kind=ParameterError, name=name, got=str(given), most=most)
    return given


def _id(name: str, given: str) -> str:
    if not isinstance(given, str) or not _ID.fullmatch(given) or len(given) > _MOST_LETTERS or not given.strip("."):
        raise refusal("airflow.bad_id", kind=ParameterError, name=name, got=str(given), most=_MOST_LETTERS)
    return given


_HEAD = '''\
"""Pipeline of segcore: each task is one step, which does only what is not in the store yet.

Written by `segcore airflow`. To change it, change the pipeline or the options of that command, and give the command again.
"""

import os
import signal
import subprocess
from contextlib import suppress
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException
from airflow.sdk import DAG, BaseOperator, Connection, chain

'''

_BODY = '''

USER_ERROR, OTHER_SEGMENTS = 2, 3
ENDING_SECONDS = 30


class SegcoreStep(BaseOperator):
    """One step, by a command in a process of its own: a list of words, so that there is no shell, and no template is rendered."""

    template_fields = ()

    def __init__(self, *, words, **options):
        super().__init__(**options)
        self.words = words
        self.process = None

    def execute(self, context):
        command = [PYTHON, "-P", "-m", "segcore", "run", PIPELINE, *(f"--set={setting}" for setting in SETTINGS), *self.words]
        self.process = subprocess.Popen(
            command,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="backslashreplace",
            start_new_session=True,
        )
        lines = []
        try:
            for line in self.process.stdout:
                lines.append(line.rstrip("\\n"))
                self.log.info("%s", lines[-1])
            code = self.process.wait()
        except BaseException:  # Ctrl-C, or Airflow's time limit
            self.end()
            raise
        if code == USER_ERROR:  # the same data and the same pipeline would fail again
            raise AirflowFailException(lines[-1] if lines else "segcore refused the pipeline.")
        if code == OTHER_SEGMENTS:
            raise AirflowFailException("\\n".join(lines))
        if code != 0:
            raise AirflowException(lines[-1] if lines else f"segcore ended with exit code {code}.")

    def on_kill(self):
        """End the step; what it has finished is in the store."""
        if self.process is not None and self.process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)

    def end(self):
        self.on_kill()
        try:
            self.process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def environment():
    """Return the worker's environment without Airflow's own settings, with the store and, if there is a connection, its password."""
    found = {name: value for name, value in os.environ.items() if "AIRFLOW" not in name}
    found |= {"SEGCORE_HOME": SEGCORE_HOME, "PYTHONPATH": LIBRARY, "PYTHONUNBUFFERED": "1"}
    password = None if CONNECTION is None else Connection.get(CONNECTION).password
    return found if not password else {**found, "PGPASSWORD": password}


with DAG(
    dag_id=DAG_ID,
    schedule=SCHEDULE,
    start_date=datetime.fromisoformat(START).replace(tzinfo=ZoneInfo(TIMEZONE)),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": OWNER, "retries": RETRIES, "retry_delay": timedelta(minutes=RETRY_MINUTES)},
    tags=TAGS,
):
    chain(*(SegcoreStep(task_id=name, words=words) for name, words in TASKS.items()))
'''
