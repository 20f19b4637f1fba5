"""The machine, and amounts of memory in words."""

import subprocess
import sys
from pathlib import Path

import pytest

from segcore.errors import ParameterError
from segcore.system import machine

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("text", "amount"),
    [("4e9", 4 * 10**9), ("512M", 2**29), ("2G", 2**31), ("1.5GiB", 3 * 2**29), ("1000", 1000), (" 3 kb ", 3072), ("1T", 2**40)],
)
def test_amounts_of_memory_are_read(text, amount):
    assert machine.parse_bytes(text) == amount


@pytest.mark.parametrize("text", ["", "much", "-1", "0", "2X", "1e", "nan", "G", "1e999", "9e307T"])
def test_what_is_no_amount_is_said(text):
    with pytest.raises(ParameterError, match="written 4e9, 512M or 2G"):
        machine.parse_bytes(text)


def in_groups(monkeypatch, tmp_path, groups, files):
    monkeypatch.setattr(machine, "CGROUPS", tmp_path)
    monkeypatch.setattr(machine, "_OWN_CGROUPS", tmp_path / "own")
    (tmp_path / "own").write_text(groups)
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("groups", "files", "left"),
    [
        ("0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": "1000000", "a/memory.current": "300000"}, 700_000),
        (
            "0::/\n",
            {"memory.max": "1000000", "memory.current": "900000", "memory.stat": "anon 5\ninactive_file 500000\n"},
            600_000,
        ),
        ("4:memory:/x\n1:cpu:/\n", {"memory/x/memory.limit_in_bytes": "500", "memory/x/memory.usage_in_bytes": "700"}, 0),
        ("4:memory:/lost\n", {"memory/memory.limit_in_bytes": "5000", "memory/memory.usage_in_bytes": "1000"}, 4_000),
    ],
    ids=["of the group above", "less what can be given up", "version 1", "in a container"],
)
def test_control_groups_limit_what_is_available(monkeypatch, tmp_path, groups, files, left):
    in_groups(monkeypatch, tmp_path, groups, files)
    assert machine.available_bytes() == left


def test_without_a_limit_the_machine_counts(monkeypatch, tmp_path):
    in_groups(monkeypatch, tmp_path, "4:memory:/\n0::/\n", {"memory/memory.limit_in_bytes": str(2**63 - 4096), "memory.max": "max"})
    assert machine.available_bytes() > 2**20


def test_kills_in_a_control_group_are_counted(monkeypatch, tmp_path):
    in_groups(monkeypatch, tmp_path, "0::/a\n", {"a/memory.events": "low 0\noom 3\noom_kill 1\n"})
    before = machine.oom_kills()
    (tmp_path / "a/memory.events").write_text("low 0\noom 9\noom_kill 3\n")
    assert machine.oom_kills() == before + 2


@pytest.mark.parametrize(
    ("groups", "files", "limit"),
    [
        ("0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": "1000000", "memory.max": "5000000"}, 1_000_000),
        ("4:memory:/x\n1:cpu:/\n", {"memory/x/memory.limit_in_bytes": "500"}, 500),
    ],
    ids=["version 2, of the group above", "version 1"],
)
def test_the_least_limit_of_the_control_groups_is_found(monkeypatch, tmp_path, groups, files, limit):
    in_groups(monkeypatch, tmp_path, groups, files)
    assert machine.memory_limit() == machine.MemoryLimit(limit, "control group")
    assert not machine.is_limited() and machine.sparing_settings() == {}


def test_a_limit_above_the_machine_s_memory_is_none(monkeypatch, tmp_path):
    in_groups(monkeypatch, tmp_path, "4:memory:/\n0::/\n", {"memory/memory.limit_in_bytes": str(2**63 - 4096), "memory.max": "max"})
    assert machine.memory_limit() is None


def under_limit(code, megabytes):
    """Run Python code under ``ulimit -v`` and return what it printed."""
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({megabytes << 20},) * 2)\n{code}"
    return subprocess.run([sys.executable, "-c", limited], capture_output=True, text=True, check=True, cwd=ROOT).stdout


def test_a_limit_on_address_space_is_found_and_leaves_less():
    code = "from segcore.system import machine; print(machine.memory_limit(), machine.available_bytes() >> 20, machine.sparing_settings())"
    printed = under_limit(code, 1000)
    assert printed.startswith(f"MemoryLimit(bytes={1000 << 20}, source='ulimit -v') ")
    assert 0 < int(printed.split(") ")[1].split()[0]) <= 550  # what the libraries of a worker map is not free
    assert "'ARROW_DEFAULT_MEMORY_POOL': 'system'" in printed


def test_under_a_limit_pyarrow_reserves_no_gigabyte():
    code = (
        "from segcore.system.machine import save_address_space; save_address_space()\n"
        "import psutil, pyarrow as pa; kept = pa.array(range(100_000)); print(psutil.Process().memory_info().vms >> 20)"
    )
    assert int(under_limit(code, 4000)) < 700
