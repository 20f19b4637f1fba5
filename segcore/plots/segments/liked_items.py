"""Items that segments of taste like most: a heat map of the share of each segment's customers who like them."""

from __future__ import annotations

from segcore.plots.heatmap import Cell, HeatMap
from segcore.plots.segments.portrait import by_worth, segment_columns
from segcore.plots.theme import lines_text, plain_text, shortened
from segcore.segments.likes import LikedItem, Likes
from segcore.segments.profiles.records import SegmentProfile
from segcore.wording.numbers import percent_text

_MOST_ITEMS = 12
_LONGEST = 34  # letters of an item's title on the axis
_RANGE = 50.0  # points from which colours do not get stronger


def likes_data(likes: Likes, profile: SegmentProfile) -> HeatMap | None:
    """Return the cells: a column per segment, and a row per item, the ones that the segments like most by turns, at most twelve.

    ``None`` if no segment likes an item more than the others do. Colours are the differences from the share of all customers, in points.

    Parameters
    ----------
    likes : Likes
    profile : SegmentProfile
        Of the same solution.
    """
    segments = by_worth(profile)
    items = _by_turns([likes.liked[summary.label] for summary in segments])
    if not items:
        return None
    titles = [shortened(one.title, _LONGEST) for one in items]
    rows = {
        one.item: title if titles.count(title) == 1 else f"{title} ({shortened(one.item, _LONGEST)})"
        for one, title in zip(items, titles, strict=True)
    }
    columns = segment_columns(segments, profile.worth)
    verb = "like" if likes.rated else "buy"
    cells = tuple(
        Cell(
            column=columns[summary.label],
            row=rows[one.item],
            value=max(-_RANGE, min(_RANGE, 100 * (one.shares[summary.label] - one.everyone))),
            text=plain_text(percent_text(one.shares[summary.label])),
            hover=lines_text(
                summary.title,
                f"{percent_text(one.shares[summary.label])} {verb} {one.title}, {percent_text(one.everyone)} of all customers",
            ),
            mark=summary.label,
            place=summary.title,
        )
        for summary in segments
        for one in items
    )
    return HeatMap(
        title="Difference from all customers (points)",
        x_title="",
        y_title="",
        columns=tuple(columns.values()),
        rows=tuple(reversed(rows.values())),
        cells=cells,
        low=-_RANGE,
        high=_RANGE,
        clickable=False,
    )


def _by_turns(lists: list[tuple[LikedItem, ...]]) -> list[LikedItem]:
    """Return the first of each list, then the second of each, without repeats; those of the same list next to each other."""
    owner: dict[str, int] = {}
    known: dict[str, LikedItem] = {}
    for turn in range(max((len(items) for items in lists), default=0)):
        for position, items in enumerate(lists):
            if turn < len(items) and len(known) < _MOST_ITEMS and items[turn].item not in known:
                known[items[turn].item], owner[items[turn].item] = items[turn], position
    return sorted(known.values(), key=lambda one: owner[one.item])
