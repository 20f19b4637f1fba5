"""Pipeline for an analyst's script: a file that was checked, and can be run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segcore.pipelines.format.pipeline_file import read_document
from segcore.pipelines.journey import Journey, Step, build_journey
from segcore.pipelines.running import Progress, RunResult, run_journey
from segcore.store.store import Store
from segcore.wording.numbers import listed
from segcore.wording.quotes import visible

if TYPE_CHECKING:
    from segcore.pipelines.airflow_dag import Dag
    from segcore.pipelines.sign_off import Verdict


def pipeline(
    file: str | os.PathLike[str], settings: Mapping[str, Any] | None = None, *, home: str | os.PathLike[str] | None = None
) -> Pipeline:
    """Read a pipeline file, and check all of it.

    Parameters
    ----------
    file : path
        TOML: see ``docs/pipelines.md``.
    settings : mapping of dotted key to value, or None
        Values instead of those in the file, such as ``{"data.path": "next.csv"}``. Paths in them are relative to the current folder.
    home : path or None
        Folder of the store; ``None`` is ``SEGCORE_HOME``, as for the app.

    Raises
    ------
    SourceError
        If the file cannot be read.
    ParameterError
        If something in the file is wrong; with every error, its line and its key.

    Examples
    --------
    >>> weekly = segcore.pipeline(pipeline_file)
    >>> weekly
    Pipeline('weekly.toml': prepare, features, sweep, choose and export)
    >>> weekly.run().manifest["outputs"][0]["rows"]
    30
    """
    return Pipeline(build_journey(read_document(Path(file), settings or {})), Store(None if home is None else Path(home)))


class Pipeline:
    """Pipeline that was checked: see `pipeline`."""

    def __init__(self, journey: Journey, store: Store) -> None:
        self.journey = journey
        self.store = store

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps, in the order in which they run."""
        return self.journey.steps

    def run(self, only: Step | None = None, *, progress: Progress = False) -> RunResult:
        """Run the pipeline; work that was done before on the same data is not repeated.

        Parameters
        ----------
        only : str or None
            One step, whose earlier steps were run before.
        progress : bool or callable (Job) -> None
            As in `segcore.library.plan.Plan.sweep`.

        Returns
        -------
        RunResult
            ``steps``, ``notes`` and the ``manifest``, which is also written next to the outputs.

        Raises
        ------
        SegcoreError
            If a step fails; with the line and the key that the error is about.
        """
        return run_journey(self.store, self.journey, only=only, progress=progress)

    def check(self, *, progress: Progress = False) -> Verdict:
        """Return whether today's data still give the segments that were signed off; nothing but the store is written.

        Raises
        ------
        SegcoreError
            If there is no signed-off run, or a step fails.
        """
        from segcore.pipelines.sign_off import check_journey

        return check_journey(self.store, self.journey, progress=progress)

    def airflow(self, out: str | os.PathLike[str], **options: Any) -> Dag:
        """Write the pipeline as a DAG file for Airflow 3, with one task for each step; see ``docs/pipelines.md``.

        Parameters
        ----------
        out : path
            Folder of DAGs.
        **options
            ``schedule``, ``timezone``, ``start``, ``retries``, ``retry_minutes``, ``owner``, ``tags``, ``connection`` and ``dag_id``: see
            `segcore.pipelines.airflow_dag.DagOptions`.

        Raises
        ------
        ParameterError
            If an option is outside its domain, or the file cannot be written.

        Examples
        --------
        >>> dag = segcore.pipeline(pipeline_file).airflow("dags", schedule="@weekly")
        >>> dag.dag_id, dag.tasks
        ('weekly', ('prepare', 'features', 'sweep', 'choose', 'export'))
        """
        from segcore.pipelines.airflow_dag import DagOptions, write_dag

        return write_dag(self.store, self.journey, Path(out), DagOptions.of(options))

    def __repr__(self) -> str:
        """Return one line: the file and its steps."""
        return visible(f"Pipeline({self.journey.document.file.name!r}: {listed(self.steps)})")
