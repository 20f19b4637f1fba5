"""Ray on this machine, for this process and its children only."""

from __future__ import annotations

import atexit
import logging
import os
import secrets
import tempfile
from pathlib import Path

from segcore.errors import SegcoreError
from segcore.system.cores import usable_cores


def start_ray() -> None:
    """Start Ray once, for this process and its children only: a secret token, loopback only, no dashboard, no usage reports.

    Raises
    ------
    SegcoreError
        If it cannot be started.
    """
    os.environ["RAY_AUTH_MODE"] = "token"  # before the import, which reads all of these
    if "RAY_AUTH_TOKEN_PATH" not in os.environ:
        os.environ["RAY_AUTH_TOKEN_PATH"] = str(_token_file())
    # As Ray does on systems without cluster support: its node is 127.0.0.1, and its servers listen only there.
    os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("MODIN_ENGINE", "ray")
    import ray

    if ray.is_initialized():
        return
    # joblib treats a pool of one as no pool, and would compute in this process, which a crash would then end.
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
