import pytest

from ui.widgets.figures import escape


@pytest.mark.parametrize(
    ("words", "safe"),
    [
        ("Inertia falls from 25,321 (2 segments): fine.", "Inertia falls from 25,321 (2 segments): fine."),
        ("**loud** `code` $x$", r"\*\*loud\*\* \`code\` \$x\$"),
        ("[a](http://b)", r"\[a\](http\://b)"),
        (":material/home: :red[x]", r"\:material/home: \:red\[x\]"),
        ("<b>n_clusters</b>", r"\<b\>n\_clusters\</b\>"),
        ("# head", r"\# head"),
        ("- item", r"\- item"),
        ("-0.5 is a number", "-0.5 is a number"),
    ],
)
def test_nothing_in_words_is_taken_for_markdown(words, safe):
    assert escape(words) == safe
