"""Worker of a sweep: ``python -m segcore.jobs.worker HOME ID SUPERVISOR [POISON]``; the only process that fits anything.

With ``spare`` as ``ID`` and ``[ALGORITHM, ENGINE]`` instead of ``POISON``, it imports everything that a sweep needs, and then reads the id.

It exits with 0 if the sweep and its evidence are complete, with ``USER_ERROR`` if the sweep as a whole cannot be run, and with
``DISK_ERROR`` if a disk is full; the job's message then has the reason. Any other exit is a death, and the supervisor starts another worker
for the missing work.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import os
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from segcore.errors import JobError, SegcoreError
from segcore.jobs.locks import worker_lock
from segcore.jobs.state import write_to_log
from segcore.store.file_lock import take
from segcore.store.index import Index
from segcore.store.worker_errors import report_error
from segcore.system.child_process import leave_at_once, watch_parent
from segcore.system.cores import let_others_go_first

if TYPE_CHECKING:
    from segcore.store.store import Store

SPARE = "spare"
_PREDECESSOR_SECONDS = 30.0


def main(argv: list[str]) -> int:
    """Compute the missing solutions of one sweep."""
    home, job_id, supervisor, *rest = argv
    watch_parent(int(supervisor))
    faulthandler.enable()
    index = Index(home)
    if job_id == SPARE:
        _load(*json.loads(rest.pop()))
        told = sys.stdin.readline()
        if not told:
            return 0
        job_id = json.loads(told)
        write_to_log(index, job_id)
    poison = {int(position): str(reason) for position, reason in json.loads(rest[0] if rest else "{}").items()}
    try:
        _work(index, job_id, poison)
        return 0
    except (SegcoreError, OSError, MemoryError, RuntimeError) as error:
        return report_error(index, job_id, error)


def _load(name: str, engine: str) -> None:
    """Import everything that fitting with an algorithm needs (with any algorithm if ``name`` is ""), and load its compiled code."""
    from segcore.clustering.algorithms.registry import algorithm, algorithms
    from segcore.sweeps.cost.calibration import load_code

    importlib.import_module("segcore.sweeps.run")
    importlib.import_module("pyarrow.parquet")
    for spec in [algorithm(name)] if name else algorithms():
        load_code(spec, engine or spec.default_engine)


def _work(index: Index, job_id: str, poison: Mapping[int, str]) -> None:
    """Compute the missing solutions and evidence."""
    # A worker whose supervisor was killed may take a moment to end; two workers would fit the same point twice.
    handle = take(worker_lock(index, job_id), patience=_PREDECESSOR_SECONDS)
    if handle is None:
        raise JobError("An earlier worker of this sweep is still running: resume the sweep later.")
    from segcore.store.store import Store
    from segcore.sweeps.run import run_sweep

    store, options = Store(index.home), index.job_row(job_id)["spec"]
    index.update_job(job_id, result={"since": time.time(), "done": len(index.positions(job_id))})
    judged = bool(store.evidence(job_id))  # asked first, because a worker that is done and still asks may be ended for the next job
    run_sweep(
        store,
        job_id,
        poison=poison,
        memory=options.get("memory"),
        workers=options.get("workers", "local"),
        progress=lambda _: let_others_go_first(),  # the analyst looks at the first solutions meanwhile
    )
    let_others_go_first()
    if judged and store.evidence_level(job_id) is None:
        from segcore.sweeps.evidence.gather import publish_gathered

        publish_gathered(store, job_id)
    _gather(store, job_id)
    os.close(handle)


def _gather(store: Store, job_id: str) -> None:
    """Gather the requested evidence; more may be requested in the meantime."""

    def begin(total: int) -> None:
        store.update_job(job_id, result={"since": time.time(), "done": store.job_row(job_id)["gathered"], "evidence": total})

    gathered = "none"
    while (asked := (options := store.job_row(job_id)["spec"]).get("evidence", "none")) != gathered:
        from segcore.sweeps.evidence.gather import gather

        gather(store, job_id, asked, memory=options.get("memory"), begin=begin)
        gathered = asked


if __name__ == "__main__":
    leave_at_once(main(sys.argv[1:]))
