"""Journey that a pipeline describes: records of each step, built and checked before anything runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

from segcore.clustering.algorithms.registry import algorithm
from segcore.data.databases.address import is_address, parse_address
from segcore.data.databases.stored_extract import require_file
from segcore.data.files.file_identity import user_path
from segcore.data.samples.registry import SAMPLES, find_sample
from segcore.errors import ParameterError
from segcore.export.database_table import Destination
from segcore.export.segment_rows import RowChoice
from segcore.export.tables import TABLE_FORMATS
from segcore.features.planning.priorities import PRIORITIES
from segcore.features.taste.asked import TASTE_OPTIONS, asked_taste, check_frames
from segcore.features.vectors.asked import asked_vectors
from segcore.library.request import OPTIONS, SCORING_OPTIONS, build_request
from segcore.library.targeting import OPTIONS as TARGET_OPTIONS
from segcore.library.targeting import build_question
from segcore.pipelines.format.checking import Problem, similar
from segcore.pipelines.format.key_lines import Path as KeyPath
from segcore.pipelines.format.pipeline_file import Document
from segcore.records.evidence import Level
from segcore.records.grid import Value
from segcore.records.intake import DataRequest
from segcore.records.solution import NOISE
from segcore.records.target_question import WINDOW_DAYS, TargetQuestion
from segcore.system.digests import digest
from segcore.system.machine import parse_bytes
from segcore.wording import pipelines as words
from segcore.wording.findings import error_text

Step = Literal["prepare", "features", "sweep", "choose", "export", "score", "targets"]
STEPS: tuple[Step, ...] = ("prepare", "features", "sweep", "choose", "export", "score", "targets")
"""In the order in which they run."""
_MODEL = (".zip",)
_SQL = (".sql",)
_PLAN_FIELDS = ("outliers", "scaler", "ideas", "repeats", "seed")
_QUESTION = ("features", "plan", "sweep", "choose", "names")
Built = TypeVar("Built")


@dataclass(frozen=True, slots=True)
class PlanChoice:
    """Arguments of `segcore.library.plan.build_plan`.

    Parameters
    ----------
    features : str, tuple of str, or None
        A set or names; ``None`` uses the features of the setting.
    transforms : mapping of {"log", "power"} to names, or None
        ``None`` uses those of the setting.
    weights : mapping of feature or column to word or factor
    setting : str
    fields : mapping
        Other fields of a plan.
    """

    features: str | tuple[str, ...] | None
    transforms: Mapping[Literal["log", "power"], tuple[str, ...]] | None
    weights: Mapping[str, str | float]
    setting: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SweepChoice:
    """Arguments of `segcore.library.plan.Plan.sweep`; ``memory`` is in bytes."""

    algorithm: str
    engine: str | None
    grid: Mapping[str, tuple[Value, ...]]
    evidence: Level
    memory: int | None
    workers: str


@dataclass(frozen=True, slots=True)
class SolutionChoice:
    """Which solution is used.

    Parameters
    ----------
    point : mapping or None
        Parameters; those that do not vary may be missing.
    best : str or None
        A measure; if both ``best`` and ``point`` are ``None``, the recommended solution is used.
    segments : (int, int) or None
        Fewest and most segments that may be chosen.
    """

    point: Mapping[str, Value] | None = None
    best: str | None = None
    segments: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """A file or table with the customers of the segments and, if wanted, a file with the model.

    Parameters
    ----------
    out : Path or Destination
    model : Path or None
    options : mapping
        Options of the rows.
    sql : mapping or None
        ``dialect`` and ``table``, where given, of SQL that scores customers; ``out`` is then a file for this SQL.
    """

    out: Path | Destination
    model: Path | None
    options: RowChoice
    sql: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """New customers to assign to the segments, the file or table for them and, if wanted, a file for their features."""

    request: DataRequest
    as_of: str | None
    out: Path | Destination
    features: Path | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A question whom to reach, and the file for the list."""

    question: TargetQuestion
    out: Path


@dataclass(frozen=True, slots=True)
class CheckRules:
    """Conditions under which today's data still give the segments that were signed off.

    Parameters
    ----------
    reference : Path or None
        Manifest of the run that was signed off; ``None`` uses the pipeline's own manifest.
    least_agreement : float
        Least adjusted Rand index of scored and refitted segments.
    least_psi : float
        Drift below this population stability index does not matter, however certain it is.
    least_change : float
        Change of a segment's share of customers, 0 to 1, that does not matter.
    """

    reference: Path | None = None
    least_agreement: float = 0.8
    least_psi: float = 0.1
    least_change: float = 0.05


@dataclass(frozen=True, slots=True)
class Journey:
    """Everything that a pipeline does; see the records of its steps.

    Parameters
    ----------
    document : Document
        The file, so that later errors can name a line.
    names : mapping of segment to str
    manifest : Path
    """

    document: Document
    request: DataRequest
    plan: PlanChoice
    sweep: SweepChoice
    choice: SolutionChoice
    manifest: Path
    names: Mapping[int, str] = field(default_factory=dict)
    exports: tuple[Export, ...] = ()
    scores: tuple[Score, ...] = ()
    targets: tuple[Target, ...] = ()
    rules: CheckRules = CheckRules()

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that the pipeline has."""
        lists: Mapping[Step, Sequence[object]] = {"export": self.exports, "score": self.scores, "targets": self.targets}
        return tuple(step for step in STEPS if lists.get(step, (None,)))

    @property
    def question(self) -> str:
        """Digest of the question, whatever the data: features, plan, sweep, choice and names."""
        return digest({name: self.document.value(name) for name in _QUESTION})


def build_journey(document: Document) -> Journey:
    """Return the journey of a document, whose layout was checked.

    Raises
    ------
    ParameterError
        If a value is outside its domain, a file is missing, or outputs overwrite one another; with every error and its line.
    """
    builder = _Builder(document)
    journey = builder.build()
    if builder.problems or journey is None:
        document.refuse(builder.problems)
    return journey


class _Builder:
    """Builder of a journey that collects problems instead of stopping at the first."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.folder = document.file.absolute().parent
        self.problems: list[Problem] = []

    def build(self) -> Journey | None:
        """Return the journey; if there are problems, ``None`` or a journey that must not be used."""
        get = self.document.value
        rows = self._attempt(("data",), lambda: self._request(("data",), get("data"), OPTIONS))
        request = None if rows is None else self._attempt(("features",), lambda: self._with_added(rows))
        sweep = self._sweep(get("sweep"))
        exports = tuple(filter(None, (self._export(path, table) for path, table in self._entries("export"))))
        scores = tuple(filter(None, (self._score(path, table) for path, table in self._entries("score"))))
        targets = tuple(filter(None, (self._target(path, table) for path, table in self._entries("targets"))))
        choice, names, plan = self._choice(get("choose") or {}, sweep), self._names(get("names") or {}), self._plan()
        outputs = [*(one.out for one in exports), *(one.out for one in scores), *(one.out for one in targets)]
        manifest = self._manifest([out for out in outputs if isinstance(out, Path)])
        self._check_outputs(request, exports, scores, targets, manifest)
        if request is None or sweep is None:
            return None
        return Journey(self.document, request, plan, sweep, choice, manifest, names, exports, scores, targets, self._rules())

    def _attempt(self, path: KeyPath, build: Callable[[], Built]) -> Built | None:
        try:
            return build()
        except ParameterError as error:
            path = self.document.key_of(error, path) or path
            self._report(path, words.in_other_words(words.key_text(path), error_text(error, "pipeline")))
            return None

    def _report(self, path: KeyPath, text: str) -> None:
        self.problems.append(Problem(path, text))

    def _entries(self, name: str) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
        found = self.document.value(name)
        if isinstance(found, list):
            yield from (((name, place), table) for place, table in enumerate(found))
        elif found is not None:
            yield (name,), found

    def _path(self, text: str) -> Path:
        return self.folder / user_path(text)

    def _input(self, path: KeyPath, text: str, *, samples: bool = False) -> str:
        """Return a file's path or a sample's name, and report a file that is not there."""
        if samples and find_sample(text) is not None:
            return text
        found = self._path(text)
        try:
            is_there = found.exists()
        except (OSError, ValueError):  # a name that is too long, or has a NUL
            is_there = False
        if not is_there:
            is_set = self.document.is_set(path)
            name = found.name if is_set else text
            named = [sample.name for sample in SAMPLES] if samples and "/" not in name and "." not in name else []
            self._report(path, words.missing_file(words.key_text(path), text, named, is_set=is_set))
        return str(found)

    def _address(self, path: KeyPath, text: str) -> str | None:
        """Return the address of a database, its path relative to the pipeline's file; ``None`` if unreadable, which is reported."""
        address = self._attempt(path, lambda: parse_address(text))
        if address is None or not address.path:
            return None if address is None else address.text
        return address.at(self._input(path, address.path)).text

    def _request(self, path: KeyPath, table: Mapping[str, Any], known: Sequence[str]) -> DataRequest | None:
        place, source = (*path, "path"), table["path"]
        data = self._address(place, source) if is_address(source) else self._input(place, source, samples=True)
        if data is None:
            return None
        options = {name: table[name] for name in known if name in table}
        for second in ("customers", "items"):
            if second in options:
                if is_address(options[second]):
                    return self._attempt((*path, second), partial(require_file, second, options[second]))
                options[second] = self._input((*path, second), options[second])
        if find_sample(data) is None and not is_address(data):
            options.setdefault("name", Path(data).name)
        request = build_request(
            data,
            kind=table.get("kind"),
            roles=table.get("roles"),
            where=table.get("where", ()),
            dates=(table.get("date_from"), table.get("date_to")),
            options=options,
        )
        # Choices that were made for another file with the same columns, on some machine, must not change what a pipeline does.
        return replace(request, afresh=True)

    def _with_added(self, request: DataRequest) -> DataRequest:
        features = self.document.value("features") or {}
        seed = features.get("seed", self.document.value("plan", "seed") or 0)
        given = {name: features.get(name) for name in TASTE_OPTIONS}
        taste = asked_taste(features.get("set"), given, seed=seed, written=lambda name: f"features.{name}")
        vectors = asked_vectors(features.get("set"), features.get("cust2vec"), seed=seed)
        check_frames(taste, request.frames)
        return replace(request, taste=taste, vectors=vectors, missions=features.get("missions"))

    def _plan(self) -> PlanChoice:
        plan, features = self.document.value("plan") or {}, self.document.value("features") or {}
        for name, weight in plan.get("weights", {}).items():
            if isinstance(weight, str) and weight not in PRIORITIES:
                path = ("plan", "weights", name)
                self._report(path, words.unknown_value(words.key_text(path), weight, similar(weight, list(PRIORITIES)), list(PRIORITIES)))
        transforms: dict[Literal["log", "power"], tuple[str, ...]] = {"log": _texts(plan.get("log")), "power": _texts(plan.get("power"))}
        names = _texts(features.get("names")) or None
        return PlanChoice(
            features=names or features.get("set"),
            transforms=transforms if "log" in plan or "power" in plan else None,
            weights=plan.get("weights", {}),
            setting=plan.get("setting", "default"),
            fields={name: plan[name] for name in _PLAN_FIELDS if name in plan},
        )

    def _sweep(self, table: Mapping[str, Any]) -> SweepChoice | None:
        spec = algorithm(table["algorithm"])
        grid: dict[str, tuple[Value, ...]] = {}
        for name, values in table.get("grid", {}).items():
            grid[name] = self._values(("sweep", "grid", name), table["algorithm"], values)
        engine = table.get("engine")
        if engine is not None and engine not in spec.engines:
            self._report(("sweep", "engine"), words.unknown_value("sweep.engine", engine, (), spec.engines))
        memory = self._attempt(("sweep", "memory"), lambda: parse_bytes(table["memory"])) if "memory" in table else None
        self._attempt(("sweep", "grid"), lambda: spec.grid_with({name: values for name, values in grid.items() if values}))
        return SweepChoice(table["algorithm"], engine, grid, table.get("evidence", "auto"), memory, table.get("workers", "local"))

    def _values(self, path: KeyPath, algorithm_name: str, values: Any) -> tuple[Value, ...]:
        """Return the values of a parameter in its type; empty if they are reported as errors."""
        spec = algorithm(algorithm_name)
        name = str(path[-1])
        known = [param.name for param in spec.params]
        if name not in known:
            table = words.key_text(path[:-1])
            self._report(path, words.unknown_key(words.key_text(path), table, similar(name, known), known))
            return ()
        given = values if isinstance(values, list) else [values]
        return self._attempt(path, lambda: spec.param(name).validate_axis(given)) or ()

    def _choice(self, table: Mapping[str, Any], sweep: SweepChoice | None) -> SolutionChoice:
        given = [name for name in ("point", "rule", "best") if name in table]
        if len(given) > 1 or (self.document.value("choose") is not None and not given):
            self._report(("choose",), words.choose_one(given))
        segments = table.get("segments")
        point: dict[str, Value] | None = None
        if "point" in table and sweep is not None:
            point = {}
            for name, value in table["point"].items():
                path = ("choose", "point", name)
                values = self._values(path, sweep.algorithm, value)
                axis = self._axis(sweep, name)
                if len(values) > 1:
                    self._report(path, words.wrong_type(words.key_text(path), "one value", value))
                elif values and axis and values[0] not in axis:
                    self._report(path, words.not_in_grid(words.key_text(path), values[0], axis))
                point |= dict.fromkeys((name,), values[0]) if values else {}
        return SolutionChoice(point, table.get("best"), None if segments is None else (segments[0], segments[1]))

    def _axis(self, sweep: SweepChoice, name: str) -> tuple[Value, ...]:
        """Return the values that a parameter will have; empty if they depend on the data."""
        spec = algorithm(sweep.algorithm)
        if name in sweep.grid or (spec.radius is not None and spec.radius.param == name):
            return sweep.grid.get(name, ())
        return spec.param(name).default

    def _names(self, table: Mapping[str, str]) -> dict[int, str]:
        names: dict[int, str] = {}
        for key, name in table.items():
            if not (key.isascii() and key.isdecimal()) or len(key) > 9:
                self._report(("names", key), words.not_a_number(words.key_text(("names", key))))
            else:
                names[int(key)] = name
        return names

    def _out(self, path: KeyPath, text: str, endings: Sequence[str]) -> Path:
        found = self._path(text)
        if found.suffix.lower() not in endings:
            self._report(path, words.wrong_ending(words.key_text(path), endings))
        return found

    def _output(self, path: KeyPath, table: Mapping[str, Any]) -> Path | Destination | None:
        """Return the file or table of an export or of scores; ``None`` if it is reported as an error."""
        out, into, how = table["out"], table.get("into"), table.get("how")
        problems = len(self.problems)
        found = self._attempt((*path, "out"), lambda: Destination.of(out, into, how))
        if found is None:
            return self._out((*path, "out"), out, TABLE_FORMATS) if len(self.problems) == problems else None
        address = found.address
        if address.path:
            found = replace(found, address=address.at(self._path(address.path)))
        if found.address.path and found.address.file.parent not in self._created_folders():
            self._attempt((*path, "out"), found.check_folder)
        return found

    def _created_folders(self) -> set[Path]:
        """Return the folders that the pipeline creates for its files."""
        outs = [table.get("out", "") for name in ("export", "score", "targets") for _, table in self._entries(name)]
        files = [Path.cwd() / self._path(out) for out in outs if not is_address(out)]
        return {folder for file in files for folder in file.parents}

    def _export(self, path: KeyPath, table: Mapping[str, Any]) -> Export | None:
        of_sql = {name: table[name] for name in ("dialect", "table") if name in table}
        if table.get("sql"):
            rest = [name for name in table if name not in ("out", "sql", *of_sql)]
            if rest:
                self._report((*path, rest[0]), words.not_with_sql(words.key_text((*path, rest[0]))))
            return Export(self._out((*path, "out"), table["out"], _SQL), None, {}, of_sql)
        for name in of_sql:
            self._report((*path, name), words.only_with_sql(words.key_text((*path, name))))
        options: Any = {name: value for name, value in table.items() if name not in ("out", "into", "how", "model", "sql", *of_sql)}
        if "segments" in options:
            options["segments"] = tuple(NOISE if label == "noise" else int(label) for label in options["segments"])
        model = self._out((*path, "model"), table["model"], _MODEL) if "model" in table else None
        out = self._output(path, table)
        return None if out is None else Export(out, model, options)

    def _score(self, path: KeyPath, table: Mapping[str, Any]) -> Score | None:
        of_data = self.document.value("data", "frames")
        asked = table if of_data is None else {"frames": of_data, **table}
        request = self._attempt(path, lambda: self._request(path, asked, SCORING_OPTIONS))
        out = self._output(path, table)
        as_of = table.get("as_of")
        text = as_of.isoformat(sep=" ") if isinstance(as_of, dt.datetime) else None if as_of is None else str(as_of)
        features = self._out((*path, "features"), table["features"], TABLE_FORMATS) if "features" in table else None
        return None if request is None or out is None else Score(request, text, out, features)

    def _target(self, path: KeyPath, table: Mapping[str, Any]) -> Target | None:
        out = self._out((*path, "out"), table["out"], TABLE_FORMATS)
        options = {name: table[name] for name in TARGET_OPTIONS if name in table}
        if "contacts" in options:
            options["contacts"] = self._input((*path, "contacts"), options["contacts"])
        given = {"outcome": table.get("outcome"), "budget": table.get("budget"), "again": table.get("again", False)}

        def build() -> TargetQuestion:
            return build_question(
                table.get("promote"),
                (),
                window=table.get("window", WINDOW_DAYS),
                options=options,
                **given,
                method=table.get("method", "model"),
            )

        question = self._attempt(path, build)
        if question is not None and question.compares:
            self._report((*path, "promote"), words.needs_value(words.key_text((*path, "promote"))))
        return None if question is None else Target(replace(question, promote=table.get("promote"), value=None), out)

    def _manifest(self, outputs: Sequence[Path]) -> Path:
        given = self.document.value("manifest")
        if given is not None:
            return self._out(("manifest",), given, (".json",))
        folder = outputs[0].parent if outputs else self.folder
        return folder / f"{self.document.file.stem}.manifest.json"

    def _rules(self) -> CheckRules:
        table = dict(self.document.value("check") or {})
        if "reference" in table:
            table["reference"] = self._path(table["reference"])
        return CheckRules(**table)

    def _check_outputs(
        self, request: DataRequest | None, exports: Sequence[Export], scores: Sequence[Score], targets: Sequence[Target], manifest: Path
    ) -> None:
        """Report outputs that overwrite an input, the pipeline or one another."""
        taken: dict[Path, str] = {self.document.file.absolute(): "the pipeline itself"}
        for asked in (request, *(score.request for score in scores)):
            if asked is not None and find_sample(asked.data) is None:
                taken[Path(asked.data)] = "the data"
        described = [(("export", place, "out"), export.out, export.sql is None) for place, export in enumerate(exports)]
        described += [(("score", place, "out"), score.out, True) for place, score in enumerate(scores)]
        self._check_tables([(path, out) for path, out, _ in described if isinstance(out, Destination)])
        written = [(path, out, is_described) for path, out, is_described in described if isinstance(out, Path)]
        written += [(("export", place, "model"), export.model, False) for place, export in enumerate(exports) if export.model]
        written += [(("score", place, "features"), score.features, False) for place, score in enumerate(scores) if score.features]
        written += [(("targets", place, "out"), target.out, False) for place, target in enumerate(targets)]
        for path, out, is_described in [*written, (("manifest",), manifest, False)]:
            for file in (out, *([out.parent / f"{out.name}.json"] if is_described else [])):
                if file in taken:
                    shown = self._shown(path)
                    self._report(shown, words.same_output(words.key_text(shown), taken[file]))
                taken[file] = words.key_text(path)

    def _check_tables(self, written: Sequence[tuple[KeyPath, Destination]]) -> None:
        """Report a table that is replaced after it was written."""
        taken: dict[tuple[str, str], str] = {}
        for path, out in written:
            place, shown = (out.address.text, out.table.casefold()), self._shown(path)
            if place in taken and out.how == "replace":
                self._report(shown, words.same_output(words.key_text(shown), taken[place]))
            taken[place] = words.key_text(shown)

    def _shown(self, path: KeyPath) -> KeyPath:
        """Return the path of a key as the file has it: without a number if there is only one table."""
        return path if isinstance(self.document.value(path[0]), list) or len(path) < 3 else (path[0], path[2])


def _texts(given: str | Sequence[str] | None) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given or ())
