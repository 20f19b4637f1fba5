"""What segments of taste like: shares traced by hand, and names and sentences made of them."""

import numpy as np
import pytest

from segcore.segments.likes import LikedItem, Likes, liked_items
from tests.segments.profiles.test_top_items import purchases_of

# Segments 1 and 0 rate one film 5 and another 1, or the reverse; everybody rates the third 3; half of segment 1 the fourth 4.
LABELS = np.repeat([1, 0, 2], [20, 15, 10])
RATINGS = np.zeros((45, 5), int)
RATINGS[:20, :2] = [5, 1]
RATINGS[20:35, :2] = [1, 5]
RATINGS[:, 2] = 3
RATINGS[:10, 3] = 4
RATINGS[35:, 4] = [5] * 2 + [0] * 8


def liked(**options):
    return liked_items(purchases_of(RATINGS), np.ones(45, bool), LABELS, **{"rated": True, **options})


def test_an_item_is_liked_from_the_customer_s_own_mean_on_and_compared_with_the_share_of_all():
    # The third film is liked where the mean is 3: by half of the largest segment, by all of the next, by eight of the last.
    found = liked()
    assert list(found) == [1, 0, 2]  # by size
    assert [(one.item, one.shares[0], one.everyone) for one in found[0]] == [("i01", 1.0, 15 / 45), ("i02", 1.0, 33 / 45)]
    assert [(one.item, one.shares[1], one.everyone) for one in found[1]] == [("i00", 1.0, 20 / 45), ("i03", 0.5, 10 / 45)]


def test_what_two_customers_like_stands_for_no_segment():
    assert "i04" not in {one.item for one in liked()[2]}


def test_bought_items_are_liked_whatever_their_counts():
    bought = {label: {one.item for one in items} for label, items in liked(rated=False).items()}
    assert bought[1] == {"i00", "i01", "i03"} and bought[0] == {"i00", "i01"} and bought[2] == set()


def test_customers_who_were_not_clustered_count_nowhere():
    kept = LABELS != 2
    found = liked_items(purchases_of(RATINGS), kept, LABELS[kept], rated=True)
    assert list(found) == [1, 0]
    assert [(one.item, one.everyone) for one in found[0]] == [("i01", 15 / 35), ("i02", 25 / 35)]


@pytest.mark.parametrize(("rated", "verb"), [(True, "Like"), (False, "Buy")])
def test_names_and_sentences_say_what_is_liked_and_by_how_many(rated, verb):
    shares = dict.fromkeys([3, 0, 5, 2, -1], 0.98)
    wars, cook = LikedItem("50", "Star Wars (1977)", 0.5, shares), LikedItem("7", "Cook, Thief, Wife & Lover (1989)", 0.1, shares)
    found = Likes({3: (wars, cook), 0: (wars, cook), 5: (), 2: (cook,), -1: ()}, rated)
    assert found.names(taken=[f"{verb} Cook, Thief, Wife & Lov…"]) == {
        3: f"{verb} Star Wars; Cook, Thief, Wife & Lov…",
        0: f"{verb} Star Wars; Cook, Thief, Wife & Lov… · 2",
        5: "Typical customers",
        2: f"{verb} Cook, Thief, Wife & Lov… · 2",
    }
    sentences = found.sentences()
    assert sentences[0] == f"{verb} Star Wars (1977) (98 % of them vs 50 % of all); Cook, Thief, Wife & Lover (1989) (98 % vs 10 %)."
    assert sentences[-1] == f"{verb} nothing much more often than all customers do."


def test_a_segment_of_vectors_that_likes_nothing_more_is_left_to_its_features():
    shares = dict.fromkeys([0, 1], 0.9)
    found = Likes({0: (LikedItem("milk", "milk", 0.5, shares),), 1: ()}, rated=False, or_features=True)
    assert found.names(by_features={0: "High spend", 1: "Low spend"}) == {0: "Buy milk", 1: "Low spend"}
    assert list(found.sentences()) == [0]
