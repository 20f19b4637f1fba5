"""Growth of an explaining tree: splits between the segments' means first, then divisions of leaves that mix two segments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from segcore.segments.rules.condition import Condition, short_number
from segcore.system.cores import in_threads

_MOST_TEXTS = 30
_WORTH = 0.01


class Axis(NamedTuple):
    """A coordinate to cut: customers with at most the cut meet the condition; those without a value (NaN) do not."""

    column: str
    values: np.ndarray
    is_flag: bool = False
    text: str | None = None

    def condition(self, cut: Cut) -> Condition:
        """Return the condition that the lower side meets."""
        if self.text is not None:
            return Condition(self.column, "=", self.text)
        if self.is_flag:
            return Condition(self.column, ">", 0.0)
        return Condition(self.column, "<=", cut.value)


def axes_of(columns: Mapping[str, np.ndarray]) -> list[Axis]:
    """Return the coordinates of columns: each number, and for a text whether it has each of its 30 most frequent values."""
    import pandas as pd

    axes = []
    for name, values in columns.items():
        if values.dtype.kind == "f":
            is_flag = bool(np.isin(values[~np.isnan(values)], (0.0, 1.0)).all())
            axes.append(Axis(name, 1 - values if is_flag else values, is_flag))
            continue
        missing = values == None  # noqa: E711  # elementwise
        for text in pd.Series(values).value_counts().index[:_MOST_TEXTS]:
            axes.append(Axis(name, np.where(missing, np.nan, values != text).astype(np.float64), text=text))
    return axes


class Cut(NamedTuple):
    """A cut between two values of an axis: the smaller its loss the better; if equal, the wider the gap."""

    loss: float
    gap: float
    axis: int
    value: float
    labels: tuple[int, int] = (0, 0)

    def is_before(self, other: Cut | None) -> bool:
        """Tell whether this cut is better than another one."""
        return other is None or (self.loss, -self.gap, self.axis) < (other.loss, -other.gap, other.axis)


class Node:
    """Searched customers that reach a node of the tree, and the segments, by position, whose means reach it."""

    def __init__(self, rows: np.ndarray, labels: Sequence[int]) -> None:
        self.rows, self.labels = rows, list(labels)
        self.cut: Cut | None = None
        self.parts: tuple[Node, Node] | None = None


class Growth:
    """The growth of a tree on the searched customers."""

    def __init__(self, axes: Sequence[Axis], classes: np.ndarray) -> None:
        self.axes = axes
        self.labels, self.place = np.unique(classes, return_inverse=True)
        self.spread = [float(np.nanstd(axis.values)) if not np.isnan(axis.values).all() else 0.0 for axis in axes]
        members = [self.place == position for position in range(len(self.labels))]
        # A mean without a value is on the side of the customers without a value.
        self.means = np.array([[_mean(axis.values[mine]) for axis in axes] for mine in members])

    def tree(self) -> Node:
        """Return the grown tree."""
        everyone = np.arange(len(self.place))
        root = Node(everyone, range(len(self.labels)))
        leaves = []
        waiting = [(root, everyone)]
        while waiting:
            node, right = waiting.pop()
            parts = self._separate(node, right) if len(node.labels) > 1 else ()
            if not parts:
                leaves.append(node)
            for part in parts:
                kept = right[np.isin(right, part.rows) & np.isin(self.place[right], part.labels)]
                waiting.append((part, kept))
        self._divide(leaves)
        return root

    def _separate(self, node: Node, right: np.ndarray) -> tuple[Node, ...]:
        """Divide a node between the means in it, with the fewest mistakes among the customers who are still with their own mean.

        If no cut separates any two of the means, the most frequent segment comes first.
        """
        cut = self._best([partial(self._separation, axis, node.labels, right) for axis in range(len(self.axes))])
        if cut is None:
            node.labels.sort(key=lambda label: -int((self.place[node.rows] == label).sum()))
            return ()
        below = self.means[node.labels, cut.axis] <= cut.value
        low = [label for label, first in zip(node.labels, below, strict=True) if first]
        return self._split(node, cut, low, [label for label in node.labels if label not in low])

    def _divide(self, leaves: list[Node]) -> None:
        """Divide one leaf after the other into two segments, where this corrects the most customers."""
        most, worth = 2 * len(self.labels), max(_WORTH * len(self.place), 1.0)
        found = {id(leaf): self._division(leaf) for leaf in leaves}
        while len(leaves) < most:
            open_leaves = [(cut, leaf) for leaf in leaves if (cut := found[id(leaf)]) is not None and -cut.loss >= worth]
            if not open_leaves:
                return
            cut, leaf = min(open_leaves, key=lambda one: one[0].loss)
            parts = self._split(leaf, cut, [cut.labels[0]], [cut.labels[1]])
            leaves[leaves.index(leaf) : leaves.index(leaf) + 1] = parts
            found |= {id(part): self._division(part) for part in parts}

    def _split(self, node: Node, cut: Cut, low: Sequence[int], high: Sequence[int]) -> tuple[Node, Node]:
        with np.errstate(invalid="ignore"):
            below = self.axes[cut.axis].values[node.rows] <= cut.value
        node.cut = cut
        node.parts = Node(node.rows[below], low), Node(node.rows[~below], high)
        return node.parts

    @staticmethod
    def _best(searches: Sequence[Callable[[], Cut | None]]) -> Cut | None:
        best: Cut | None = None
        for cut in in_threads(searches):
            if cut is not None and cut.is_before(best):
                best = cut
        return best

    def _separation(self, axis: int, labels: Sequence[int], rows: np.ndarray) -> Cut | None:
        """Return the cut of an axis between some means that separates the fewest customers from their own mean."""
        means = self.means[:, axis]
        lowest, highest = means[labels].min(), means[labels].max()
        if not lowest < highest:
            return None
        own, values = means[self.place[rows]], np.nan_to_num(self.axes[axis].values[rows], nan=np.inf)
        known = np.unique(np.concatenate([values, means[labels]]))
        known = known[np.isfinite(known)]
        cuts = known[(known >= lowest) & (known < highest)]
        # A customer is separated from the mean by any cut between the two.
        starts, ends = np.sort(np.minimum(own, values)), np.sort(np.maximum(own, values))
        mistakes = np.searchsorted(starts, cuts, side="right") - np.searchsorted(ends, cuts, side="right")
        above = known[np.minimum(np.searchsorted(known, cuts, side="right"), len(known) - 1)]
        gaps = (above - cuts) / (self.spread[axis] or 1.0)
        at = np.lexsort((-gaps, mistakes))[0]
        upper = float(above[at]) if above[at] > cuts[at] else float(cuts[at]) + 1.0
        return Cut(float(mistakes[at]), float(gaps[at]), axis, short_number(float(cuts[at]), upper))

    def _division(self, leaf: Node) -> Cut | None:
        present, place = np.unique(self.place[leaf.rows], return_inverse=True)
        if len(present) < 2:
            return None
        right = int((self.place[leaf.rows] == leaf.labels[0]).sum())
        return self._best([partial(self._parted, axis, leaf.rows, present, place, right) for axis in range(len(self.axes))])

    def _parted(self, axis: int, rows: np.ndarray, present: np.ndarray, place: np.ndarray, right: int) -> Cut | None:
        """Return the cut of an axis, with one segment per side, that is right for most customers; its loss is minus the gain."""
        values = self.axes[axis].values[rows]
        order = np.argsort(values, kind="stable")
        ordered = values[order]
        with np.errstate(invalid="ignore"):
            ends = np.flatnonzero(ordered[1:] > ordered[:-1])
        if not len(ends):
            return None
        counts = np.zeros((len(rows), len(present)), np.int32)
        counts[np.arange(len(rows)), place[order]] = 1
        below = np.cumsum(counts, axis=0)
        above = below[-1] - below[ends]
        below = below[ends]
        gain = below.max(axis=1) + above.max(axis=1) - right
        at = int(np.argmax(gain))
        low, high = float(ordered[ends[at]]), float(ordered[ends[at] + 1])
        chosen = (int(present[below[at].argmax()]), int(present[above[at].argmax()]))
        gap = (high - low) / (self.spread[axis] or 1.0)
        return Cut(-float(gain[at]), gap, axis, short_number(low, high), chosen)


def _mean(values: np.ndarray) -> float:
    there = values[~np.isnan(values)]
    return float(there.mean()) if len(there) else np.inf
