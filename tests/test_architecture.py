"""The floors of docs/architecture.md, held by what each file really imports."""

import ast
import functools
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Lowest first; a line may import the lines above it, never one below or beside it.
FLOORS = (
    ("segcore", "segcore.records.finding"),
    ("segcore.errors",),
    ("segcore.system",),
    ("segcore.records",),
    ("segcore.wording",),
    ("segcore.store",),
    ("segcore.data", "segcore.data.columns"),
    ("segcore.data.files",),
    ("segcore.data.meaning",),
    ("segcore.data.rows",),
    ("segcore.data.databases",),
    ("segcore.data.samples",),
    ("segcore.data.sources",),
    ("segcore.features",),
    ("segcore.clustering", "segcore.clustering.kernels", "segcore.clustering.engines"),
    ("segcore.clustering.specification",),
    ("segcore.clustering.algorithms",),
    ("segcore.clustering.quality",),
    ("segcore.clustering.compare", "segcore.clustering.point_labels"),
    ("segcore.clustering.recommend",),
    ("segcore.prediction",),
    ("segcore.sweeps",),
    ("segcore.intake",),
    ("segcore.segments",),
    ("segcore.targets",),
    ("segcore.export",),
    ("segcore.plots",),
    ("segcore.jobs", "segcore.benchmark"),
    ("segcore.library",),
    ("segcore.pipelines",),
    ("segcore.cli",),
    ("segcore.__main__", "ui"),
    ("pages", "app"),
)
FLOOR_OF = {entry: floor for floor, entries in enumerate(FLOORS) for entry in entries}
OWN = {"segcore", "ui", "pages", "app"}
# Packages that one place imports, so that what they cost and how they are set up is decided once.
DOORS = {
    "sklearnex": {"segcore.clustering.engines"},
    "daal4py": {"segcore.clustering.engines"},
    "modin": {"segcore.system.frames"},
    "duckdb": {"segcore.data.databases.duckdb_file", "segcore.system.frames"},
    "ray": {"segcore.system.local_ray", "segcore.sweeps.workers"},
    "pyspark": {"segcore.system.local_spark"},
    "adbc_driver_postgresql": {"segcore.data.databases.postgresql"},
    "adbc_driver_manager": {"segcore.data.databases.postgresql"},
    "lightgbm": {"segcore.prediction.classifier", "segcore.prediction.contributions"},
}
# What a stranger has to choose from or to remember; an exception has its reason.
MOST_MODULES = 12
CROWDED: dict[str, str] = {
    "segcore/records": "one file per subject of a record, and a record is looked for by its name",
    "segcore/wording": "one file per subject of sentences, and a sentence is looked for by its subject",
}
MOST_NAMESAKES = 2
NAMESAKES: dict[str, str] = {}
MOST_PARAMETERS = 8
WIDE: dict[str, str] = {"segcore.library.data.plan": "an analyst types it, and a record would be one more thing to know"}


@functools.cache
def trees() -> dict[str, ast.Module]:
    """Return the syntax tree of each module, parsed once."""
    files = [ROOT / "app.py", *(path for folder in ("segcore", "ui", "pages") for path in (ROOT / folder).rglob("*.py"))]
    return {module_of(path): ast.parse(path.read_text(), str(path)) for path in sorted(files)}


def backend_and_ui() -> list[Path]:
    return [path for folder in ("segcore", "ui") for path in (ROOT / folder).rglob("*.py")]


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def entry_of(module: str) -> str | None:
    """Return the entry of ``FLOORS`` that a module belongs to: the longest one that is the module or a folder above it."""
    parts = module.split(".")
    names = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    found = next((name for name in names if name in FLOOR_OF), None)
    return None if found == "segcore" and module != "segcore" else found


@functools.cache
def imported_modules(module: str) -> frozenset[str]:
    """Return everything a module imports, at its top or inside a function, names of submodules resolved."""
    found = set()
    for node in ast.walk(trees()[module]):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (names & trees().keys()) or {node.module}
    return frozenset(found)


def imported_packages(module: str) -> set[str]:
    return {name.split(".")[0] for name in imported_modules(module)}


def upward_imports(module: str) -> list[str]:
    own = entry_of(module)
    if own is None:
        return [f"{module} is on no floor: add it to FLOORS"]
    wrong = []
    for name in imported_modules(module):
        used = entry_of(name)
        if name.split(".")[0] in OWN and used != own and (used is None or FLOOR_OF[used] >= FLOOR_OF[own]):
            wrong.append(f"{module} imports {name}, which is not below it")
    return wrong


def test_each_module_uses_only_floors_below_its_own():
    assert [wrong for module in trees() for wrong in upward_imports(module)] == []


def test_backend_never_imports_the_ui():
    backend = [module for module in trees() if module.startswith("segcore")]
    assert [module for module in backend if imported_packages(module) & {"streamlit", "ui", "pages", "app"}] == []


def test_each_heavy_package_has_one_door():
    used = {(module, package) for module in trees() for package in imported_packages(module) & DOORS.keys()}
    assert {(module, package) for module, package in used if module not in DOORS[package]} == set()


def test_state_cache_and_fragments_have_one_door_each():
    doors = {
        "session_state": "ui.shell.state",
        "query_params": "ui.shell.state",
        "cache_data": "ui.shell.cache",
        "cache_resource": "ui.shell.cache",
        "fragment": "ui.shell.guard",
    }
    used = {
        (node.attr, module)
        for module, tree in trees().items()
        if not module.startswith("segcore")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in doors
    }
    assert used <= set(doors.items())


def test_no_pickle_is_ever_read():
    loaders = {"pickle.load", "pickle.loads", "joblib.load", "cloudpickle.load", "cloudpickle.loads", "pd.read_pickle"}
    endings = {name.rpartition(".")[2] for name in loaders}
    for module, tree in trees().items():
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        called = [call.func for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr in endings]
        assert loaders.isdisjoint(map(ast.unparse, called)), module
        allowed = [keyword.value for call in calls for keyword in call.keywords if keyword.arg == "allow_pickle"]
        assert all(isinstance(value, ast.Constant) and value.value is False for value in allowed), module


def test_pages_stay_thin():
    assert [path.name for path in (ROOT / "pages").glob("*.py") if len(path.read_text().splitlines()) >= 100] == []


def test_the_root_holds_three_files():
    assert {path.name for path in (ROOT / "segcore").glob("*.py")} == {"__init__.py", "__main__.py", "errors.py"}


def test_no_folder_is_crowded():
    folders = Counter(str(path.parent.relative_to(ROOT)) for path in backend_and_ui() if path.stem != "__init__")
    assert {folder for folder, count in folders.items() if count > MOST_MODULES} <= CROWDED.keys()


def test_a_name_is_about_one_subject():
    """With a third file of a name, nobody knows which one a colleague means."""
    names = Counter(path.stem for path in backend_and_ui() if not path.stem.startswith("__"))
    assert {name for name, count in names.items() if count > MOST_NAMESAKES} <= NAMESAKES.keys()


def test_signatures_are_short():
    """More parameters belong in a record; compiled kernels take arrays only."""
    wide = set()
    for module, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and ".kernels." not in module:
                count = len(node.args.posonlyargs) + len(node.args.args) + len(node.args.kwonlyargs)
                wide |= {f"{module}.{node.name}"} if count > MOST_PARAMETERS else set()
    assert wide <= WIDE.keys()


def test_exceptions_are_few():
    assert len(CROWDED) <= 2
    assert len(WIDE) <= 4


def test_the_floors_name_only_what_can_be_found():
    """Guard the guard: a table of misspelt names would hold nothing."""
    assert set(FLOOR_OF) - {entry_of(module) for module in trees()} == set()
