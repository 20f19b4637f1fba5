"""Sentences on models that predict yes or no: how good they are, and what explains them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from segcore.wording.numbers import counted, listed, percent_text, share_text
from segcore.wording.quotes import quoted, value_text

if TYPE_CHECKING:
    from segcore.records.estimate import Estimate

LOG_ODDS = "log-odds"
"""Unit of contributions."""


def auc_text(value: float, low: float, high: float) -> str:
    """Return an area under the ROC curve with its interval: "0.93 (0.91 to 0.95)", "0.998 (0.997 to 0.999)"."""
    digits = 3 if 0.99 <= value < 1 else 2  # so that what is nearly 1 does not read as 1
    return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def recognised_text(title: str, sensitivity: Estimate, specificity: Estimate) -> str:
    """Return how many customers of a segment, and how many others, a model recognises without having seen them."""
    return (
        f"On customers that it had not seen, the model recognises {share_text(sensitivity)} of “{title}” and {share_text(specificity)} of "
        "the others."
    )


def predicted_text(predicted: int, segments: int, low: float | None, high: float | None) -> str:
    """Return how many segments the features predict, and the lowest and highest balanced accuracy of these."""
    of_all = f"{predicted} of {counted(segments, 'segment')}"
    if low is None or high is None:
        return f"The features predict {of_all} on customers that the models had not seen."
    span = percent_text(low) if percent_text(low) == percent_text(high) else f"{percent_text(low)} to {percent_text(high)}"
    return f"The features predict {of_all} on customers that the models had not seen: balanced accuracy {span}, where 50 % is guessing."


def pushes_text(titles: Sequence[str], directions: Sequence[str]) -> str:
    """Return which values push a prediction up, the most important feature first: "high Recency, low Amount and region: north"."""
    return listed([pushing_value(value_text(title), direction) for title, direction in zip(titles, directions, strict=True)])


def pushing_value(title: str, direction: str) -> str:
    """Return the values of one feature that push a prediction up: "high Recency", "region: north"."""
    if direction in ("high", "low", "medium", "high or low"):
        return f"{direction} {title}"
    return f"some values of {title}" if direction == "some values" else f"{title}: {direction}"


SENTENCES: Mapping[str, Callable[..., str]] = {
    "classifier.not_loaded": lambda reason: (
        f"LightGBM cannot be loaded ({reason}). It needs the system's OpenMP library: install libgomp1 (Debian, Ubuntu), libgomp (Fedora) "
        "or libomp (macOS, with Homebrew)."
    ),
    "drivers.one_segment": lambda: (
        "All customers are in one segment, so nothing sets it apart from others: choose a solution with more segments."
    ),
    "drivers.no_segments": lambda: "All customers are noise, so there is no segment to explain: choose another solution.",
    "drivers.none": lambda: "The features predict none of the segments, so there are no drivers to draw: see the accuracy of each.",
    "drivers.noise": lambda: "Noise is not a segment, so it has no drivers.",
    "drivers.few_customers": lambda customers, least: (
        f"The segment has {counted(customers, 'customer')}, and a model needs at least {least}: choose a larger segment."
    ),
    "drivers.few_others": lambda customers, least: (
        f"Only {counted(customers, 'customer')} {'is' if customers == 1 else 'are'} outside the segment, and a model needs at least "
        f"{least}: choose a solution with more segments."
    ),
    "drivers.beyond": lambda most: f"Only the {most} largest segments are explained: choose a solution with fewer segments.",
    "drivers.not_predicted": lambda value, low, high: (
        f"The features do not predict who is in this segment (AUC {auc_text(value, low, high)}, where 0.5 is guessing), so explanations "
        "of the model would mean nothing, and are not shown."
    ),
    "drivers.few_features": lambda features: (
        f"Only {counted(features, 'feature')} {'was' if features == 1 else 'were'} clustered, so nothing else can be a driver."
    ),
    "drivers.by_construction": lambda: (
        "The segments were made from these very features, so they are easy to predict: drivers say which rule the clustering follows, "
        "not why customers behave that way."
    ),
    "drivers.from_vectors": lambda: (
        "The segments were made from vectors of purchases, whose dimensions mean nothing individually, so they are explained by other "
        "features: drivers are associated with a segment, and are not its causes."
    ),
    "drivers.sampled": lambda sampled, customers: (
        f"Models were fitted to {sampled:,} of {counted(customers, 'customer')}: a sample in proportion to the segments, but with more "
        "customers of small segments."
    ),
    "drivers.unknown_segment": lambda given, known: f"There is no segment {given}: choose one of {', '.join(map(str, known))}.",
    "explained.unknown_customer": lambda given, customers, example: (
        f"Customer {quoted(given)} is not among the {customers:,} explained: give another id, such as {quoted(example)}."
    ),
}
