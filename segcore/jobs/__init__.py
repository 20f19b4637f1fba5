"""Sweeps, benchmarks and tasks as separate processes: start, watch, cancel, resume, queue.

Nothing here computes or imports numerical libraries. A job is a row in the store's index and, while it is queued or running, a
supervisor process in a separate session, which starts the worker and restarts it when it dies (``supervisor.py``). All processes
that open the same store see the same jobs.
"""

from segcore.jobs.cancelling import cancel
from segcore.jobs.following import ProgressLine, follow
from segcore.jobs.queue import turn
from segcore.jobs.start import resume, resume_interrupted, start_benchmark, start_sweep, start_task
from segcore.jobs.state import Job, list_jobs, read_job, resolve, wait

__all__ = [
    "Job",
    "ProgressLine",
    "cancel",
    "follow",
    "list_jobs",
    "read_job",
    "resolve",
    "resume",
    "resume_interrupted",
    "start_benchmark",
    "start_sweep",
    "start_task",
    "turn",
    "wait",
]
