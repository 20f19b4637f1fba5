"""The first sentence of the check of vectors follows the interval of the difference, and offers the plain rival unless vectors win."""

from dataclasses import replace

import pytest

from segcore.records.estimate import Estimate
from segcore.records.vectors_check import AttributeCheck, NextBasket, VectorsCheck
from segcore.wording.vectors import check_notes, cut_text, verdict_text


def share(value):
    return Estimate(value, value - 0.01, value + 0.01, 1000)


def checked(over_shares, *attributes, over_favourites=0.05):
    found = NextBasket(share(0.2), share(0.15), share(0.3), share(0.1), over_shares, share(over_favourites), "2024-05-01T10:00:00", 0.15)
    return VectorsCheck(64, found, attributes)


def attribute(column, cust2vec, shares, majority, **more):
    return AttributeCheck(column, 3, share(cust2vec), share(shares), share(majority), share(cust2vec - shares), **more)


@pytest.mark.parametrize(
    ("low", "high", "verdict", "sentence"),
    [
        (
            0.01,
            0.09,
            "vectors",
            "The vectors predict the next basket better than the plain rival. Of a customer's next products, 20 % (19 % to 21 %) are among "
            "ten recommended, against 15 % (14 % to 16 %).",
        ),
        (
            -0.09,
            -0.01,
            "shares",
            "The plain rival predicts the next basket better than the vectors: use it with --features components=64 --components svd "
            "--matrix tfidf. Of a customer's next products, 15 % (14 % to 16 %) are among ten recommended, against 20 % (19 % to 21 %).",
        ),
        (
            -0.01,
            0.01,
            "alike",
            "The vectors predict the next basket no better than the plain rival, which is simpler: use it with --features components=64 "
            "--components svd --matrix tfidf. Of a customer's next products, 20 % (19 % to 21 %) are among ten recommended, against 15 % "
            "(14 % to 16 %).",
        ),
    ],
)
def test_the_verdict_follows_the_interval_of_the_difference(low, high, verdict, sentence):
    found = checked(Estimate((low + high) / 2, low, high, 1000))

    assert found.verdict == verdict
    assert verdict_text(found) == sentence


def test_a_screen_offers_the_plain_rival_by_the_words_of_its_fields():
    text = verdict_text(checked(Estimate(-0.05, -0.09, -0.01, 1000)), "screen")

    assert "better than the vectors: choose 64 components of taste, Truncated SVD, with the values TF-IDF. Of a customer" in text
    assert "--" not in text


def test_without_a_difference_the_reason_is_given():
    found = VectorsCheck(64, NextBasket.undefined("All orders have the same time, so none can be held out."), ())

    assert found.verdict == "unknown"
    assert (
        verdict_text(found) == "Whether vectors predict the next basket is unknown: all orders have the same time, so none can be held out."
    )
    assert check_notes(found) == []


def test_own_favourites_attributes_and_what_is_circular_are_noted():
    attributes = (
        attribute("income", 0.5, 0.4, 0.3),
        attribute("club", 0.4, 0.5, 0.4),
        attribute("dominant department", 0.9, 0.9, 0.5, by_construction=True),
    )

    assert check_notes(checked(share(0.05), *attributes, over_favourites=-0.1)) == [
        "To recommend products, take what the customer bought most so far: that gets 30 % (29 % to 31 %) of them right.",
        "The vectors predict income better.",
        "The plain rival predicts club better.",
        "The vectors predict club no better than the most frequent value does.",
        "'dominant department' comes from purchases, as the vectors do: predicting that is in part true by construction.",
    ]


def test_the_record_comes_back_from_plain_values():
    found = checked(share(0.05), attribute("income", 0.5, 0.4, 0.3))

    assert VectorsCheck.from_json(found.to_json()) == found
    assert VectorsCheck.from_json(replace(found, next_basket=NextBasket.undefined("Why.")).to_json()).next_basket.cust2vec.reason == "Why."


def test_a_moment_has_its_time_of_day_unless_that_is_midnight():
    assert cut_text("2024-02-17T00:00:00") == "2024-02-17"
    assert [cut_text(f"2024-02-17T{time}") for time in ("10:00:00", "09:26:30")] == ["2024-02-17 10:00", "2024-02-17 09:26:30"]
