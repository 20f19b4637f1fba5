import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIG = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())


def test_the_server_listens_on_this_machine_only_and_tells_nobody():
    assert CONFIG["server"]["address"] == "127.0.0.1"
    assert set(CONFIG["server"]["allowedHosts"]) == {"localhost", "127.0.0.1"}
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["client"]["showErrorDetails"] == "none"


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
