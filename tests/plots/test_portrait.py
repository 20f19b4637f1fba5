import dataclasses

import pytest

from segcore.plots.segments.liked_items import likes_data
from segcore.plots.segments.portrait import by_worth, describe_portrait, level, portrait_data
from segcore.plots.theme import in_lines
from segcore.records.estimate import Estimate
from segcore.segments.likes import LikedItem, Likes
from segcore.segments.profiles.records import FeatureProfile, SegmentProfile, SegmentSummary


def feature(name, shift, *, median=1.0, kind="number", block="", unit=""):
    middle = median if kind == "number" else None
    return FeatureProfile(name, name.capitalize(), unit, 0.25, middle, 0.5, 2.0, 0.1, shift, Estimate.undefined(""), kind, block)


def segment(label, customers, features, revenue=None, share=0.5):
    return SegmentSummary(label, f"Segment {label}", customers, share, revenue, revenue, tuple(features), "High spend.")


def profile_of(*segments, noise=None):
    return SegmentProfile(segments, noise, 100, None)


def test_segments_are_in_the_order_of_their_revenue_else_of_their_size():
    a, b = segment(0, 60, [feature("x", 0.5)], 0.2), segment(1, 40, [feature("x", -0.5)], 0.8)
    assert [summary.label for summary in by_worth(profile_of(a, b))] == [1, 0]
    a, b = segment(0, 60, [feature("x", 0.5)]), segment(1, 40, [feature("x", -0.5)])
    assert [summary.label for summary in by_worth(profile_of(a, b))] == [0, 1]


def test_cells_say_in_words_how_far_a_segment_is_from_all_customers_and_its_own_value():
    features = [
        feature("spend", 1.2, median=90),
        feature("orders", -0.4, median=3),
        feature("age", 0.1, median=40),
        feature("yes", 0.3, kind="binary"),
    ]
    data = portrait_data(profile_of(segment(0, 60, features, 0.75)))
    assert {cell.row: cell.text for cell in data.cells} == {
        "Spend": "very high · 90",
        "Orders": "low · 3",
        "Age": "40",
        "Yes": "high · 25 %",
    }
    assert data.rows == ("Age", "Yes", "Orders", "Spend")  # from bottom to top
    assert data.columns == ("Segment 0<br>50 % of customers<br>75 % of revenue",)
    assert data.cells[0].value == 1.2


@pytest.mark.parametrize(
    ("shift", "word"), [(None, ""), (0.29, ""), (-0.29, ""), (0.3, "high"), (-0.3, "low"), (1.0, "very high"), (-2.0, "very low")]
)
def test_a_level_in_words(shift, word):
    assert level(shift) == word


def test_many_segments_have_a_line_each_and_cells_without_words():
    segments = [segment(label, 10, [feature("spend", 1.2, median=90)], share=0.1) for label in range(7)]
    segments[0] = dataclasses.replace(segments[0], title="Like Raiders of the Lost Ark; Empire Strikes Back")
    segments[1] = dataclasses.replace(segments[1], title="Like Raiders of the Lost Ark; Star Wars")
    data = portrait_data(profile_of(*segments))
    assert {cell.text for cell in data.cells} == {"90"}
    assert data.columns[:3] == ("Like Raiders of the Lost… · (0) · 10 %", "Like Raiders of the Lost… · (1) · 10 %", "Segment 2 · 10 %")


def likes_of(segments):
    """Return likes of which each segment has three, the first shared by all."""
    shares = {summary.label: 0.2 for summary in segments}
    both = LikedItem("b", "Both & more", 0.4, shares)
    return Likes(
        {label: (both, *(LikedItem(f"{label}{n}", "Twin", 0.1, {**shares, label: 0.9}) for n in range(2))) for label in shares}, rated=True
    )


def test_items_that_segments_like_are_shown_by_turns_with_the_share_of_each_segment():
    segments = [segment(label, 10, [feature("x", 0.5)], share=0.5) for label in range(2)]
    data = likes_data(likes_of(segments), profile_of(*segments))
    assert data.rows == ("Twin (11)", "Twin (10)", "Twin (01)", "Twin (00)", "Both & more")  # from bottom to top
    assert [(cell.row, cell.text, cell.value) for cell in data.cells if cell.mark == 1] == [
        ("Both & more", "20 %", pytest.approx(-20)),
        ("Twin (00)", "20 %", pytest.approx(10)),
        ("Twin (01)", "20 %", pytest.approx(10)),
        ("Twin (10)", "90 %", 50),
        ("Twin (11)", "90 %", 50),
    ]
    assert data.cells[0].hover == "Segment 0<br>20 % like Both &amp; more, 40 % of all customers"


def test_at_most_twelve_items_are_shown_and_nothing_without_any():
    segments = [segment(label, 10, [feature("x", 0.5)]) for label in range(9)]
    assert len(likes_data(likes_of(segments), profile_of(*segments)).rows) == 12
    assert likes_data(Likes(dict.fromkeys(range(9), ()), rated=True), profile_of(*segments)) is None


def test_only_the_category_that_differs_most_and_one_feature_of_an_idea_are_shown():
    dummies = [feature("job=a", 0.9, kind="dummy", block="job"), feature("job=b", 0.5, kind="dummy", block="job")]
    twins = [feature("spend", 0.8), feature("turnover", 0.7), feature("other", 0.2)]
    profile = profile_of(segment(0, 50, [*dummies, *twins]))
    ideas = [{"columns": {"spend": ["spend"], "turnover": ["turnover"]}, "why": ["alike"]}]
    assert portrait_data(profile, ideas).rows == ("Other", "Spend", "Job=a")
    assert portrait_data(profile).rows == ("Other", "Turnover", "Spend", "Job=a")
    shares = [{"columns": {"spend": ["spend"], "turnover": ["turnover"]}, "why": ["shares"]}]
    assert portrait_data(profile, shares).rows == ("Other", "Turnover", "Spend", "Job=a")


def test_at_most_twelve_features_and_days_have_their_unit():
    features = [feature(f"f{number}", 0.1 * number, unit="days") for number in range(20)]
    rows = portrait_data(profile_of(segment(0, 50, features))).rows
    assert len(rows) == 12 and rows[-1] == "F19 (days)"


def test_without_segments_or_features_that_vary_there_is_none_and_noise_is_no_segment():
    noise = segment(-1, 50, [feature("x", 1.0)])
    assert portrait_data(profile_of(noise=noise)) is None
    assert portrait_data(profile_of(segment(0, 50, [feature("x", None)]))) is None
    assert len(portrait_data(profile_of(segment(0, 50, [feature("x", 0.5)]), noise=noise)).columns) == 1


def test_it_is_described_segment_by_segment():
    text = describe_portrait(profile_of(segment(0, 60, [feature("x", 1.0)], 0.7), segment(1, 40, [feature("x", -1.0)], 0.3)))
    assert text.startswith("“Segment 0”, 50 % of customers, 70 % of revenue: High spend. “Segment 1”, ")


def test_long_names_are_wrapped_and_stay_different():
    assert in_lines("Not seen for long, long gaps between orders", 17) == "Not seen for<br>long, long gaps<br>between orders"
    assert in_lines("x" * 40, 10, most=2).count("<br>") == 1
