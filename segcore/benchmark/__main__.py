"""Worker of a benchmark job: ``python -m segcore.benchmark HOME ID``, started by the job's supervisor."""

from __future__ import annotations

import faulthandler
import sys
import time
from collections.abc import Sequence

from segcore.benchmark.run import run_benchmark
from segcore.benchmark.spec import BenchmarkSpec
from segcore.errors import SegcoreError
from segcore.store.damage import damage, reading
from segcore.store.store import Store
from segcore.store.worker_errors import report_error
from segcore.system.private_files import temporary_folder

_PROGRESS_SECONDS = 0.5


def main(argv: Sequence[str]) -> int:
    """Run one benchmark and store its document as the job's result."""
    home, job_id = argv
    faulthandler.enable()
    store = Store(home)
    reported = 0.0

    def report(done: int) -> None:
        # Each update is flushed to disk, which must not happen between fits of a millisecond.
        nonlocal reported
        if time.monotonic() - reported >= _PROGRESS_SECONDS or done == total:
            reported = time.monotonic()
            store.update_job(job_id, progress=done)

    try:
        row = store.job_row(job_id)
        with reading(lambda: damage("job", "start_again", title=str(row["title"]))):
            spec = BenchmarkSpec.from_json(row["spec"])
            total = spec.total_fits
        store.update_job(job_id, total=total)
        with temporary_folder(store.temporary, prefix=f"benchmark-{job_id}-") as folder:
            result = run_benchmark(store, spec, folder / "runs", progress=report)
        store.update_job(job_id, result=result, progress=total)
    except (SegcoreError, OSError, MemoryError) as error:
        return report_error(store, job_id, error)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
