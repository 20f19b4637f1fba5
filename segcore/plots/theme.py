"""Colours and layout shared by all figures; readable without colour vision.

The colours are for a light background; marks stand out from a dark one too. The screens replace them by those of the analyst's theme: see
``ui/widgets/figures.py`` and ``.streamlit/config.toml``.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NewType

from segcore.wording.quotes import distinct, visible

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

# Okabe and Ito's palette, darkened where it had less than 3:1 on white; each keeps 3:1 on Streamlit's dark background too.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#A65C9C", "#A87900", "#3E86C6", "#7F7F7F")
DASHES = ("solid", "dash", "dot", "dashdot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross")
MAIN, ACCENT, GOOD, QUIET = PALETTE[0], PALETTE[1], PALETTE[2], "#8A8F98"
NOISE_GREY = PALETTE[6]
# Whatever else stands for a category. Grey is only for what is none.
CATEGORICAL = (*PALETTE, "#6B5FB5", "#D0526B", QUIET)
SEGMENT_COLOURS = tuple(colour for colour in CATEGORICAL if colour not in (NOISE_GREY, QUIET))
SEQUENTIAL = ("#E3EEF9", "#C8DFF1", "#ADD0EA", "#8DBEE0", "#6BABD5", "#4D97C5", "#3381AF", "#1D6B99", "#135582", "#08406B")
DIVERGING = ("#B2500F", "#CB7A43", "#E5A478", "#EDC5A9", "#F0E3DA", "#DCE7EE", "#B0D0E5", "#80B4D7", "#4687B5", "#0B5A94")
PAPER, INK = "#FFFFFF", "#1A1A1A"
"""The background's colour, for texts on strong colours and lines between them; and that of texts on weak colours."""

PlotlyText = NewType("PlotlyText", str)
"""Text for a figure in which Plotly finds only the markup that was meant."""

_BLACK = "#0A1119"
NOISE_PATTERN = {"shape": "/", "size": 6, "solidity": 0.3, "fgcolor": "#C9CDD3", "fillmode": "overlay"}


def plain_text(text: str) -> PlotlyText:
    """Escape text from outside for a figure: Plotly would find HTML, links too, and LaTeX where a notebook has MathJax.

    >>> plain_text("<b>A & B</b>, $5")
    '&lt;b>A &amp; B&lt;/b>, &#36;5'
    """
    return PlotlyText(visible(text).replace("&", "&amp;").replace("<", "&lt;").replace("$", "&#36;"))


def lines_text(*lines: str) -> PlotlyText:
    """Return texts from outside, one per line, such as those that appear at a mark when the mouse is over it."""
    return PlotlyText("<br>".join(plain_text(line) for line in lines if line))


def in_lines(title: str, width: int, *, most: int = 4) -> PlotlyText:
    """Return a segment's name on at most ``most`` lines of at most ``width`` letters, divided between words."""
    return lines_text(*textwrap.wrap(visible(title), width, max_lines=most, placeholder="…"))


def shortened(text: str, most: int) -> str:
    """Return a text of at most ``most`` letters, in which control and invisible characters are escaped."""
    text = visible(text)
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def axis_titles(titles: Sequence[str], most: int) -> list[str]:
    """Return titles for an axis: each of at most ``most`` letters and a number, and all different, because Plotly merges equal ones."""
    return distinct([shortened(title, most) for title in titles])


def on_two_lines(title: str, *, most: int = 28) -> PlotlyText:
    """Return a segment's name for an axis: a long one is divided at its first semicolon, or comma; lines have at most ``most`` letters."""
    title = visible(title)
    mark = "; " if "; " in title else ", "
    lines = title.split(mark, 1) if len(title) > most else [title]
    short = [line if len(line) <= most else f"{line[: most - 2].rstrip()}…" for line in lines]
    return PlotlyText(f"{mark[0]}<br>".join(plain_text(line) for line in short))


def ink_on(colour: str) -> str:
    """Return the background's white, or near black: the one that is easier to read on a colour ``#RRGGBB``.

    References
    ----------
    WCAG 2.1, relative luminance and contrast ratio.
    """
    light = _luminance(colour)
    return PAPER if 1.05 / (light + 0.05) >= (light + 0.05) / (_luminance(_BLACK) + 0.05) else _BLACK


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def colour_scale(colours: Sequence[str]) -> list[list[object]]:
    """Return Plotly's scale from the first colour to the last, in equal steps."""
    return [[position / (len(colours) - 1), colour] for position, colour in enumerate(colours)]


def shade(position: int, count: int) -> str:
    """Return one of ``count`` blues, from strong to weak; neighbouring blues differ in lightness, not in hue, or are the same."""
    strongest, weakest = len(SEQUENTIAL) - 1, 4  # still seen on either background
    return SEQUENTIAL[round(strongest - (strongest - weakest) * position / max(count - 1, 1))]


def lay_out(figure: Figure, *, x_title: str, y_title: str, height: int = 340, **options: Any) -> Figure:
    """Give a figure the common layout: transparent, titled axes, clicks that select, no accidental dragging."""
    figure.update_layout(
        **{
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "height": height,
            "margin": {"l": 8, "r": 8, "t": 28, "b": 8},
            "clickmode": "event+select",
            "dragmode": False,
            "hovermode": "closest",
            "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "title": {"text": ""}},
            **options,
        }
    )
    figure.update_xaxes(title={"text": x_title}, automargin=True, zeroline=False)
    figure.update_yaxes(title={"text": y_title}, automargin=True, zeroline=False)
    return figure
