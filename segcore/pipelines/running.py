"""Runs of a pipeline: step by step, skipping steps whose results exist."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from segcore import __version__, jobs
from segcore.data.databases.stored_extract import latest_extract
from segcore.data.samples.registry import find_sample
from segcore.errors import ParameterError, SegcoreError
from segcore.export.database_table import Destination
from segcore.export.files import table_text, write_export, write_model, write_scores
from segcore.export.tables import TABLE_FORMATS, write_table
from segcore.features.output import rows_for_file
from segcore.features.planning.sets import feature_names
from segcore.intake.child import from_database_apart, take_in_apart
from segcore.intake.take_in import content_of_file, known_intake
from segcore.intake.trained_rows import read_like_trained
from segcore.jobs.tasks.making_vectors import take_in_with_vectors
from segcore.jobs.tasks.task import Follow
from segcore.library.plan import Plan as PlanOfScript
from segcore.library.plan import build_plan
from segcore.pipelines.choosing import chosen_position, give_names, labels_by_customer
from segcore.pipelines.format.key_lines import Path as KeyPath
from segcore.pipelines.journey import STEPS, Export, Journey, Score, Step, Target
from segcore.pipelines.manifest import EDITION, changes_table, described_file, described_table, is_unchanged, read_manifest, write_manifest
from segcore.records.evidence import LEVELS
from segcore.records.finding import Finding
from segcore.records.grid import point_key
from segcore.records.intake import DataRequest, Intake
from segcore.records.plan import Plan
from segcore.records.solution import NOISE
from segcore.records.sweep import Sweep, SweepSpec
from segcore.segments.names import known_names
from segcore.segments.scoring import features_like, latest_time, score
from segcore.store.store import Store
from segcore.system.digests import digest
from segcore.wording.findings import note_json, refusal
from segcore.wording.numbers import counted, segment_title
from segcore.wording.quotes import visible

LATEST = "latest"
Made = TypeVar("Made")
Progress = bool | Callable[[jobs.Job], None]


@dataclass(frozen=True, slots=True)
class StepDone:
    """One step of a run.

    Parameters
    ----------
    step : str
    repeated : bool
        Whether its result existed already.
    text : str
        What the step did, in one sentence.
    """

    step: Step
    repeated: bool
    text: str

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"step": self.step, "from_store": self.repeated, "text": self.text}


@dataclass(frozen=True, slots=True)
class RunResult:
    """Result of a run.

    Parameters
    ----------
    manifest : mapping
        Content of the manifest: see ``docs/pipelines.md``.
    steps : tuple of StepDone
    notes : tuple of Finding
        About the data, the names and the scored customers.
    """

    manifest: Mapping[str, Any]
    steps: tuple[StepDone, ...] = ()
    notes: tuple[Finding, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        steps = [step.to_json() for step in self.steps]
        return {"steps": steps, "notes": [note_json(note, "pipeline") for note in self.notes], "manifest": dict(self.manifest)}


def run_journey(
    store: Store,
    journey: Journey,
    *,
    only: Step | None = None,
    progress: Progress = False,
    follow: Follow | None = None,
    report: Callable[[StepDone], None] = lambda step: None,
) -> RunResult:
    """Run a pipeline, or continue one that was stopped.

    Parameters
    ----------
    store : Store
    journey : Journey
    only : str or None
        One of its steps: the results of the steps before it must be in the store.
    progress : bool or callable (Job) -> None
        See `segcore.library.plan.Plan.sweep`.
    follow : callable or None
        Follows the jobs of vectors and targets: see `segcore.jobs.tasks.task.await_task`.
    report : callable (StepDone) -> None
        Called after each step.

    Raises
    ------
    SegcoreError
        If a step fails; with the file, the line and the key.
    """
    if only is not None and only not in journey.steps:
        raise refusal("pipeline.no_step", kind=ParameterError, step=only, table=only)
    run = Run(store, journey, progress=progress, follow=follow, report=report, only=only)
    for step in STEPS[: 1 + STEPS.index(only)] if only else journey.steps:
        if step in journey.steps and (only is None or step == only or step in _BEFORE):
            run.do(step)
    return RunResult(run.manifest, tuple(run.done), tuple(run.notes))


_BEFORE: tuple[Step, ...] = ("prepare", "features", "sweep", "choose")
"""Steps that others depend on."""
_PLACES: Mapping[str | None, int] = {step: place for place, step in enumerate(STEPS)}


@dataclass(eq=False)
class Run:
    """One run of a pipeline: the results of its steps so far."""

    store: Store
    journey: Journey
    progress: Progress = False
    follow: Follow | None = None
    report: Callable[[StepDone], None] = lambda step: None
    only: Step | None = None
    notes: list[Finding] = field(default_factory=list)
    done: list[StepDone] = field(default_factory=list)
    manifest: dict[str, Any] = field(default_factory=dict)
    request: DataRequest | None = None  # for the rows as they were read; for a database, for its extract
    texts: dict[str, list[str]] = field(default_factory=dict)  # by step, what became of each output
    read_before: bool = False
    prepared: Intake | None = None  # without components and vectors; targets are found from this table
    intake: Intake | None = None
    plan: Plan | None = None
    sweep: Sweep | None = None
    position: int = 0

    def __post_init__(self) -> None:
        """Begin with the results that an earlier run has written."""
        self.earlier = read_manifest(self.journey.manifest)
        self.manifest = {
            "edition": EDITION,
            "complete": False,
            "pipeline": self.journey.document.file.name,
            "settings": self.journey.document.plain_settings,
            "asked": self.journey.document.digest,
            "question": self.journey.question,
            "versions": {"segcore": __version__},
        }

    def do(self, step: Step) -> None:
        """Do one step, and write the manifest."""
        getattr(self, f"_{step}")()
        if step not in _BEFORE or step == "choose":
            self._write()

    def _tell(self, step: Step, repeated: bool, text: str) -> None:
        if self.only is None or self.only == step:
            self.done.append(StepDone(step, repeated, text))
            self.report(self.done[-1])

    def _require(self, is_there: bool, step: Step) -> None:
        """Raise if a step that comes before the requested one has no result."""
        if not is_there and self.only is not None and self.only != step:
            raise refusal("pipeline.step_first", kind=ParameterError, step=self.only, before=step)

    def at(self, path: KeyPath, work: Callable[[], Made]) -> Made:
        """Do some work; its errors name the line and the key."""
        try:
            return work()
        except SegcoreError as error:
            raise self.journey.document.located(error, path) from error

    def _prepare(self) -> None:
        self.request = self.request or self.at(("data",), lambda: self._read_from(self.journey.request))
        request = self.request.without_added()
        known = self.at(("data", "path"), lambda: known_intake(self.store, request))
        self.read_before = known is not None
        self._require(self.read_before, "prepare")
        found = known or self.at(("data", "path"), lambda: take_in_apart(self.store, request))
        self.prepared = self.intake = found
        read = f"{counted(found.rows_used, 'row')} of {counted(found.n_customers, 'customer')}"
        self._tell("prepare", self.read_before, f"{read} from {found.data['name']}.")

    def _read_from(self, request: DataRequest) -> DataRequest:
        """Return the request for a database's rows of now or, if another process prepared the step, for those it had then."""
        if self.only in (None, "prepare"):
            return from_database_apart(self.store, request)
        found = latest_extract(self.store, request)
        self._require(found is not None, "prepare")
        return found or request

    @property
    def _request(self) -> DataRequest:
        if self.request is None:
            raise ValueError("The data are prepared first.")
        return self.request

    def _features(self) -> None:
        request, repeated = self._request, self.read_before
        if request.added is not None:
            repeated = self.at(("features", "set"), lambda: known_intake(self.store, request)) is not None
            self._require(repeated, "features")
            self.intake = self.at(("features", "set"), lambda: take_in_with_vectors(self.store, request, follow=self.follow))
        intake, choice = self._intake, self.journey.plan
        table = self.store.feature_table(intake.table)
        described = replace(table, uses=intake.uses)
        for path, name in self._named():
            self.at(path, partial(feature_names, described, [name], intake.kind))
        self.plan = self.at(
            ("features",),
            lambda: build_plan(
                table,
                intake,
                choice.features,
                transforms=choice.transforms,
                weights=choice.weights,
                setting=choice.setting,
                fields=choice.fields,
            ),
        )
        self.notes += intake.notes
        self.manifest |= {"data": self._data(), "seed": self.plan.seed, "plan": self.plan.to_json()}
        self._tell("features", repeated, f"{counted(len(self.plan.features), 'feature')}.")

    def _named(self) -> list[tuple[KeyPath, str]]:
        """Return the features that the file names, with the keys that name them."""
        found: list[tuple[KeyPath, str]] = []
        for table, key in (("features", "names"), ("plan", "log"), ("plan", "power"), ("plan", "weights")):
            names = self.journey.document.value(table, key) or ()
            if isinstance(names, Mapping):
                found += [((table, key, name), name) for name in names]
            else:
                listed = [names] if isinstance(names, str) else names
                found += [((table, key, place), name) for place, name in enumerate(listed)]
        return found

    def _data(self) -> dict[str, Any]:
        intake = self._intake
        counts = {"rows_read": intake.rows_read, "rows_used": intake.rows_used, "customers": intake.n_customers}
        return {**intake.data, **counts, "table": intake.table}

    @property
    def _intake(self) -> Intake:
        if self.intake is None:
            raise ValueError("The data are prepared first.")
        return self.intake

    @cached_property
    def spec(self) -> SweepSpec:
        """The specification of the sweep."""
        choice = self.journey.sweep
        return self.at(("sweep",), lambda: self._script.spec(choice.algorithm, engine=choice.engine, **dict(choice.grid)))

    @property
    def _script(self) -> PlanOfScript:
        if self.plan is None:
            raise ValueError("The features are chosen first.")
        return PlanOfScript(self.store, self._intake, self.plan)

    def is_swept(self) -> bool:
        """Tell whether the sweep and its evidence are in the store."""
        found = self.store.evidence_level(self.spec.id) or "none"
        return self.store.is_complete(self.spec.id) and LEVELS.index(found) >= LEVELS.index(self.journey.sweep.evidence)

    def _sweep(self) -> None:
        choice = self.journey.sweep
        repeated = self.is_swept()
        self._require(repeated, "sweep")
        # Also if the sweep exists: its damaged parts are then computed again.
        self.at(
            ("sweep",),
            lambda: self._script.sweep(
                choice.algorithm,
                engine=choice.engine,
                memory=choice.memory,
                workers=choice.workers,
                evidence=choice.evidence,
                progress=self.progress,
                **dict(choice.grid),
            ),
        )
        self.sweep = self.store.sweep(self.spec.id)
        self.manifest["versions"] = dict(self.sweep.spec.versions)
        self._tell("sweep", repeated, f"{counted(len(self.sweep.spec.points), 'solution')}, sweep {self.spec.id[:12]}.")

    def chosen(self) -> int:
        """Return the position of the chosen solution."""
        return chosen_position(self.swept, self.journey.choice)

    def _choose(self) -> None:
        sweep = self.swept
        key = "best" if self.journey.choice.best else "point" if self.journey.choice.point is not None else "rule"
        self.position = self.at(("choose", key), self.chosen)
        named = give_names(self.store, self.journey, sweep, self.position, self.earlier)
        self.notes += named.notes
        self.manifest |= {"solution": self._solution(), "named_in": dict(named.origin)}
        same = _segments_of(self.earlier) == _segments_of(self.manifest)
        self._tell("choose", same, self._chosen_text())

    def _chosen_text(self) -> str:
        solution = self.manifest["solution"]
        sizes = ", ".join(f"{visible(one['name'])} {one['customers']:,}" for one in solution["segments"])
        return f"{point_key(solution['point'])}: {sizes}."

    @property
    def swept(self) -> Sweep:
        """The sweep that was run."""
        if self.sweep is None:
            raise ValueError("The sweep is run first.")
        return self.sweep

    def _solution(self) -> dict[str, Any]:
        """Return the chosen solution as plain values, with the sizes of its segments."""
        sweep = self.swept
        found = self.store.labelled_solution(sweep.id, self.position)
        names = known_names(self.store, sweep, self.position).names
        sizes = {**dict(zip(found.segments, found.sizes, strict=True)), **({NOISE: found.n_noise} if found.n_noise else {})}
        if sweep.spec.plan.repeats > 1:  # the sizes count copies, which may be in several segments
            sizes = dict(sorted(Counter(labels_by_customer(self.store, sweep.id, self.position).values()).items()))
        evidence = sweep.evidence
        point = evidence.points[self.position] if evidence is not None and evidence.points else None
        return {
            "sweep": sweep.id,
            "position": self.position,
            "point": dict(sweep.spec.points[self.position]),
            "algorithm": sweep.spec.algorithm,
            "engine": sweep.spec.engine,
            "customers": sum(sizes.values()),
            "segments": [{"segment": label, "name": segment_title(label, names), "customers": size} for label, size in sizes.items()],
            "silhouette": None if found.quality is None else found.quality.silhouette.to_json(),
            "placebo": None if point is None or point.placebo is None else point.placebo.to_json(),
            "needed_z": None if evidence is None else evidence.needed_z,
        }

    def _export(self) -> None:
        repeated = [self._export_one(("export", place), export) for place, export in enumerate(self.journey.exports)]
        self._tell("export", all(repeated), self._written_text("export"))

    def _export_one(self, path: KeyPath, export: Export) -> bool:
        sweep = self.swept
        if export.sql is not None and isinstance(export.out, Path):
            return self._export_sql(path, export.out, export.sql)
        options: Any = {name: list(value) if isinstance(value, tuple) else value for name, value in export.options.items()}

        def write() -> Mapping[str, Any]:
            document = write_export(self.store, sweep.id, self.position, export.out, **export.options)
            if export.model is not None:
                write_model(self.store, sweep.id, self.position, export.model)
            return document

        return self._output(path, options, export.out, write, more=[export.model] if export.model else [])

    def _export_sql(self, path: KeyPath, out: Path, options: Mapping[str, Any]) -> bool:
        # Imports a parser of SQL, which takes an eighth of a second.
        from segcore.export.scoring_sql import write_scoring_sql

        def write() -> Mapping[str, Any]:
            return write_scoring_sql(self.store, self.swept.id, self.position, out, **options)

        return self._output(path, {"sql": dict(options)}, out, write)

    def _score(self) -> None:
        repeated = [self._score_one(("score", place), asked) for place, asked in enumerate(self.journey.scores)]
        self._tell("score", all(repeated), self._written_text("score"))

    def _score_one(self, path: KeyPath, asked: Score) -> bool:
        sweep = self.swept
        request = self.at((*path, "path"), lambda: from_database_apart(self.store, asked.request))
        options = {**request.to_json(), "data": _identity(request), "as_of": asked.as_of}

        def write() -> Mapping[str, Any]:
            with read_like_trained(self.store, sweep.spec.data, request) as dataset:
                as_of = asked.as_of
                if as_of == LATEST:
                    latest = latest_time(dataset)
                    as_of = None if latest is None else latest.isoformat(sep=" ")
                scored = score(self.store, sweep.id, self.position, dataset, as_of=as_of)
                self.notes += (*dataset.notes, *scored.notes)
                if asked.features is not None:
                    write_table(rows_for_file(features_like(self.store, sweep.id, dataset, as_of=as_of)[0]), asked.features)
            which = {"customers": scored.customers, "labels": scored.labels, "set_aside": scored.set_aside}
            return write_scores(self.store, sweep.id, self.position, asked.out, **which)

        if asked.features is not None:
            options["features"] = asked.features.name
        return self._output(path, options, asked.out, write, more=[asked.features] if asked.features else [])

    def _targets(self) -> None:
        repeated = [self._target_one(("targets", place), asked) for place, asked in enumerate(self.journey.targets)]
        self._tell("targets", all(repeated), self._written_text("targets"))

    def _target_one(self, path: KeyPath, asked: Target) -> bool:
        # The modules that find targets take long to import, and few pipelines have targets.
        from segcore.jobs.tasks.finding_targets import targets_by_job
        from segcore.targets.contact_list import list_rows

        request, intake, question = self._request.without_added(), self.prepared, asked.question
        if intake is None:
            raise ValueError("The data are prepared first.")
        if question.promote is not None:
            question = question.promoting(question.promote, [*intake.columns, "campaign"])
        contacts = "" if question.contacts is None else content_of_file(question.contacts)
        options = {"question": question.to_json(), "table": intake.table, "contacts": contacts}

        def write() -> Mapping[str, Any]:
            answer = targets_by_job(self.store, intake, request, question, self.follow)
            self.notes += answer.notes
            rows = list_rows(self.store.frame(answer.contacts))
            write_table(rows, asked.out)
            return {"rows": len(rows)}

        return self._output(path, options, asked.out, write)

    def _output(
        self,
        path: KeyPath,
        options: Mapping[str, Any],
        out: Path | Destination,
        write: Callable[[], Mapping[str, Any]],
        *,
        more: Sequence[Path] = (),
    ) -> bool:
        """Write a file unless it is up to date, or the differences into a table; return whether there was nothing to do."""
        step, place = str(path[0]), path if self.journey.document.value(*path) is not None else path[:1]
        if isinstance(out, Destination):
            name: Any = [out.address.text, out.table, out.how]
            files = list(more)
        else:
            name = out.name
            has_record = step != "targets" and out.suffix.lower() in TABLE_FORMATS
            files = [out, *([_beside(out)] if has_record else []), *more]
        solution = {} if step == "targets" else _segments_of(self.manifest)
        inputs = digest([path, options, solution, name, __version__])
        earlier = next((one for one in self.earlier.get("outputs", ()) if one.get("inputs") == inputs), None)
        repeated = is_unchanged(earlier, inputs, files, self.journey.manifest)
        found: Mapping[str, Any] = earlier or {}
        if not repeated or isinstance(out, Destination):  # only its database knows the content of a table
            for file in files:
                self.at(place, partial(_make_folder, file))
            found = self.at(place, write)
        described = {
            "step": step,
            "rows": found.get("rows"),
            "asked": self.manifest["asked"],
            "inputs": inputs,
            "files": [described_file(file, self.journey.manifest) for file in files],
        }
        if isinstance(out, Destination):
            text, is_changed = table_text(found), changes_table(found)
            repeated = not is_changed and (repeated or not files)
            described["table"] = described_table(found, self.journey.document.value(*place, "out"), earlier)
        else:
            what = "SQL" if described["rows"] is None else counted(described["rows"], "row")
            text = f"{what} in {described['files'][0]['file']}."
        self.texts.setdefault(step, []).append(text)
        outputs = [one for one in self.manifest.get("outputs", ()) if one["inputs"] != inputs]
        self.manifest["outputs"] = [*outputs, described]
        self._write()
        return repeated

    def _written_text(self, step: Step) -> str:
        return " ".join(self.texts.get(step, ()))

    def _write(self) -> None:
        """Write the manifest; until all outputs are written, with those of earlier runs, which may turn out to be the same."""
        mine, asked = self.manifest.get("outputs", []), self.manifest["asked"]
        done = {one["inputs"] for one in mine}
        same = _segments_of(self.earlier) == _segments_of(self.manifest)
        others = [one for one in self.earlier.get("outputs", ()) if one.get("inputs") not in done] if same else []
        current = [*mine, *(one for one in others if one.get("asked") == asked)]
        complete = len(current) >= len(self.journey.exports) + len(self.journey.scores) + len(self.journey.targets)
        # In the order of the steps, also if they were run one by one.
        outputs = sorted(current if complete else [*mine, *others], key=lambda one: _PLACES.get(one.get("step"), len(STEPS)))
        manifest = {**self.manifest, "outputs": outputs, "complete": complete}
        if manifest["complete"]:
            manifest["finished"] = self._finished(manifest)
        _make_folder(self.journey.manifest)
        if manifest != self.earlier:
            write_manifest(self.journey.manifest, manifest)
            self.earlier = manifest
        self.manifest = {**manifest, "outputs": mine}

    def _finished(self, manifest: Mapping[str, Any]) -> str:
        """Return when the run was complete; for a run that changed nothing, when the earlier run was."""
        plain = {name: value for name, value in manifest.items() if name != "finished"}
        before = {name: value for name, value in self.earlier.items() if name != "finished"}
        if plain == before and isinstance(self.earlier.get("finished"), str):
            return str(self.earlier["finished"])
        return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _segments_of(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a solution that outputs depend on, which evidence gathered later does not change."""
    found = manifest.get("solution") or {}
    return {name: found.get(name) for name in ("sweep", "position", "segments")}


def _beside(file: Path) -> Path:
    return file.with_name(f"{file.name}.json")


def _make_folder(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refusal("export.cannot_write", kind=ParameterError, path=str(file.parent), reason=error.strerror or str(error)) from error


def _identity(request: DataRequest) -> str:
    """Return what identifies the content of data: a digest of the file, or the sample's name."""
    return request.data if find_sample(request.data) is not None else content_of_file(request.data)
