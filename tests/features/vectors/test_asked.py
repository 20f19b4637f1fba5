"""Vectors asked for in words, and what is wrong with them in one sentence."""

import pytest

from segcore.errors import ParameterError
from segcore.features.vectors.asked import asked_vectors
from segcore.records.vectors import Vectors
from segcore.wording.findings import error_text


def test_options_are_read_from_text_or_a_mapping():
    expected = Vectors(dimensions=32, method="dm", window=5, exponent=-0.5, seed=3)
    assert asked_vectors("cust2vec=32", "method=dm, window=5,exponent=-0.5", seed=3) == expected
    assert asked_vectors("cust2vec=32", {"method": "dm", "window": 5, "exponent": -0.5}, seed=3) == expected
    assert asked_vectors("cust2vec", None) == Vectors()
    assert asked_vectors(["cust2vec"], None) is None and asked_vectors(None, "") is None


@pytest.mark.parametrize(
    ("features", "options", "said"),
    [
        ("cust2vec=many", None, "not as 'cust2vec=many'"),
        ("cust2vec=0", None, "dimensions"),
        ("cust2vec=8", "window", "name=value"),
        ("cust2vec=8", "window=wide", "window of cust2vec must be a whole number, not 'wide'"),
        ("cust2vec=8", "epochs=1.5", "epochs of cust2vec must be a whole number, not '1.5'"),
        ("cust2vec=8", "sample=some", "sample of cust2vec must be a number, not 'some'"),
        ("cust2vec=8", "dimensions=9", "Unknown option of cust2vec 'dimensions'"),
        ("cust2vec=8", "method=dbox", "Unknown method 'dbox'"),
        ("cust2vec=8", "epochs=0", "epochs"),
        ("cust2vec=8", "exponent=nan", "exponent"),
        ("value", "window=8", "for the features cust2vec=64, not for value"),
    ],
)
def test_what_is_wrong_is_one_sentence(features, options, said):
    with pytest.raises(ParameterError) as raised:
        asked_vectors(features, options)
    text = error_text(raised.value)
    assert said in text and text.count(". ") == 0
