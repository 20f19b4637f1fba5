import json

import pytest

from segcore.wording.terminal import say, say_code, say_json
from tests.hostile_names import NAMES


def test_control_and_invisible_characters_are_escaped_and_lines_stay(capsys):
    say("red \x1b[31m\nback\u202e\rover")
    assert capsys.readouterr().out == "red \\x1b[31m\nback\\u202e\\rover\n"


def test_json_means_the_same_and_has_no_character_that_a_terminal_obeys(capsys):
    say_json({name: name for name in (*NAMES, "\x9b31m", "\U000e0001", "Größe 数")})
    out = capsys.readouterr().out
    assert json.loads(out) == {name: name for name in (*NAMES, "\x9b31m", "\U000e0001", "Größe 数")}
    assert out.removesuffix("\n").isprintable() and "Größe 数" in out
    with pytest.raises(ValueError, match="not JSON compliant"):
        say_json({"share": float("nan")})


@pytest.mark.parametrize("is_terminal", [True, False])
def test_code_is_escaped_only_where_a_terminal_shows_it(capsys, monkeypatch, is_terminal):
    monkeypatch.setattr("sys.stdout.isatty", lambda: is_terminal)
    say_code('select "a\x1b"')
    assert capsys.readouterr().out == ('select "a\\x1b"\n' if is_terminal else 'select "a\x1b"\n')
