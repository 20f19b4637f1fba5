import pytest

from segcore.wording.markdown import escape


@pytest.mark.parametrize(
    ("words", "safe"),
    [
        ("Inertia falls from 25,321 (2 segments): fine.", "Inertia falls from 25,321 (2 segments): fine."),
        ("**loud** `code` $x$", r"\*\*loud\*\* \`code\` \$x\$"),
        ("[a](http://b) or HTTPS://b", r"\[a\](http:color[]://b) or HTTPS:color[]://b"),
        (":material/home: :red[x]", r"\:material:color[]/home: \:red\[x\]"),
        ("<b>n_clusters</b>", r"\<b\>n\_clusters\</b\>"),
        ("# head", r"\# head"),
        ("- item", r"\- item"),
        ("2. item", r"2\. item"),
        ("---", r"\---"),
        ("-", r"\-"),
        ("3)", r"3\)"),
        ("-0.5 is a number", "-0.5 is a number"),
        ("a@b.de and www.b.de", "a:color[]@b.de and www:color[].b.de"),
        ("at 10:30 in London", r"at 10\:30 in London"),
        ("12:30>= <-:5 :ä[x]", r"12\:30\>= \<-\:5 \:ä\[x\]"),
        (":smile: :+1: a:b", r"\:s:color[]mile: :+:color[]1: a\:b"),
        ("a -> b <-> c <= d--e", r"a -:color[]\> b \<:color[]-:color[]\> c \<:color[]= d--e"),
        ("A & B &amp; C", r"A & B \&amp; C"),
        ("red \x1b[31m, back\u202e, two\nlines", r"red \\x1b\[31m, back\\u202e, two\\nlines"),
    ],
)
def test_nothing_in_words_is_read_as_markdown(words, safe):
    assert escape(words) == safe
