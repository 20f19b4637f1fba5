"""The machine, and amounts of memory in words."""

import pytest

from segcore.errors import ParameterError
from segcore.system import machine


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
