"""Download a sample on request, in a separate process, with its progress on the page."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

import streamlit as st

from segcore.errors import SourceError
from segcore.store.store import Store
from segcore.system.child_process import child_environment, python_command, start_child

EXPECTED_BYTES = {"online-retail": 23_700_000}  # of the default address; only the bar's length depends on it
_LOOK_SECONDS = 0.3


def is_here(store: Store, name: str) -> bool:
    """Tell whether a sample can be loaded without a download."""
    from segcore.data.samples.registry import find_sample, samples_folder

    sample = find_sample(name)
    try:
        return sample is not None and bool(sample.version(samples_folder(store.home)))
    except SourceError:
        return False


def download(store: Store, name: str, *, url: str | None = None) -> None:
    """Download a sample into the store and draw the progress.

    Raises
    ------
    SourceError
        If the sample cannot be downloaded.
    """
    bar = st.progress(0.0, text=f"Downloading {name}")
    expected = EXPECTED_BYTES.get(name, 0)
    for received in fetch(store, name, url=url):
        share = min(received / expected, 1.0) if expected else 0.0
        words = f"Downloading {name}: {received / 1e6:.1f} MB so far" if share < 1 else f"Checking {name}: reading every row"
        bar.progress(share, text=words)
    bar.empty()


def fetch(store: Store, name: str, *, url: str | None = None) -> Iterator[int]:
    """Run the download command and yield the number of bytes received until it ends."""
    process = start_child(
        python_command("segcore", "samples", "get", name, "--json", *(["--url", url] if url else [])),
        environment=child_environment(SEGCORE_HOME=str(store.home.absolute())),
        dies_with_parent=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        while process.poll() is None:
            yield _received(store)
            time.sleep(_LOOK_SECONDS)
        said = process.communicate()[1].strip().splitlines()
    finally:
        process.kill()  # the page was left or redrawn
        process.wait()
        store.drop_leftovers()
    if process.returncode:
        reason = (
            said[-1].removeprefix("segcore: ").removeprefix("error: ") if said else f"the download ended with code {process.returncode}."
        )
        raise SourceError(f"{reason} You can also load a copy with “Upload a file”.")


def _received(store: Store) -> int:
    from segcore.data.samples.download import DOWNLOAD, PACKED

    total = 0
    for path in store.temporary.glob(f"{DOWNLOAD}*/{PACKED}"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total
