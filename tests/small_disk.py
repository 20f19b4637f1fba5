"""Small file systems of their own, for tests that need a disk to be really full."""

import contextlib
import errno
import subprocess

import pytest


@contextlib.contextmanager
def mounted(folder, megabytes):
    """Yield a folder that is a file system of so many megabytes; skip the test, with the reason, where this user may not mount one."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "segcore-test", str(folder)]
    tried = subprocess.run(command, capture_output=True, text=True)
    if tried.returncode != 0:
        pytest.skip(f"a real full disk needs the right to mount one: {tried.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder, *, but=0):
    """Fill a file system to its last byte, or up to ``but`` bytes."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError as error:
            assert error.errno == errno.ENOSPC
        file.truncate(max(0, filler.stat().st_size - but))
    return filler
