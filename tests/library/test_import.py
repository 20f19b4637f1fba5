"""``import segcore`` is free: what computes is loaded when it is first used."""

import pytest

import segcore

HEAVY = {"numpy", "pandas", "pyarrow", "sklearn", "plotly", "numba", "scipy", "streamlit", "sqlite3"}


def test_importing_segcore_loads_no_numerical_library(fresh_python, tmp_path):
    code = f"import sys, segcore; dir(segcore); print(sorted({HEAVY!r} & set(sys.modules)), segcore.__version__)"
    with fresh_python(code, tmp_path) as python:
        out, errors = python.communicate(timeout=60)
    assert (out, errors) == (f"[] {segcore.__version__}\n", "")


def test_what_is_offered_is_listed_and_can_be_used():
    for name in ("load", "Data", "Plan", "Sweep", "Point", "SegcoreError", "ParameterError", "JobError"):
        assert name in dir(segcore)
        assert getattr(segcore, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        segcore.lode  # noqa: B018
