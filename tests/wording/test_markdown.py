import pytest

from segcore.wording.markdown import escape


@pytest.mark.parametrize(
    ("words", "safe"),
    [
        ("Inertia falls from 25,321 (2 segments): fine.", "Inertia falls from 25,321 (2 segments): fine."),
        ("**loud** `code` $x$", r"\*\*loud\*\* \`code\` \$x\$"),
        ("[a](http://b) or HTTPS://b", "\\[a\\](http:\u2060//b) or HTTPS:\u2060//b"),
        (":material/home: :red[x]", ":\u2060material/home: :\u2060red\\[x\\]"),
        ("<b>n_clusters</b>", r"\<b\>n\_clusters\</b\>"),
        ("# head", r"\# head"),
        ("- item", r"\- item"),
        ("2. item", r"2\. item"),
        ("-0.5 is a number", "-0.5 is a number"),
        ("a@b.de and www.b.de", "a\\@b.de and www\u2060.b.de"),
        ("at 10:30 in London", "at 10:30 in London"),
    ],
)
def test_nothing_in_words_is_read_as_markdown(words, safe):
    assert escape(words) == safe
