"""Conversion of rows to frames of pandas, Polars, or Modin on Ray."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd
import pyarrow as pa

from segcore.errors import ParameterError
from segcore.system.local_ray import start_ray

Backend = Literal["pandas", "polars", "modin"]
BACKENDS: tuple[Backend, ...] = ("pandas", "polars", "modin")


def to_backend(frame: pa.Table | pd.DataFrame, backend: str) -> Any:
    """Return the rows as a native frame.

    Parameters
    ----------
    frame : pyarrow Table or pandas DataFrame
    backend : {"pandas", "polars", "modin"}
        Modin starts Ray on this machine the first time, which takes seconds.

    Raises
    ------
    ParameterError
        If the backend is unknown.
    SegcoreError
        If Ray cannot be started.
    """
    if backend not in BACKENDS:
        raise ParameterError.unknown("frame library", backend, BACKENDS)
    if backend == "polars":
        import polars as pl

        return pl.from_arrow(frame) if isinstance(frame, pa.Table) else pl.from_pandas(frame)
    if backend == "modin":
        return _modin(frame if isinstance(frame, pd.DataFrame) else frame.to_pandas())
    # Text stays in Arrow's memory: grouping by it takes a third of the time that Python's strings take.
    return frame if isinstance(frame, pd.DataFrame) else frame.to_pandas(types_mapper=_arrow_text)


def _arrow_text(kind: pa.DataType) -> Any:
    return pd.ArrowDtype(kind) if pa.types.is_large_string(kind) or pa.types.is_string(kind) else None


def _modin(frame: pd.DataFrame) -> Any:
    start_ray()
    import modin.pandas as mpd

    text = {name: object for name in frame.columns if isinstance(frame[name].dtype, pd.ArrowDtype)}
    return mpd.DataFrame(frame.astype(text) if text else frame)
