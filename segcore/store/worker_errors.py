"""Errors that end the worker of a job: its exit code, and the job's message."""

from __future__ import annotations

import sys

from segcore.errors import DiskError, SegcoreError
from segcore.store.disk import any_disk_error
from segcore.store.index import Index
from segcore.wording.memory import limit_error

USER_ERROR = 2
"""Exit code if the work cannot be done, for a reason that is the job's message."""
DISK_ERROR = 3
"""Exit code if a disk is full or cannot be written: the work is not to blame, and the job can be continued."""


def report_error(index: Index, job_id: str, error: Exception) -> int:
    """Make a user's error, a full disk or too little memory the message of a job, and return its worker's exit code; raise any other error.

    On a full disk, there may be no room for the message; the supervisor then checks the disk itself.
    """
    full = any_disk_error(error, index.home)
    if full is None and not isinstance(error, SegcoreError):
        known = limit_error(error)
        if known is None:
            raise error
        error = known
    try:
        found = full or error
        finding = found.finding if isinstance(found, SegcoreError) else None
        index.update_job(job_id, message=str(found), finding=finding and finding.to_json())
    except DiskError as now_full:
        full = full or now_full
        print(full, file=sys.stderr)  # noqa: T201 - to the log
    return USER_ERROR if full is None else DISK_ERROR
