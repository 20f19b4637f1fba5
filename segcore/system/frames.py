"""Frame libraries: rows in memory in pandas, Polars or Modin on Ray; Parquet files read when needed by Polars, DuckDB or Spark."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from segcore.errors import ParameterError
from segcore.system.local_ray import start_ray
from segcore.system.local_spark import spark_session
from segcore.system.private_files import temporary_folder

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd
    import pyarrow as pa

Backend = Literal["pandas", "polars", "modin"]
BACKENDS: tuple[Backend, ...] = ("pandas", "polars", "modin")
"""Hold all rows in memory."""
LAZY = ("polars", "duckdb", "spark")
"""Can read rows from Parquet files when they are needed."""
FRAMES = ("pandas", "polars", "duckdb", "modin", "spark")
DUCKDB_BYTES = 1 << 30
"""Memory in which DuckDB works; what needs more is in files meanwhile."""
_FULL_BYTES = 16 << 20  # free on a disk on which DuckDB, whose errors have no numbers, has failed to write


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
    import pandas as pd

    if backend not in BACKENDS:
        raise ParameterError.unknown("frame library", backend, BACKENDS)
    if backend == "polars":
        import polars as pl

        return pl.from_pandas(frame) if isinstance(frame, pd.DataFrame) else pl.from_arrow(frame)
    if backend == "modin":
        return _modin(frame if isinstance(frame, pd.DataFrame) else frame.to_pandas())
    # Text stays in Arrow's memory: grouping by it takes a third of the time that Python's strings take.
    return frame if isinstance(frame, pd.DataFrame) else frame.to_pandas(types_mapper=_arrow_text)


def in_memory(frames: str) -> Backend:
    """Return the library for rows that are in memory anyway: the chosen one if it holds rows there, else pandas."""
    return next((backend for backend in BACKENDS if backend == frames), "pandas")


@contextlib.contextmanager
def scanning(frames: str) -> Iterator[Callable[[Path], Any]]:
    """Yield a function that returns a Parquet file as a lazy native frame, which reads the file when it is computed.

    Parameters
    ----------
    frames : {"polars", "duckdb", "spark"}
        The file's path has to match `PLAIN`, as DuckDB and Spark read others as patterns. DuckDB works in ``DUCKDB_BYTES`` of memory, in
        one thread, and keeps what needs more in a private temporary folder. For Spark see `spark_session`.

    Raises
    ------
    SparkError
        If Spark cannot be started, or fails inside the ``with`` block.
    MemoryError, OSError
        If DuckDB runs out of memory, or of disk.
    """
    if frames == "polars":
        import polars as pl

        yield lambda path: pl.scan_parquet(path, glob=False)
    elif frames == "duckdb":
        import duckdb

        with temporary_folder(prefix="duckdb-") as folder:
            settings: dict[str, str | bool | int | float | list[str]] = {
                "memory_limit": f"{DUCKDB_BYTES >> 20}MiB",
                "temp_directory": str(folder),
                "threads": 1,  # several add in any order, so that the last bits of sums would differ from run to run
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,
            }
            with duckdb.connect(config=settings) as connection:
                connection.execute("set enable_progress_bar = false")  # which a notebook would show
                try:
                    yield lambda path: connection.read_parquet(str(path))
                except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
                    if shutil.disk_usage(folder).free < _FULL_BYTES:
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder)) from error
                    raise (MemoryError() if isinstance(error, duckdb.OutOfMemoryException) else error) from error
    else:
        with spark_session() as scan:
            yield scan


def computed(frame: nw.LazyFrame[Any]) -> pa.Table:
    """Return the rows of a lazy frame; Polars computes them in batches."""
    options = {"engine": "streaming"} if frame.implementation.is_polars() else {}
    return frame.collect("pyarrow", **options).to_native()


def _arrow_text(kind: pa.DataType) -> Any:
    import pandas as pd
    import pyarrow as pa

    return pd.ArrowDtype(kind) if pa.types.is_large_string(kind) or pa.types.is_string(kind) else None


def _modin(frame: pd.DataFrame) -> Any:
    start_ray()
    import modin.pandas as mpd
    import pandas as pd

    text = {name: object for name in frame.columns if isinstance(frame[name].dtype, pd.ArrowDtype)}
    return mpd.DataFrame(frame.astype(text) if text else frame)
