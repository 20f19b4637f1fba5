"""The floors of docs/architecture.md, held by what each file really imports."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = {
    0: ["segcore.errors", "segcore.canonical", "segcore.lifeline", "segcore.cores", "segcore"],
    1: [
        "segcore.machine",
        "segcore.index",
        "segcore.dataset",
        "segcore.rules",
        "segcore.frames",
        "segcore.params",
        "segcore.grid",
        "segcore.solution",
    ],
    2: ["segcore.sources", "segcore.transforms"],
    3: ["segcore.features", "segcore.engines", "segcore.kernels"],
    4: ["segcore.algorithms", "segcore.quality", "segcore.preparation"],
    5: ["segcore.store", "segcore.recommend", "segcore.workers", "segcore.measuring"],
    6: ["segcore.sweep", "segcore.intake", "segcore.cost", "segcore.compare"],
    7: ["segcore.explain", "segcore.maps"],
    8: ["segcore.plots", "segcore.export", "segcore.scoring", "segcore.kit"],
    9: ["segcore.jobs", "segcore.benchmark"],
    10: ["segcore.cli"],
    11: ["segcore.__main__", "ui"],
    12: ["pages", "app"],
}
FLOOR_OF = {entry: floor for floor, entries in FLOORS.items() for entry in entries}
FILES = sorted([ROOT / "app.py", *(path for folder in ("segcore", "ui", "pages") for path in (ROOT / folder).rglob("*.py"))])
BACKEND = [path for path in FILES if path.is_relative_to(ROOT / "segcore")]


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def entry_of(module: str) -> str | None:
    """Return the entry of the floors' table that a module belongs to: a file or a whole folder."""
    parts = module.split(".")
    for length in (2, 1):
        name = ".".join(parts[:length])
        if name in FLOOR_OF and not (name == "segcore" and len(parts) > 1):
            return name
    return None


def imported_modules(path: Path) -> set[str]:
    """Return everything a file imports, at its top or inside a function, names of submodules resolved."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names if entry_of(f"{node.module}.{alias.name}") is not None)
    return found


def imported_packages(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported_modules(path)}


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_each_file_uses_only_floors_below_its_own(path):
    own = entry_of(module_of(path))
    assert own is not None, f"{module_of(path)} stands on no floor: add it to FLOORS"
    for name in imported_modules(path):
        used = entry_of(name)
        if name.split(".")[0] not in {"segcore", "ui", "pages", "app"} or used in (own, "segcore"):
            continue
        assert used is not None, f"{module_of(path)} imports {name}, which stands on no floor"
        assert FLOOR_OF[used] < FLOOR_OF[own], f"{module_of(path)} (floor {FLOOR_OF[own]}) imports {name} (floor {FLOOR_OF[used]})"


@pytest.mark.parametrize("path", BACKEND, ids=module_of)
def test_backend_never_imports_the_ui(path):
    assert imported_packages(path).isdisjoint({"streamlit", "ui", "pages", "app"})


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_each_heavy_package_has_one_door(path):
    doors = {
        "sklearnex": {"segcore.engines"},
        "daal4py": {"segcore.engines"},
        "modin": {"segcore.frames", "segcore.workers"},
        "ray": {"segcore.frames", "segcore.workers"},
        "pyspark": {"segcore.frames", "segcore.workers"},
    }
    for package, allowed in doors.items():
        if package in imported_packages(path):
            assert module_of(path) in allowed


@pytest.mark.parametrize("path", [path for path in FILES if not path.is_relative_to(ROOT / "segcore")], ids=module_of)
def test_state_and_cache_have_one_door_each(path):
    uses = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
    if module_of(path) != "ui.state":
        assert uses.isdisjoint({"session_state", "query_params"})
    if module_of(path) != "ui.cache":
        assert uses.isdisjoint({"cache_data", "cache_resource"})


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_no_pickle_is_ever_read(path):
    tree = ast.parse(path.read_text())
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert calls.isdisjoint({"pickle.load", "pickle.loads", "joblib.load", "cloudpickle.load", "cloudpickle.loads", "pd.read_pickle"})
    keywords = [node for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "allow_pickle"]
    assert all(isinstance(node.value, ast.Constant) and node.value.value is False for node in keywords)


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_pages_stay_thin(path):
    if path.is_relative_to(ROOT / "pages"):
        assert len(path.read_text().splitlines()) < 100


def test_the_floors_name_only_what_can_be_found():
    """Guard the guard: a table of misspelt names would hold nothing."""
    found = {entry_of(module_of(path)) for path in FILES}
    later = {"segcore.maps"}
    assert set(FLOOR_OF) - found - later == set()
    assert sys.version_info >= (3, 11)
