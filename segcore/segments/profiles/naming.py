"""Names for segments, from what sets each apart: all different, and reproducible for the same segments."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.solution import NOISE, Solution
from segcore.segments.profiles.descriptions import SHIFT_WORTH_SAYING, phrase_of, strongest_item
from segcore.system.cores import in_threads
from segcore.wording.features import title_of_0
from segcore.wording.numbers import number_text, unit_text
from segcore.wording.quotes import visible

TYPICAL = "Typical customers"
LONGEST_NAME = 60
_MOST_PHRASES = 2
_SECOND = 0.5
_VAGUE = 0.5
_ALMOST_ALL, _MOST = 0.9, 0.5
_LONGEST_TITLE = 24


def suggested_names(rows: FeatureTable, solution: Solution, *, taken: Collection[str] = ()) -> dict[int, str]:
    """Name every segment by the one or two features that set it apart most: "High spend, many orders".

    Parameters
    ----------
    rows : FeatureTable
        The rows that were clustered, with the features clustered on, unscaled.
    solution : Solution
        With its labels; ``rows`` has as many rows. Noise is not named.
    taken : collection of str
        Names that the analyst gave, which no other segment gets.

    Returns
    -------
    dict of int to str
        All different, also when case is ignored. They depend on the customers in the segments, not on the segments' numbers.

    Notes
    -----
    Features are ranked as in `sets_apart`; a column's categories count once. The second feature must be shifted by half a standard
    deviation. Segments with the same one or two phrases get, instead of the second, the mean of the feature in which they differ most; a
    segment without a shift is called "Typical customers".
    """
    originals = np.asarray(rows.copies) == 0
    labels = np.asarray(solution.labels)[originals]
    found = [int(label) for label in np.unique(labels) if label != NOISE]
    if not found:
        return {}
    means, spread, overall = _means(rows.values if originals.all() else rows.values[originals], labels, found)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        shifts = np.nan_to_num(np.where(spread > 0, (means - overall) / spread, 0.0), posinf=0.0, neginf=0.0)
    known = {entry.name: entry for entry in rows.dictionary}
    entries = [known.get(name) or FeatureEntry(name, name, "", "") for name in rows.names]
    compactness = solution.quality.compactness if solution.quality else {}
    segments = [
        _Segment(
            label,
            int((labels == label).sum()),
            int(np.argmax(labels == label)),
            means[position],
            shifts[position],
            np.array([max(compactness.get(label, {}).get(name) or 0.0, 0.0) for name in rows.names]),
        )
        for position, label in enumerate(found)
    ]
    titles = [_Title.of(rows, entry) for entry in entries]
    phrases = {segment.label: _phrases(segment, titles) or [_Said(-1, TYPICAL)] for segment in segments}
    return _all_different(phrases, segments, titles, spread, taken)


@dataclass(frozen=True, slots=True)
class _Title:
    """Title of a feature in names.

    Parameters
    ----------
    entry : FeatureEntry
    text : str
    other : str
        Meaning of 0 in a column with two values; "" for other features.
    """

    entry: FeatureEntry
    text: str
    other: str = ""

    @classmethod
    def of(cls, rows: FeatureTable, entry: FeatureEntry) -> _Title:
        title = entry.title or entry.name
        item = strongest_item(title)
        return cls(entry, f"Taste 0: {shortened(item)}" if item else shortened(title), shortened(title_of_0(rows, entry)))

    def phrase(self, mean: float, *, above: bool) -> str:
        """Return the phrase for a segment whose mean is above or below that of all customers."""
        if self.entry.kind == "number":
            return phrase_of(self.entry.name, self.text, self.entry.unit, above=above)
        text, share = (self.other, 1 - mean) if not above and self.other else (self.text, mean)
        if above or self.other:
            return text if share >= _ALMOST_ALL else f"mostly {text}" if share >= _MOST else f"often {text}"
        return f"never {text}" if share == 0 else f"seldom {text}"

    @property
    def inside(self) -> str:
        """The title inside a name: "average order value"; titles of a customer table are not changed."""
        text = strongest_item(self.text) or self.text
        return f"{text[:1].lower()}{text[1:]}" if self.entry.unit and text == self.text and self.entry.kind == "number" else text

    def value(self, mean: float) -> str:
        """Return a mean as text: "210 days"."""
        text = number_text(mean, self.entry.unit if self.entry.kind == "number" else "share")
        return f"{text}{unit_text(self.entry.unit) if self.entry.unit == 'days' else ''}"


@dataclass(frozen=True, slots=True, eq=False)
class _Segment:
    """A segment with its first row, and the mean, the shift in standard deviations and the compactness (at least 0) of every feature."""

    label: int
    customers: int
    first: int
    means: np.ndarray
    shifts: np.ndarray
    compactness: np.ndarray

    @property
    def order(self) -> tuple[float, ...]:
        """Sort key among segments of the same name, independent of their numbers."""
        return (-self.customers, *self.means.tolist(), self.first)


def _means(values: np.ndarray, labels: np.ndarray, found: Sequence[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean of each feature in each segment, and the deviation and mean among all customers."""
    inside = labels != NOISE
    place = np.searchsorted(found, labels[inside])
    sizes = np.bincount(place, minlength=len(found))
    everyone = bool(inside.all())

    def of_column(position: int) -> tuple[np.ndarray, float, float]:
        column = np.ascontiguousarray(values[:, position])
        means = np.bincount(place, weights=column if everyone else column[inside], minlength=len(found)) / sizes
        with np.errstate(over="ignore", invalid="ignore"):  # of values near the largest float
            return means, float(column.std()), float(column.mean())

    columns = in_threads([partial(of_column, position) for position in range(values.shape[1])])
    means, spread, overall = (np.array(part) for part in zip(*columns, strict=True))
    return means.T, spread, overall


class _Said(NamedTuple):
    """A phrase, and the position of the feature that it is about."""

    position: int
    text: str


def _phrases(segment: _Segment, titles: Sequence[_Title]) -> list[_Said]:
    strength = np.abs(segment.shifts) * (1 + segment.compactness)
    # A value that a segment lacks says less than one that it has.
    vague = [title.entry.kind != "number" and not title.other and segment.shifts[at] < 0 for at, title in enumerate(titles)]
    chosen: list[int] = []
    for position in np.argsort(-strength * np.where(vague, _VAGUE, 1.0), kind="stable").tolist():
        block = titles[position].entry.block
        least = _SECOND if chosen else SHIFT_WORTH_SAYING
        if abs(segment.shifts[position]) < least or (block and block in {titles[other].entry.block for other in chosen}):
            continue
        chosen.append(position)
        if len(chosen) == _MOST_PHRASES:
            break
    return [
        _Said(position, titles[position].phrase(segment.means[position], above=bool(segment.shifts[position] > 0))) for position in chosen
    ]


def _all_different(
    phrases: Mapping[int, Sequence[_Said]],
    segments: Sequence[_Segment],
    titles: Sequence[_Title],
    spread: np.ndarray,
    taken: Collection[str],
) -> dict[int, str]:
    """Return a name for each segment; segments with the same phrases, in any order, get numbers that distinguish them."""
    varied = np.flatnonzero((spread > 0) & np.isfinite(spread)).tolist()
    names = {label: ", ".join(said.text for said in found) for label, found in phrases.items()}
    groups: dict[frozenset[str], list[_Segment]] = {}
    for segment in segments:
        groups.setdefault(frozenset(said.text for said in phrases[segment.label]), []).append(segment)
    for group in groups.values():
        if len(group) == 1 or not varied:
            continue
        first = min(group, key=lambda one: one.order)
        ranges = [float(np.ptp([segment.means[at] for segment in group])) / spread[at] for at in varied]
        at = varied[int(np.argmax(ranges))]
        position, phrase = phrases[first.label][0]
        for segment in group:
            value = titles[at].value(segment.means[at])
            names[segment.label] = f"{phrase} ({value})" if at == position else f"{phrase}, {titles[at].inside} {value}"
    return numbered(names, [segment.label for segment in sorted(segments, key=lambda one: one.order)], taken)


def numbered(names: Mapping[int, str], order: Sequence[int], taken: Collection[str] = ()) -> dict[int, str]:
    """Return the names, shortened and capitalized; of two equal names, the later one in ``order`` gets a 2."""
    used, found = {name.casefold() for name in taken}, {}
    for label in order:
        wanted = names[label][:1].upper() + names[label][1:]
        name, number = wanted[:LONGEST_NAME].rstrip(" ,"), 1
        while name.casefold() in used:
            number += 1
            name = f"{wanted[: LONGEST_NAME - 5].rstrip(' ,')} · {number}"
        used.add(name.casefold())
        found[label] = name
    return {label: found[label] for label in names}


def shortened(title: str) -> str:
    """Return a title on one line, shortened to the space in a name."""
    title = " ".join(visible(title).split())
    return title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 1].rstrip()}…"
