"""Where data comes from: samples and files, read into data sets with roles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from segcore.data.files.raw import Raw
from segcore.data.files.reader import read_file, user_path
from segcore.data.meaning.roles import find_meaning
from segcore.data.rows.build import Selection, build_dataset
from segcore.data.samples.registry import find_sample
from segcore.records.data_rules import ReadOptions, RowRules
from segcore.records.dataset import Dataset
from segcore.store.index import default_home


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
