"""Command ``samples``."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from segcore.data.samples.registry import SAMPLES, find_sample, samples_folder
from segcore.errors import ParameterError, SourceError
from segcore.store.index import Index
from segcore.wording.terminal import say, say_json


def add_commands(subparsers: Any) -> None:
    """Add ``samples``."""
    samples = subparsers.add_parser("samples", help="list the sample data sets, or download one", description="List the sample data sets.")
    samples.add_argument("--json", action="store_true", help="print one JSON document")
    actions = samples.add_subparsers(dest="action", metavar="get")
    get = actions.add_parser("get", help="download a sample", description="Download a sample and store it.")
    get.add_argument("name", metavar="NAME", help="online-retail")
    get.add_argument("--url", help="another address of the same data, as zip, XLSX, CSV, CSV.gz or Parquet")
    get.add_argument("--json", action="store_true", help="print one JSON document")
    get.set_defaults(run=run_get)
    samples.set_defaults(run=run_samples)


def run_samples(args: argparse.Namespace) -> int:
    """Print the samples and whether each is on this machine."""
    folder = samples_folder(Index().home)
    listed = []
    for sample in SAMPLES:
        try:
            sample.version(folder)
            here = True
        except SourceError:
            here = False
        listed.append(
            {
                "name": sample.name,
                "title": sample.title,
                "description": sample.description,
                "licence": sample.licence,
                "download": sample.download,
                "here": here,
            }
        )
    if args.json:
        say_json({"samples": listed})
        return 0
    for entry in listed:
        state = "here" if entry["here"] else f"get it with 'segcore samples get {entry['name']}'"
        say(f"{entry['name']}  ({state})\n    {entry['title']}. {entry['description']} {entry['licence']}.")
    return 0


def run_get(args: argparse.Namespace) -> int:
    """Download a sample."""
    sample = find_sample(args.name)
    if sample is None:
        raise ParameterError.unknown("sample", args.name, (known.name for known in SAMPLES))
    if not sample.download:
        if args.url:
            raise ParameterError(f"{sample.name} is included and not downloaded: omit --url.")
        if args.json:
            say_json({"sample": sample.name, "rows": None, "here": True})
        else:
            say(f"{sample.name} is already here.")
        return 0
    from segcore.data.samples.download import URL, download_online_retail
    from segcore.data.samples.online_retail import cached_path
    from segcore.wording.numbers import counted

    index = Index()
    folder = samples_folder(index.home)
    with _progress() as progress:
        rows = download_online_retail(folder, url=args.url or URL, scratch=index.temporary, progress=progress)
    if args.json:
        say_json({"sample": sample.name, "rows": rows, "here": True})
    else:
        say(f"{sample.name}: {counted(rows, 'row')}, stored in {cached_path(folder)}.")
    return 0


@contextlib.contextmanager
def _progress() -> Iterator[Any]:
    """Yield a function that shows a download's progress on one line of a terminal, or None without a terminal."""
    if not sys.stderr.isatty():
        yield None
        return

    def show(received: int, expected: int | None) -> None:
        of = f" of {expected / 1e6:.1f}" if expected else ""
        print(f"\r{received / 1e6:.1f}{of} MB", end="", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        print(file=sys.stderr)
