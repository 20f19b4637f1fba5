"""Spark for one computation: the one of this process, a cluster's, or one on this machine that ends with the computation."""

from __future__ import annotations

import contextlib
import errno
import functools
import importlib
import importlib.metadata
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from segcore.system.cores import usable_cores
from segcore.system.private_files import temporary_folder

if TYPE_CHECKING:
    from pyspark import SparkContext

LEAST_JAVA = 17
"""Oldest Java that Spark 4 runs on."""
_LOG = "spark.log"
_STOP_SECONDS = 10.0
_ANSWER_SECONDS = 5.0
_SCHEMES = {"MASTER": "spark://", "SPARK_REMOTE": "sc://"}
_CONNECT_PORT = 15002
_CONNECT_PACKAGES = ("grpc", "grpc_status", "google.rpc")
_PROXIES = ("grpc_proxy", "https_proxy", "http_proxy")  # through which Spark Connect may reach what this machine does not
_LEAST_PARTITIONS = 2
_FULL_DISK = errno.ENOSPC, errno.EDQUOT
PLAIN = re.compile(r"[\w./+-]+")  # paths that can be one of several in an option of Java or Spark, and are no patterns
# Of another Spark, or of one that somebody else has started: this one is the installed package's.
_FOREIGN = ("SPARK_HOME", "SPARK_CONF_DIR", "PYSPARK_SUBMIT_ARGS", "PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET", "SPARK_REMOTE")


class SparkError(Exception):
    """Spark did not start, or stopped before it was done; the text is the first line of its own reason."""


class SparkAddressError(SparkError):
    """A variable of the environment does not have the address of a Spark.

    Attributes
    ----------
    variable : {"MASTER", "SPARK_REMOTE"}
    form : str
        Of its addresses, such as "spark://host:port".
    """

    def __init__(self, variable: str) -> None:
        self.variable, self.form = variable, f"{_SCHEMES[variable]}host:port"
        super().__init__(f"{variable} is not {self.form}")


class SparkUnreachableError(SparkError):
    """Nothing answers at the address in a variable of the environment.

    Attributes
    ----------
    variable : {"MASTER", "SPARK_REMOTE"}
    address : str
        Without parameters, which can have a token.
    """

    def __init__(self, variable: str, address: str) -> None:
        self.variable, self.address = variable, address
        super().__init__(f"{variable}: nothing answers at {address}")


class ConnectMissingError(SparkError):
    """The packages that a Spark Connect server is reached with are not installed."""


@functools.cache
def spark_version() -> str:
    """Return the version of the installed package, "" if there is none."""
    try:
        return importlib.metadata.version("pyspark")
    except importlib.metadata.PackageNotFoundError:
        return ""


def java_version() -> int | None:
    """Return the feature version, such as 17, of the Java that Spark would run on: ``JAVA_HOME``'s, else that on ``PATH``."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java is None:
        return None
    try:
        printed = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60).stderr
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', printed)  # Java 8 calls itself 1.8
    return int(found[1]) if found else None


def runs_here() -> bool:
    """Tell whether this process already has a Spark, such as a notebook's."""
    return "pyspark" in sys.modules and sys.modules["pyspark"].SparkContext._active_spark_context is not None


@contextlib.contextmanager
def running_spark(heap_bytes: int = 1 << 30) -> Iterator[SparkContext]:
    """Yield the Spark of this process, or start one and stop it afterwards: on the cluster at ``MASTER``, else on this machine's cores.

    On this machine it listens on 127.0.0.1 only, behind a secret. It has no user interface and writes nothing to the terminal; its files
    are in a temporary folder of its own, in the store. It ends with this process, however that ends. ``MASTER`` in the environment is the
    address of a cluster, ``spark://host:port``, which calls this machine back and has no secret.

    Parameters
    ----------
    heap_bytes : int
        Memory of the Java process that is started.

    Raises
    ------
    SparkError
        If Spark cannot be started, or fails inside the ``with`` block.
    """
    from pyspark import SparkContext

    with _as_spark_errors():
        if runs_here():
            yield SparkContext.getOrCreate()
        else:
            _check_answers("MASTER")
            with _started(heap_bytes) as context:
                yield context


@contextlib.contextmanager
def _as_spark_errors() -> Iterator[None]:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (Py4JError, PySparkException, OSError, EOFError) as error:
        if getattr(error, "errno", None) in _FULL_DISK:
            raise  # of what the rows are written to
        raise SparkError(_reason(error)) from error


def remote() -> str:
    """Return the address of a Spark Connect server, ``sc://…``, in the environment's ``SPARK_REMOTE``; "" without one.

    Raises
    ------
    SparkAddressError
        If it has something else.
    """
    return _address("SPARK_REMOTE")


def _address(variable: str) -> str:
    found = os.environ.get(variable, "").strip()
    # A Spark on this machine, as without the variable. Programs of all kinds have a MASTER: what is no address there is not for Spark.
    if found.startswith("local") or (variable == "MASTER" and "://" not in found):
        return ""
    if found and not found.startswith(_SCHEMES[variable]):
        raise SparkAddressError(variable)
    return found


def _check_answers(variable: str) -> None:
    """Raise a `SparkError` if nothing answers at the address soon: Spark itself would try for minutes."""
    address = _address(variable)
    if not address:
        return
    try:
        parts = [urlsplit(f"//{part}") for part in address.removeprefix(_SCHEMES[variable]).split("/")[0].split(",")]
        places = [(part.hostname, part.port or (_CONNECT_PORT if variable == "SPARK_REMOTE" else None)) for part in parts]
    except ValueError:
        places = []
    if not places or not all(host and port for host, port in places):
        raise SparkAddressError(variable)
    if variable == "SPARK_REMOTE" and any(os.environ.get(name) for name in _PROXIES):
        return
    for place in places:  # a cluster can have several masters
        with contextlib.suppress(OSError, UnicodeError), socket.create_connection(place, _ANSWER_SECONDS):
            return
    raise SparkUnreachableError(variable, _SCHEMES[variable] + ",".join(f"{host}:{port}" for host, port in places))


@contextlib.contextmanager
def spark_session() -> Iterator[Callable[[Path], Any]]:
    """Yield a function that returns a Parquet file as a Spark frame: on the Spark of `remote`, else on that of `running_spark`.

    A Spark on this machine reads the file itself when the frame is computed; to others, which do not see it, the rows are sent.

    Raises
    ------
    SparkError
        If Spark cannot be reached or started, or fails inside the ``with`` block.
    """
    from pyspark.sql import SparkSession

    if remote() and not runs_here():
        with _as_spark_errors():
            try:
                for package in _CONNECT_PACKAGES:  # Spark's own check ends a program without a file, such as python -c, with exit code 0
                    importlib.import_module(package)
            except ImportError as error:
                raise ConnectMissingError from error
            _check_answers("SPARK_REMOTE")
            session = SparkSession.builder.remote(remote()).create()
            try:
                _set_up(session)
                yield functools.partial(_sent, session)
            finally:
                session.stop()
        return
    with running_spark() as context:
        session = SparkSession(context).newSession()
        _set_up(session)
        # Not 200, each with a task of its own: a part of the rows is small.
        session.conf.set("spark.sql.shuffle.partitions", str(max(context.defaultParallelism, _LEAST_PARTITIONS)))
        is_local = str(context.master).startswith("local")
        yield (lambda path: session.read.parquet(str(path))) if is_local else functools.partial(_sent, session)


def _set_up(session: Any) -> None:
    """Keep times as they are, whatever the zone of this machine or of the cluster."""
    session.conf.set("spark.sql.session.timeZone", "UTC")
    session.conf.set("spark.sql.timestampType", "TIMESTAMP_NTZ")


def _sent(session: Any, path: Path) -> Any:
    import pyarrow.parquet as pq

    return session.createDataFrame(pq.read_table(path))


@contextlib.contextmanager
def _started(heap_bytes: int) -> Iterator[SparkContext]:
    from pyspark import SparkContext

    gateway = context = None
    with temporary_folder(prefix="spark-", fits=PLAIN.fullmatch) as folder, _quiet_log():
        try:
            with _environment(), _own_interrupts():
                with _killed_on_failure():
                    gateway = _launched(folder, heap_bytes)
                context = SparkContext(gateway=gateway, conf=_configured(_at_run_time(str(folder))))
            yield context
        finally:
            _stop(gateway, context)


@contextlib.contextmanager
def _own_interrupts() -> Iterator[None]:
    """Keep this process's reaction to Ctrl-C: Spark's own would ask a Spark that is busy with another call."""
    if threading.current_thread() is not threading.main_thread():
        yield  # where Spark sets none
        return
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _quiet_log() -> Iterator[None]:
    """Keep from the terminal what Spark's connection logs, with tracebacks, when it is interrupted: what matters of it is raised."""
    handler = logging.NullHandler()
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)


def _at_run_time(folder: str) -> dict[str, str]:
    here = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.authenticate": "true",  # with a secret that Spark draws
    }
    master = _address("MASTER")
    return {
        **({} if master else here),
        "spark.master": master or f"local[{usable_cores()}]",
        "spark.app.name": "segcore",
        "spark.ui.enabled": "false",
        "spark.local.dir": folder,
        "spark.log.level": "OFF",
        "spark.executorEnv.PYTHONSAFEPATH": "1",  # a file in the current folder cannot shadow what the workers import
    }


def _configured(settings: Mapping[str, str]) -> Any:
    from pyspark import SparkConf

    return SparkConf(loadDefaults=False).setAll(list(settings.items()))


def _launched(folder: Path, heap_bytes: int) -> Any:
    """Start the Java process, with what it prints in a file of ``folder``."""
    from pyspark.errors import PySparkException
    from pyspark.java_gateway import launch_gateway

    conf = _configured(
        {
            **_at_run_time(str(folder)),
            "spark.driver.memory": f"{max(heap_bytes >> 20, 512)}m",
            "spark.driver.extraJavaOptions": f"-Djava.io.tmpdir={folder} -XX:-UsePerfData",
        }
    )
    log = folder / _LOG
    with log.open("wb") as printed:
        try:
            gateway = launch_gateway(conf, {"stdout": printed, "stderr": printed})
        except PySparkException as error:
            lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
            told = [line for line in lines if "error" in line.lower()] or lines[-1:]  # after warnings, before what follows from it
            raise SparkError(told[0] if told else _reason(error)) from error
    log.unlink()  # so that nothing of it is left should this process be killed
    return gateway


@contextlib.contextmanager
def _killed_on_failure() -> Iterator[None]:
    """Kill the Java process whose start fails or is interrupted: it would not end by itself, and only Spark's own code refers to it."""
    from pyspark import java_gateway

    started: list[subprocess.Popen[bytes]] = []

    class Noted(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            started.append(self)  # before the process is there: the interrupt may come as soon as it is
            super().__init__(*arguments, **options)

    namespace = vars(java_gateway)
    before, namespace["Popen"] = namespace["Popen"], Noted
    try:
        yield
    except BaseException:
        for process in started:
            if getattr(process, "pid", None) is not None:  # else there is none yet
                with process:
                    process.kill()
        raise
    finally:
        namespace["Popen"] = before


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    """Set the environment while Spark is started: this interpreter for the workers, and nothing of another Spark."""
    before = {name: os.environ.get(name) for name in (*_FOREIGN, "PYSPARK_PYTHON")}
    for name in _FOREIGN:
        os.environ.pop(name, None)
    os.environ["PYSPARK_PYTHON"] = sys.executable
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _stop(gateway: Any, context: SparkContext | None) -> None:
    """Stop Spark and wait until its Java process has ended; an interrupted or dead Spark answers no more, so the process is then killed."""
    from pyspark import SparkContext

    if context is not None:
        with contextlib.suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context.stop()
    if gateway is None:
        return
    with contextlib.suppress(Exception):
        gateway.shutdown()
    SparkContext._gateway = SparkContext._jvm = SparkContext._active_spark_context = None
    gateway.proc.stdin.close()  # which the Java process takes as its end
    try:
        gateway.proc.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        gateway.proc.kill()
        gateway.proc.wait()


def _reason(error: Exception) -> str:
    try:
        lines = str(getattr(error, "java_exception", None) or error).splitlines()  # which asks the Java process
    except (OSError, EOFError):
        error = ConnectionError()
    if isinstance(error, ConnectionError | EOFError):
        return "its Java process has ended"
    return lines[0].strip() if lines else type(error).__name__
