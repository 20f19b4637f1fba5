"""One decision tree for all segments at once, with as many leaves as segments or up to twice that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from segcore.errors import ParameterError
from segcore.records.estimate import Estimate
from segcore.records.solution import NOISE
from segcore.segments.rules.condition import NAMES, ColumnTitles, Condition, plain_columns
from segcore.segments.rules.growth import Growth, Node, axes_of
from segcore.segments.rules.rule import share_of
from segcore.segments.rules.search import halves
from segcore.wording.numbers import counted, segment_title, share_text

if TYPE_CHECKING:
    from segcore.segments.rules.condition import Frame

_MOST_SEARCHED = 10_000


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf of a tree.

    Parameters
    ----------
    label : int
        The segment of all its customers.
    customers : int
        Customers of the half that the tree is measured on.
    precision : Estimate
        Share of these customers who are in the segment.
    """

    label: int
    customers: int
    precision: Estimate


@dataclass(frozen=True, slots=True)
class Branch:
    """A question: customers who meet the condition continue with ``yes``; all others, including those without a value, with ``no``."""

    condition: Condition
    yes: Branch | Leaf
    no: Branch | Leaf


@dataclass(frozen=True, slots=True)
class ExplainingTree:
    """A decision tree that assigns customers to segments, and its cost.

    Parameters
    ----------
    root : Branch or Leaf
    accuracy : Estimate
        Share of the customers in the half that was not searched who get their own segment.
    cost_ratio : float or None
        Price of explanation: the squared distances of these customers from the mean of the group that the tree puts them in, over those
        from the mean of their segment. For k-means at least about 1, less for segments that are not round; ``None`` if the segments
        have no spread.
    """

    root: Branch | Leaf
    accuracy: Estimate
    cost_ratio: float | None

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """The leaves, in the order of the text."""
        return tuple(leaf for leaf, _ in self.paths())

    def paths(self) -> Iterator[tuple[Leaf, tuple[Condition, ...]]]:
        """Yield each leaf with the conditions that lead to it."""
        yield from _paths(self.root, ())

    def assign(self, frame: Frame) -> np.ndarray:
        """Return the segment that the tree assigns to each row, shape (n_rows,), int.

        Parameters
        ----------
        frame : DataFrame, or mapping of str to column
            Columns of the conditions.
        """
        n = len(next(iter(dict(frame).values())))
        columns = plain_columns(frame, n, made="A tree")
        labels = np.zeros(n, np.int64)
        _assign(self.root, columns, np.arange(n), labels)
        return labels

    def text(self, titles: ColumnTitles = NAMES, names: Mapping[int, str] | None = None) -> str:
        """Return the tree as indented lines: a condition, then who meets it, then the others.

        Parameters
        ----------
        titles : ColumnTitles
        names : mapping of label to str, or None
            The analyst's names of the segments.
        """
        return "\n".join(_lines(self.root, titles, names or {}, 0))

    @property
    def sentence(self) -> str:
        """How well the tree finds the segments, in words."""
        n_segments, n_leaves = len({leaf.label for leaf in self.leaves}), len(self.leaves)
        cost = "" if self.cost_ratio is None else f" The inertia of its groups is {self.cost_ratio:.2f} times that of the segments."
        tree = f"A tree with {counted(n_leaves, 'leaf', 'leaves')} for {counted(n_segments, 'segment')}"
        return f"{tree} puts {share_text(self.accuracy)} of the customers into their own segment.{cost}"

    def to_json(self, names: Mapping[int, str] | None = None) -> dict[str, Any]:
        """Return plain values."""
        return {
            "leaves": len(self.leaves),
            "cost_ratio": self.cost_ratio,
            "accuracy": {"value": self.accuracy.value, "low": self.accuracy.low, "high": self.accuracy.high},
            "text": self.text(names=names),
        }


def explain_tree(frame: Frame, labels: Sequence[int] | np.ndarray, *, X: np.ndarray | None = None, seed: int = 0) -> ExplainingTree:
    """Explain all segments of any labelling of any table by one small decision tree.

    Parameters
    ----------
    frame : DataFrame, or mapping of str to column
        Numbers, or text, booleans and categories, one row per customer; missing values are allowed.
    labels : sequence of int, one per row
        -1 is noise, which is left out.
    X : ndarray of shape (n_customers, n_features), float64, or None
        Values that were clustered, in which distances are measured; ``None`` standardizes the columns of ``frame``, with one column of 0
        and 1 for each value of a text.
    seed : int
        Of the division of the customers.

    Raises
    ------
    ParameterError
        If the numbers of rows differ, or there is no column or no segment.

    Notes
    -----
    One half of each segment's customers, drawn at random and at most some 10,000 in all, is searched; accuracy and cost are measured on the
    other half. First, splits separate the segments' means with the fewest mistakes (customers separated from their own mean), until each
    leaf has one segment; a cut lies between two values and has the fewest digits there. Then the leaf whose division into two segments
    corrects the most customers is divided, up to twice as many leaves as segments, as long as these customers are at least 1 % of all.

    References
    ----------
    Moshkovitz, Dasgupta, Rashtchian and Frost (2020), ICML (iterative mistake minimization, price of explanation); Frost, Moshkovitz and
    Rashtchian (2020), arXiv:2006.02399 (more leaves than segments).

    Examples
    --------
    >>> import numpy as np
    >>> basket = np.arange(400.0)
    >>> tree = segcore.explain_tree({"basket": basket}, (basket > 300).astype(int))
    >>> print(tree.text())
    basket <= 300:
      Segment 0
    else:
      Segment 1
    """
    classes = np.asarray(labels)
    columns = plain_columns(frame, len(classes), made="A tree")
    there = np.flatnonzero(classes != NOISE)
    if not len(there):
        raise ParameterError("There are no segments: all customers are noise.")
    searched, measured = (there[part] for part in halves(classes[there], seed, most=_MOST_SEARCHED))
    measured = measured if len(measured) else searched
    growth = Growth(axes_of({name: column[searched] for name, column in columns.items()}), classes[searched])
    rest, own = {name: column[measured] for name, column in columns.items()}, classes[measured]
    root = _measured(growth.tree(), growth, rest, np.arange(len(measured)), own)
    found = np.zeros(len(measured), np.int64)
    _assign(root, rest, np.arange(len(measured)), found)
    space = _standardized(rest) if X is None else np.asarray(X)[measured]
    return ExplainingTree(root, share_of(int((found == own).sum()), len(own)), _cost_ratio(space, own, found))


def _measured(node: Node, growth: Growth, columns: Mapping[str, np.ndarray], rows: np.ndarray, own: np.ndarray) -> Branch | Leaf:
    """Return a grown node with its leaves measured on other customers."""
    if node.cut is None or node.parts is None:
        label = int(growth.labels[node.labels[0]])
        return Leaf(label, len(rows), share_of(int((own[rows] == label).sum()), len(rows)))
    condition = growth.axes[node.cut.axis].condition(node.cut)
    met = condition.meets(columns[condition.feature][rows])
    low, high = node.parts
    return Branch(condition, _measured(low, growth, columns, rows[met], own), _measured(high, growth, columns, rows[~met], own))


def _assign(node: Branch | Leaf, columns: Mapping[str, np.ndarray], rows: np.ndarray, labels: np.ndarray) -> None:
    """Write the label of each row that reaches the node into the result."""
    if isinstance(node, Leaf):
        labels[rows] = node.label
        return
    met = node.condition.meets(columns[node.condition.feature][rows])
    _assign(node.yes, columns, rows[met], labels)
    _assign(node.no, columns, rows[~met], labels)


def _paths(node: Branch | Leaf, before: tuple[Condition, ...]) -> Iterator[tuple[Leaf, tuple[Condition, ...]]]:
    if isinstance(node, Leaf):
        yield node, before
        return
    yield from _paths(node.yes, (*before, node.condition))
    yield from _paths(node.no, (*before, node.condition.opposite()))


def _lines(node: Branch | Leaf, titles: ColumnTitles, names: Mapping[int, str], depth: int) -> Iterator[str]:
    indent = "  " * depth
    if isinstance(node, Leaf):
        yield f"{indent}{segment_title(node.label, names)}"
        return
    yield f"{indent}{node.condition.text(titles)}:"
    yield from _lines(node.yes, titles, names, depth + 1)
    yield f"{indent}else:"
    yield from _lines(node.no, titles, names, depth + 1)


def _standardized(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    n = len(next(iter(columns.values())))
    known = [axis.values for axis in axes_of(columns) if not np.isnan(axis.values).all()]
    values = np.column_stack([np.zeros(n), *known])
    spread = np.nanstd(values, axis=0)
    return np.asarray(np.nan_to_num((values - np.nanmean(values, axis=0)) / np.where(spread > 0, spread, 1.0)))


def _cost_ratio(X: np.ndarray, own: np.ndarray, found: np.ndarray) -> float | None:
    costs = [_cost(X, groups) for groups in (found, own)]
    return costs[0] / costs[1] if costs[1] > 0 else None


def _cost(X: np.ndarray, groups: np.ndarray) -> float:
    """Return the sum of the squared distances from the mean of each group."""
    labels, place = np.unique(groups, return_inverse=True)
    means = np.stack([X[place == position].mean(axis=0) for position in range(len(labels))])
    return float(((X - means[place]) ** 2).sum())
