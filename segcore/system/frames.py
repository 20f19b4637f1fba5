"""The same rows in the frame of whoever is to compute on them: pandas, Polars, or Modin on Ray."""

from __future__ import annotations

import atexit
import logging
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa

from segcore.errors import ParameterError, SegcoreError
from segcore.system.cores import usable_cores

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
        Where there is no such backend.
    SegcoreError
        Where Ray cannot be started.
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


def start_ray() -> None:
    """Start Ray for this process and its children only: a secret token, loopback alone, no dashboard, no reports; once.

    Raises
    ------
    SegcoreError
        Where it cannot be started.
    """
    os.environ["RAY_AUTH_MODE"] = "token"  # before the import, which reads all of these
    if "RAY_AUTH_TOKEN_PATH" not in os.environ:
        os.environ["RAY_AUTH_TOKEN_PATH"] = str(_token_file())
    # What Ray does where it supports no clusters: its node is 127.0.0.1, and only there its servers listen.
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("MODIN_ENGINE", "ray")
    import ray

    if ray.is_initialized():
        return
    # joblib takes a pool of one for none, and would compute in the process itself, which a crash would then end.
    cores = max(2, usable_cores())
    try:
        ray.init(
            address="local",
            num_cpus=cores,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
            configure_logging=False,
        )
    except Exception as error:  # Ray raises anything from RuntimeError to its own kinds
        raise SegcoreError(f"Ray could not be started ({str(error).splitlines()[0]}): use --frames pandas and --workers local.") from error


def _token_file() -> Path:
    handle, name = tempfile.mkstemp(prefix="segcore-ray-", suffix=".token")
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32))
    # Registered before Ray's own, which therefore runs first and still finds its token.
    atexit.register(Path(name).unlink, missing_ok=True)
    return Path(name)
