"""Where the units of a sweep run: in this process, or on the nodes of a Ray cluster through joblib's Ray backend.

A unit is what belongs on one machine: the points that share work under the engine ``shared``, one point under any other. Nothing here
schedules: joblib hands out the units, Ray keeps its processes alive and runs a unit again whose process died.
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

if TYPE_CHECKING:
    from joblib import Parallel

Workers = Literal["local", "ray"]
WORKERS: tuple[Workers, ...] = ("local", "ray")
_TRIES = 3
_ANSWER_SECONDS = 10.0


def solutions(algorithm: AlgorithmSpec, task: SweepTask, *, workers: str = "local") -> Iterator[Solution]:
    """Yield each point's Solution, not yet measured, as soon as it is there; in any order, each with its point as ``params``.

    Parameters
    ----------
    algorithm : AlgorithmSpec
    task : SweepTask
        Its ``progress`` is not called where the units run elsewhere: what kills a process there does not kill this one. Without
        ``memory`` each unit goes by what its own node has free.
    workers : {"local", "ray"}
        In this process; or on the cluster that ``RAY_ADDRESS`` names, else on a Ray of this machine that is started for it.

    Raises
    ------
    ParameterError
        Where the workers are unknown, or ``RAY_ADDRESS`` is not an address.
    JobError, SegcoreError
        Where the cluster cannot be reached, or runs other versions than this process; where Ray cannot be started.
    """
    if workers not in WORKERS:
        raise ParameterError.unknown("workers", workers, WORKERS)
    if workers == "local":
        return algorithm.fit(task)
    groups = units_of(algorithm, task.points, task.engine)
    return _on_ray([Unit(algorithm.name, tuple(group), task.engine, task.seed, task.memory) for group in groups], task)


def units_of(algorithm: AlgorithmSpec, points: Sequence[Point], engine: EngineName) -> list[list[Point]]:
    """Return the points in groups that are to be fitted on one machine, in their order."""
    if engine != "shared":
        return [[point] for point in points]
    groups: dict[tuple[Value, ...], list[Point]] = {}
    for point in points:
        groups.setdefault(algorithm.share_key(point), []).append(point)
    return list(groups.values())


@dataclass(frozen=True, slots=True)
class Unit:
    """What is computed on one machine; see `SweepTask` for its fields. ``algorithm`` is a name."""

    algorithm: str
    points: tuple[Point, ...]
    engine: EngineName
    seed: int
    memory: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """A unit's solutions, and the seconds of work that served several of its points."""

    solutions: tuple[Solution, ...]
    shared_seconds: float = 0.0


class Place(Protocol):
    """Where a unit is computed, as seen from there."""

    def begin(self, number: int) -> int:
        """Count that a unit is begun and return how many times it has been, this time included."""
        ...

    def name(self) -> str:
        """Return what people call the place, for ``on …``."""
        ...

    def rows(self) -> np.ndarray:
        """Return the rows, of shape (n_customers, n_features), float64, writable."""
        ...


def compute(number: int, unit: Unit, place: Place, expected: Mapping[str, str]) -> Done:
    """Fit a unit's points, on whatever machine this is called; no fit's error is raised.

    Parameters
    ----------
    number : int
        Of the unit.
    unit : Unit
    place : Place
    expected : mapping of str to str
        ``segcore.clustering.engines.versions()`` of who asks.

    Raises
    ------
    JobError
        Where the versions here are others: labels might be others too.
    """
    if place.begin(number) > _TRIES:
        return Done(tuple(_killed(unit, point) for point in unit.points))
    here = versions()
    others = sorted(name for name in {*here, *expected} if here.get(name) != expected.get(name))
    if others:
        said = ", ".join(f"{name} {here.get(name, 'missing')} instead of {expected.get(name, 'none')}" for name in others)
        raise JobError(f"On {place.name()} there is {said}: install the same versions on every node.")
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
        reason=f"The processes that computed this point on the Ray cluster died, {_TRIES} of {_TRIES}: of its work, or for want of memory. "
        "Resuming the sweep once it has ended tries this point again.",
    )


def through_joblib(
    parallel: Parallel, units: Sequence[Unit], place: Place, shared: Callable[[float], None] | None = None
) -> Iterator[Solution]:
    """Yield the units' solutions in the order in which ``parallel``, whose results are a generator, has them; see `compute`."""
    from joblib import delayed

    expected = versions()
    for done in parallel(delayed(compute)(number, unit, place, expected) for number, unit in enumerate(units)):
        if shared and done.shared_seconds:
            shared(done.shared_seconds)
        yield from map(_own, done.solutions)


def _own(solution: Solution) -> Solution:
    """Return the solution with copies of its arrays: those in Ray's store are read-only and stay in memory."""
    labels = None if solution.labels is None else np.array(solution.labels)
    return replace(solution, labels=labels, arrays={name: np.array(array) for name, array in solution.arrays.items()})


def _on_ray(units: Sequence[Unit], task: SweepTask) -> Iterator[Solution]:
    with _ray():
        import ray
        from ray.exceptions import RayError
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        # On this process's own node, so that it is there for as long as anybody asks.
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        tries = ray.remote(_Tries).options(num_cpus=0, scheduling_strategy=here).remote()
        try:
            yield from through_joblib(_parallel(len(units)), units, _RayNode(ray.put(task.X), tries), task.shared)
        except RayError as error:
            raise JobError(f"The Ray cluster was lost, or its nodes have no segcore to run ({_last_line(error).rstrip('.')}).") from error


class _Tries:
    """Counts how often each unit was begun."""

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

        # A copy, because compiled code wants rows that it could write to, and the store's are for all to read.
        return np.array(ray.get(self.stored))


def _parallel(n_units: int) -> Parallel:
    """Return joblib on Ray's processes, one a core but no more than units; it gives what is done at once and outlives a node's death.

    Notes
    -----
    Ray's pool leaves processes dead unless told otherwise. Here they are started again, on other nodes where theirs is gone, and go on
    with their units for as long as it takes, because Ray counts each time it knocks at a dead process's door; `compute` counts what was
    really begun. The pool also deals units out in turn, so that one waits behind a long one beside idle processes, and falls with a
    unit that kills its process; here the next unit goes to a process that is idle.
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
            self._pool._current_index = index - 1  # it takes the one after it

            def done(outcome: Any) -> None:
                self._idle.append(index)
                callback(outcome)

            return super().submit(func, done)

        def terminate(self) -> None:
            if self._pool is not None:
                self._pool._closed = True  # else its processes are asked to end, do so, and that counts as a death
                self._pool.terminate()
                self._pool = None

    # With a claim to a whole core a process could not be started again on nodes whose cores are taken, by its fellows above all; with
    # none at all they are spread by chance, and over nodes that have no core to give.
    actors = {"num_cpus": 0.01, "scheduling_strategy": "SPREAD", "max_restarts": -1, "max_task_retries": -1}
    backend = Backend(ray_remote_args=actors)
    # With one process joblib would compute in this one instead.
    processes = max(1, min(int(ray.cluster_resources().get("CPU", 1)), max(2, n_units)))
    return Parallel(n_jobs=processes, backend=backend, return_as="generator_unordered", batch_size=1, pre_dispatch="n_jobs")


def _last_line(error: Exception) -> str:
    return next((line.strip() for line in reversed(str(error).splitlines()) if line.strip()), type(error).__name__)


@contextlib.contextmanager
def _ray() -> Iterator[None]:
    """Be connected to a cluster, or have one of this machine; what was begun here is ended with the body."""
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
    remedy = "check RAY_ADDRESS and the cluster's token (RAY_AUTH_MODE, RAY_AUTH_TOKEN_PATH), or use --workers local."
    if address != "auto":
        host, _, port = address.rpartition(":")
        if not host or not port.isdigit() or "//" in address:
            raise ParameterError(
                f"RAY_ADDRESS must be host:port or auto, got {address!r}; a ray:// address is for clients outside a cluster."
            )
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_SECONDS).close()
        except (OSError, OverflowError) as error:
            raise JobError(f"Nothing answers at RAY_ADDRESS {address} ({error}): {remedy}") from error
    # Once: with twenty times, the default, it takes a quarter of an hour where something else answers.
    os.environ.setdefault("RAY_gcs_server_port_wait_time_s", "1")
    import ray

    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, configure_logging=False)
    except Exception as error:  # Ray raises anything from RuntimeError to its own kinds
        raise JobError(f"The Ray cluster at {address} could not be joined ({_last_line(error).rstrip('.')}): {remedy}") from error
