import subprocess
import sys

import pytest

from segcore.plots.theme import ACCENT, GOOD, MAIN, PALETTE, QUIET, SEQUENTIAL, on_two_lines, shade


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("background", ["#FFFFFF", "#11161D"])
@pytest.mark.parametrize("color", [*PALETTE, MAIN, ACCENT, GOOD, QUIET])
def test_marks_stand_out_from_light_and_dark_backgrounds(color, background):
    """WCAG 1.4.11: three to one for what must be seen to understand a figure."""
    assert contrast(color, background) >= 3


def test_segments_in_a_bar_get_weaker():
    assert [shade(rank, 3) for rank in range(3)] == [SEQUENTIAL[9], SEQUENTIAL[6], SEQUENTIAL[4]]
    assert shade(0, 1) == SEQUENTIAL[9]


def test_plots_import_no_heavy_package():
    """The server draws figures before anybody asked for numbers; plotly itself is imported by the first figure."""
    code = (
        "import sys, segcore.segments.profiles.profile, segcore.plots.curves, segcore.plots.measure_figures, segcore.plots.compactness, "
        "segcore.plots.segments.segment_sizes, segcore.plots.segments.segment_shares, "
        "segcore.plots.segments.segment_features, segcore.plots.timings; "
        "print(sorted({'sklearn', 'sklearnex', 'modin', 'ray', 'numba', 'plotly', 'streamlit', 'scipy'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_long_name_is_on_two_lines_and_neither_is_too_long():
    assert on_two_lines("High spend, many orders") == "High spend, many orders"
    assert on_two_lines("Not seen for long, long gaps between orders") == "Not seen for long,<br>long gaps between orders"
    assert on_two_lines("Like Empire, The; Raiders of the Lost Ark") == "Like Empire, The;<br>Raiders of the Lost Ark"
    assert on_two_lines("x" * 40) == "x" * 26 + "…"
