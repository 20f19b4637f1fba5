"""Preview of a run: what each step would do, as far as this is known before earlier steps have run."""

from __future__ import annotations

from pathlib import Path

from segcore.data.databases.stored_extract import latest_extract
from segcore.export.database_table import Destination
from segcore.intake.take_in import known_intake
from segcore.pipelines.journey import STEPS, Journey, Step
from segcore.pipelines.running import Run, StepDone
from segcore.store.store import Store
from segcore.sweeps.cost.calibration import require_calibration
from segcore.sweeps.cost.estimate import estimate_spec, memory_limit
from segcore.wording.numbers import bytes_text, counted, duration_text
from segcore.wording.quotes import named

_LATER = "To do; the data have to be read first."


def preview(store: Store, journey: Journey, only: Step | None = None) -> list[StepDone]:
    """Return what the steps of a pipeline would do; only an estimate of time and memory is computed.

    Parameters
    ----------
    store : Store
    journey : Journey
    only : str or None
        One of its steps.
    """
    request = latest_extract(store, journey.request)
    run = Run(store, journey, request=request)
    known = None if request is None else known_intake(store, request)
    read = known is not None or (request is not None and known_intake(store, request.without_added()) is not None)
    found = {"prepare": (read, "In the store." if read else "To do: read the data and build every feature.")}
    found["features"] = (known is not None, "In the store." if known else "To do.")
    found["sweep"], swept = (False, _LATER), False
    if known is not None:
        run.do("prepare")
        run.do("features")
        swept = run.is_swept()
        found["sweep"] = (swept, "In the store." if swept else _estimate(run))
    found["choose"] = (False, "To do.")
    for step, outputs in (("export", journey.exports), ("score", journey.scores), ("targets", journey.targets)):
        files = ", ".join(_name(one.out) for one in outputs)
        found[step] = (False, f"To do, unless already done: {files}.")
    return [StepDone(step, *found[step]) for step in STEPS if step in journey.steps and only in (None, step)]


def _name(out: Path | Destination) -> str:
    return out.name if isinstance(out, Path) else f"table {named(out.table)} of {named(out.address.name)}"


def _estimate(run: Run) -> str:
    limit = memory_limit(run.journey.sweep.memory)
    table = run.store.feature_table(run.spec.table)
    found = estimate_spec(table, run.spec, calibration=require_calibration(run.store.home), memory=limit)
    refusal = found.refusal(limit)
    if refusal:
        return refusal
    time = "an unknown time" if found.seconds is None else f"about {duration_text(found.seconds)}"
    return f"To do: {counted(len(found.points), 'solution')}, {time} and {bytes_text(found.bytes)} of memory, without the evidence."
