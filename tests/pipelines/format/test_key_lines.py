"""Lines of keys, compared with what tomllib reads and with lines counted by hand."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segcore.pipelines.format.key_lines import key_lines
from segcore.pipelines.format.toml_text import toml_text

EVERY_FORM = '''# a comment with [brackets] = "and quotes"
top = 1 # [not.a.table]
dotted.key = "a # no comment"
'quoted = "key"' . "with \\"dots\\"." = 2

[table]
list = [ # one
  1, "]",
  { inline = [3,
    4], other.one = 5 },
]
long = """
[no.table]
no_key = 1 \\""" still
"""
literal = \'\'\'
[[no]]
"""\'\'\'
after = 2020-01-01T00:00:00Z

[[entry]]
a = 1
[entry.below]
b = {c.d = 1}
[[entry.more]]
e = 1
[[entry]]
a = 2
[[entry.more]]
e = 2
'''


def paths_of(value, path=()):
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {path, *(found for key, child in children for found in paths_of(child, (*path, key)))} - {()}


def test_every_key_of_every_form_has_a_line():
    assert set(key_lines(EVERY_FORM)) == paths_of(tomllib.loads(EVERY_FORM))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("top",), 2),
        (("dotted", "key"), 3),
        (('quoted = "key"', 'with "dots".'), 4),
        (("table",), 6),
        (("table", "list", 1), 8),
        (("table", "list", 2, "inline", 1), 10),
        (("table", "list", 2, "other", "one"), 10),
        (("table", "literal"), 16),
        (("table", "after"), 19),
        (("entry", 0, "below", "b", "c", "d"), 24),
        (("entry", 0, "more", 0, "e"), 26),
        (("entry", 1), 27),
        (("entry", 1, "more", 0, "e"), 30),
    ],
)
def test_a_line_is_where_the_key_is(path, line):
    assert key_lines(EVERY_FORM)[path] == line


def test_lines_that_end_as_on_windows_are_counted_once():
    assert key_lines(EVERY_FORM.replace("\n", "\r\n"))[("entry", 1, "a")] == 28


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(texts, values, max_size=4))
def test_what_is_written_is_read_again_and_every_key_has_a_line(document):
    written = toml_text(document)
    assert tomllib.loads(written) == document
    assert set(key_lines(written)) == paths_of(document)
