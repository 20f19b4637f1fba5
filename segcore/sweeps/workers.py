"""Run the units of a sweep in this process, or on the nodes of a Ray cluster through joblib's Ray backend.

A unit runs on one machine: the points that share work under the engine ``shared``, one point under any other. Nothing here
schedules: joblib hands out the units; Ray keeps its processes alive and repeats a unit whose process died.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from segcore.clustering.algorithms.registry import algorithm as algorithm_named
from segcore.clustering.engines import versions
from segcore.clustering.specification.algorithm import AlgorithmSpec
from segcore.clustering.specification.outcome import NOT_RUN
from segcore.clustering.specification.task import SweepTask
from segcore.errors import JobError, ParameterError
from segcore.records.grid import Point, Value
from segcore.records.solution import EngineName, Solution
from segcore.system.private_files import temporary_folder

if TYPE_CHECKING:
    from pathlib import Path

    from joblib import Parallel

Workers = Literal["local", "ray"]
WORKERS: tuple[Workers, ...] = ("local", "ray")
_TRIES = 3
_ANSWER_SECONDS = 10.0


def solutions(algorithm: AlgorithmSpec, task: SweepTask, *, workers: str = "local") -> Iterator[Solution]:
    """Yield each point's Solution, not yet measured, as soon as it is fitted; in any order, each with its point as ``params``.

    Parameters
    ----------
    algorithm : AlgorithmSpec
    task : SweepTask
        Its ``progress`` is not called if the units run elsewhere: what kills a process there does not kill this one. Without
        ``memory``, each unit may use what is free on its node.
    workers : {"local", "ray"}
        In this process; or on the cluster at ``RAY_ADDRESS``, or without it on a Ray started on this machine.

    Raises
    ------
    ParameterError
        If the workers are unknown, or ``RAY_ADDRESS`` is not an address.
    JobError, SegcoreError
        If the cluster cannot be reached or runs other versions than this process, or Ray cannot be started.
    """
    if workers not in WORKERS:
        raise ParameterError.unknown("workers", workers, WORKERS)
    if workers == "local":
        return algorithm.fit(task)
    groups = units_of(algorithm, task.points, task.engine)
    return _on_ray([Unit(algorithm.name, tuple(group), task.engine, task.seed, task.memory) for group in groups], task)


def units_of(algorithm: AlgorithmSpec, points: Sequence[Point], engine: EngineName) -> list[list[Point]]:
    """Group the points that are fitted on one machine, in their order."""
    if engine != "shared":
        return [[point] for point in points]
    groups: dict[tuple[Value, ...], list[Point]] = {}
    for point in points:
        groups.setdefault(algorithm.share_key(point), []).append(point)
    return list(groups.values())


@dataclass(frozen=True, slots=True)
class Unit:
    """Work for one machine; see `SweepTask` for its fields. ``algorithm`` is a name."""

    algorithm: str
    points: tuple[Point, ...]
    engine: EngineName
    seed: int
    memory: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """A unit's solutions, and the seconds of work that its points shared."""

    solutions: tuple[Solution, ...]
    shared_seconds: float = 0.0


class Place(Protocol):
    """The place where a unit is computed, as seen from there."""

    def begin(self, number: int) -> int:
        """Count a start of a unit, and return how often it was started, this time included."""
        ...

    def name(self) -> str:
        """Return the place's name, to follow ``on``."""
        ...

    def rows(self) -> np.ndarray:
        """Return the rows, of shape (n_customers, n_features), float64, writable."""
        ...


def compute(number: int, unit: Unit, place: Place, expected: Mapping[str, str]) -> Done:
    """Fit a unit's points on the machine that calls this; a fit's error becomes a failed solution.

    Parameters
    ----------
    number : int
        Number of the unit.
    unit : Unit
    place : Place
    expected : mapping of str to str
        ``segcore.clustering.engines.versions()`` of who asks.

    Raises
    ------
    JobError
        If the versions here differ, because labels could differ too.
    """
    if place.begin(number) > _TRIES:
        return Done(tuple(_killed(unit, point) for point in unit.points))
    here = versions()
    others = sorted(name for name in {*here, *expected} if here.get(name) != expected.get(name))
    if others:
        said = ", ".join(f"{name} {here.get(name, 'missing')} instead of {expected.get(name, 'none')}" for name in others)
        raise JobError(f"Versions differ on {place.name()}: {said}. Install the same versions on every node.")
    found: list[Solution] = []
    shared: list[float] = []
    task = SweepTask(place.rows(), unit.points, unit.engine, unit.seed, unit.memory, shared=shared.append)
    try:
        found.extend(algorithm_named(unit.algorithm).fit(task))
    except Exception as error:
        there = [solution.params for solution in found]
        found.extend(task.failed(point, error) for point in unit.points if dict(point) not in there)
    return Done(tuple(replace(solution, evidence=f"{solution.evidence}, on {place.name()}") for solution in found), sum(shared))


def _killed(unit: Unit, point: Point) -> Solution:
    return Solution(
        params=dict(point),
        status="failed",
        engine=unit.engine,
        evidence=NOT_RUN,
        seed=unit.seed,
        reason=f"The process that computed this solution on the Ray cluster died {_TRIES} times, from its work or for lack of memory. "
        "To try it again, resume the sweep once it has ended.",
    )


def through_joblib(
    parallel: Parallel, units: Sequence[Unit], place: Place, shared: Callable[[float], None] | None = None
) -> Iterator[Solution]:
    """Yield the units' solutions in the order in which ``parallel``, a generator, returns them; see `compute`."""
    from joblib import delayed

    expected = versions()
    for done in parallel(delayed(compute)(number, unit, place, expected) for number, unit in enumerate(units)):
        if shared and done.shared_seconds:
            shared(done.shared_seconds)
        yield from map(_own, done.solutions)


def _own(solution: Solution) -> Solution:
    """Return the solution with its arrays copied: those in Ray's store are read-only and stay in memory."""
    labels = None if solution.labels is None else np.array(solution.labels)
    return replace(solution, labels=labels, arrays={name: np.array(array) for name, array in solution.arrays.items()})


def _on_ray(units: Sequence[Unit], task: SweepTask) -> Iterator[Solution]:
    with _ray():
        import ray
        from ray.exceptions import RayError
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        # On this process's own node, so that it lives as long as it is needed.
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        tries = ray.remote(_Tries).options(num_cpus=0, scheduling_strategy=here).remote()
        try:
            with temporary_folder(prefix="joblib-") as folder:
                yield from through_joblib(_parallel(len(units), folder), units, _RayNode(ray.put(task.X), tries), task.shared)
        except RayError as error:
            raise JobError(
                f"The Ray cluster was lost, or segcore is not installed on its nodes ({_last_line(error).rstrip('.')})."
            ) from error


class _Tries:
    """Counter of how often each unit was started."""

    def __init__(self) -> None:
        self._begun: dict[int, int] = {}

    def begin(self, number: int) -> int:
        self._begun[number] = self._begun.get(number, 0) + 1
        return self._begun[number]


@dataclass(frozen=True, slots=True)
class _RayNode:
    """A node of a Ray cluster, as a `Place`: the stored rows and the actor of `_Tries`."""

    stored: Any
    tries: Any

    def begin(self, number: int) -> int:
        import ray

        return int(ray.get(self.tries.begin.remote(number)))

    def name(self) -> str:
        import ray

        return f"Ray node {ray.util.get_node_ip_address()} ({ray.get_runtime_context().get_node_id()[:6]})"

    def rows(self) -> np.ndarray:
        import ray

        # A copy, because compiled code needs writable rows, and those in the store are read-only.
        return np.array(ray.get(self.stored))


def _parallel(n_units: int, folder: Path) -> Parallel:
    """Return joblib on Ray's processes, at most one per core and per unit; it yields results at once and survives a node's death.

    Parameters
    ----------
    n_units : int
    folder : Path
        For joblib's temporary files, which it would otherwise keep where nobody sweeps.

    Notes
    -----
    By default, Ray's pool leaves processes dead. Here they are restarted, on other nodes if theirs is gone, and go on
    with their units without a limit of retries, because Ray counts each attempt to reach a dead process; `compute` counts the
    real starts. The pool also assigns units in turn, so that one waits behind a long one while processes are idle, and fails with a
    unit that kills its process; here the next unit goes to an idle process.
    """
    import ray
    from joblib import Parallel
    from ray.util.joblib.ray_backend import RayBackend

    class Backend(RayBackend):
        supports_return_generator = True
        _pool: Any

        def configure(self, *args: Any, **kwargs: Any) -> int:
            n_jobs = int(super().configure(*args, **kwargs))
            self._idle = list(range(n_jobs))
            return n_jobs

        def submit(self, func: Any, callback: Any = None) -> Any:
            index = self._idle.pop()
            self._pool._current_index = index - 1  # the pool takes the next one

            def done(outcome: Any) -> None:
                self._idle.append(index)
                callback(outcome)

            return super().submit(func, done)

        def terminate(self) -> None:
            if self._pool is not None:
                self._pool._closed = True  # otherwise its processes are asked to end, and that counts as a death
                self._pool.terminate()
                self._pool = None

    # With a claim to a whole core, a process could not be restarted on nodes whose cores are taken, mostly by its siblings; with
    # none at all, they are spread at random, even over nodes without a core.
    actors = {"num_cpus": 0.01, "scheduling_strategy": "SPREAD", "max_restarts": -1, "max_task_retries": -1}
    backend = Backend(ray_remote_args=actors)
    # With one process, joblib would compute in this process instead.
    processes = max(1, min(int(ray.cluster_resources().get("CPU", 1)), max(2, n_units)))
    return Parallel(
        n_jobs=processes,
        backend=backend,
        return_as="generator_unordered",
        batch_size=1,
        pre_dispatch="n_jobs",
        temp_folder=str(folder),
    )


def _last_line(error: Exception) -> str:
    return next((line.strip() for line in reversed(str(error).splitlines()) if line.strip()), type(error).__name__)


@contextlib.contextmanager
def _ray() -> Iterator[None]:
    """Connect to a cluster, or start one on this machine; what was started here ends with the body."""
    if "ray" in sys.modules and sys.modules["ray"].is_initialized():
        yield
        return
    address = os.environ.get("RAY_ADDRESS", "").strip()
    try:
        if address in ("", "local"):
            from segcore.system.local_ray import start_ray

            start_ray()
        else:
            _connect(address)
        yield
    finally:
        if "ray" in sys.modules:
            sys.modules["ray"].shutdown()


def _connect(address: str) -> None:
    """Connect to the cluster at ``host:port``, with the token and settings of the environment, or to this machine's own (``auto``)."""
    remedy = "check RAY_ADDRESS and the cluster's token (RAY_AUTH_MODE, RAY_AUTH_TOKEN_PATH), or use local workers."
    if address != "auto":
        host, _, port = address.rpartition(":")
        if not host or not port.isdigit() or "//" in address:
            raise ParameterError(
                f"RAY_ADDRESS must be host:port or auto, got {address!r}; a ray:// address is for clients outside a cluster."
            )
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_SECONDS).close()
        except (OSError, OverflowError) as error:
            raise JobError(f"No answer at RAY_ADDRESS {address} ({error}): {remedy}") from error
    # Once: with the default of twenty attempts, it takes a quarter of an hour if something else answers.
    os.environ.setdefault("RAY_gcs_server_port_wait_time_s", "1")
    import ray

    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, configure_logging=False)
    except Exception as error:  # Ray raises anything from RuntimeError to its own types
        raise JobError(f"Connecting to the Ray cluster at {address} failed ({_last_line(error).rstrip('.')}): {remedy}") from error
