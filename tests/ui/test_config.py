import tomllib
from pathlib import Path

import pytest

from segcore.plots.heatmap import Cell, HeatMap, _ink
from segcore.plots.theme import CATEGORICAL, DIVERGING, INK, PAPER, SEQUENTIAL
from ui.widgets.figures import in_theme

ROOT = Path(__file__).resolve().parents[2]
CONFIG = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())
THEMES = CONFIG["theme"]
LISTS = {"chartCategoricalColors": CATEGORICAL, "chartSequentialColors": SEQUENTIAL, "chartDivergingColors": DIVERGING}


def test_the_server_listens_on_this_machine_only_and_tells_nobody():
    assert CONFIG["server"]["address"] == "127.0.0.1"
    assert set(CONFIG["server"]["allowedHosts"]) == {"localhost", "127.0.0.1", "::1"}
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["client"]["showErrorDetails"] == "none"
    assert CONFIG["client"]["allowedOrigins"] == []


def _luminance(color):
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_colours_can_be_told_from_the_background_in_both_themes():
    for name in ("light", "dark"):
        theme = CONFIG["theme"][name]
        background = theme["backgroundColor"]
        for text in ("textColor", "primaryColor", "linkColor"):
            assert contrast(theme[text], background) >= 4.5, (name, text)
        for color in theme["chartCategoricalColors"]:
            assert contrast(color, background) >= 3, (name, color)


def test_the_light_theme_has_the_colours_of_figures_elsewhere():
    assert {name: tuple(THEMES["light"][name]) for name in LISTS} == LISTS
    assert THEMES["light"]["backgroundColor"] == PAPER
    assert len({*CATEGORICAL, *SEQUENTIAL, *DIVERGING, PAPER, INK}) == 32


@pytest.mark.parametrize("place", range(10))
def test_bars_in_the_dark_theme_are_at_least_four_and_a_half_times_as_light_as_the_background(place):
    dark = THEMES["dark"]
    assert len(dark["chartCategoricalColors"]) == 10
    assert contrast(dark["chartCategoricalColors"][place], dark["backgroundColor"]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("low", [0.0, -1.0])
def test_texts_in_cells_can_be_read_in_both_themes(theme, low):
    """Where the colours are neither strong nor weak, no ink can have more than 3.9 to one."""
    scale = THEMES[theme]["chartDivergingColors" if low else "chartSequentialColors"]
    for place, colour in enumerate(scale):
        value = low + (1.0 - low) * place / 9
        data = HeatMap("", "", "", ("a",), ("b",), (), low, 1.0)
        ink = _ink(data, Cell("a", "b", value, "", "", 0, ""))
        assert contrast(colour, THEMES[theme]["backgroundColor" if ink == PAPER else "textColor"]) >= 3.3, place


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_heat_maps_get_further_from_the_background_with_the_value(theme):
    background = THEMES[theme]["backgroundColor"]
    steps = [contrast(colour, background) for colour in THEMES[theme]["chartSequentialColors"]]
    assert steps == sorted(steps)
    ends = [contrast(colour, background) for colour in THEMES[theme]["chartDivergingColors"]]
    assert ends[:5] == sorted(ends[:5], reverse=True)
    assert ends[5:] == sorted(ends[5:])
    assert max(steps) <= 11.5


def test_a_figure_takes_the_theme_s_colours_and_the_data_keep_their_texts():
    texts = {"x": [PAPER, CATEGORICAL[1]], "name": SEQUENTIAL[0]}
    figure = {
        "data": [{**texts, "marker": {"color": [CATEGORICAL[0], "red"], "line": {"color": PAPER}}}],
        "layout": {"coloraxis": {"colorscale": [[0.0, DIVERGING[0]], [1.0, DIVERGING[9]]]}, "font": {"color": INK}},
    }
    assert in_theme(figure) == {
        "data": [{**texts, "marker": {"color": ["#000001", "red"], "line": {"color": "#000038"}}}],
        "layout": {"coloraxis": {"colorscale": [[0.0, "#000021"], [1.0, "#000030"]]}, "font": {"color": "#000037"}},
    }
