"""How features are put into groups, and what one tick stands for."""

from segcore.features.planning.groups import group_features
from segcore.records.feature_table import FeatureEntry


def entry(name, **options):
    return FeatureEntry(name, options.pop("title", name), "", "", **options)


def names(groups):
    return {group.title: [tick.key for tick in group.ticks] for group in groups}


def test_each_feature_of_transactions_stands_in_one_group_and_unknown_ones_last():
    dictionary = [
        entry(name) for name in ("share_night", "Recency", "brand_new", "rfm_score", "spend_share_GROCERY", "Monday", "spend_trend")
    ]
    found = names(group_features(dictionary, "transactions"))
    assert found == {
        "Orders and recency": ["Recency"],
        "RFM scores": ["rfm_score"],
        "Rhythm and trend": ["spend_trend"],
        "Time of day": ["share_night"],
        "Share of spend by category": ["spend_share_GROCERY"],
        "Lines by weekday": ["Monday"],
        "Other features": ["brand_new"],
    }
    assert list(found)[-1] == "Other features"


def test_the_groups_title_is_not_said_again_on_the_labels():
    dictionary = [entry("spend_share_GROCERY", title="Share of spend: GROCERY"), entry("share_Monday", title="Share on Mondays")]
    ticks = [tick for group in group_features(dictionary, "transactions") for tick in group.ticks]
    assert {tick.label: tick.title for tick in ticks} == {"GROCERY": "Share of spend: GROCERY", "Monday": "Share on Mondays"}


def test_a_column_of_categories_is_one_tick():
    dictionary = [
        entry("age", columns=("age",)),
        entry("loan=yes", title="loan: yes", columns=("loan",), kind="binary"),
        entry("job=a", title="job: a", columns=("job",), block="job", kind="dummy"),
        entry("job=(other)", title="job: (other)", columns=("job",), block="job", kind="dummy"),
        entry("email", dropped="it holds email addresses"),
    ]
    numbers, categories = group_features(dictionary, "customers")
    assert [tick.names for tick in numbers.ticks] == [("age",)]
    assert [(tick.label, tick.names, tick.is_number) for tick in categories.ticks] == [
        ("loan: yes", ("loan=yes",), False),
        ("job (2 values)", ("job=a", "job=(other)"), False),
    ]


def test_ratings_come_before_their_categories():
    found = group_features([entry("rating_share_war"), entry("mean_rating")], "ratings")
    assert [group.title for group in found] == ["Ratings", "Share of ratings by category"]
    assert names(found)["Ratings"] == ["mean_rating"]
