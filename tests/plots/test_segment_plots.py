import numpy as np

from segcore.plots.segments.segment_features import describe_ranking, draw_ranking
from segcore.plots.segments.segment_shares import describe_shares, draw_shares, shares_data
from segcore.plots.segments.tree import draw_tree, tree_data
from segcore.records.estimate import Estimate
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.solution import Quality, Solution
from segcore.segments.profiles.profile import segment_profile
from segcore.segments.profiles.records import FeatureProfile, SegmentSummary
from segcore.segments.rules.condition import ColumnTitles, Condition
from segcore.segments.rules.tree import Branch, ExplainingTree, Leaf

ENTRY = FeatureEntry("Recency", "Recency", "days", "")


def profile_of(labels, revenue=None, names=None, compactness=None):
    labels = np.asarray(labels)
    count = len(labels)
    table = FeatureTable(
        values=np.arange(count, dtype=float)[:, None],
        names=("Recency",),
        customers=np.array([str(i) for i in range(count)], dtype=object),
        copies=np.zeros(count, dtype=np.int32),
        dictionary=(ENTRY,),
        revenue=None if revenue is None else np.asarray(revenue, dtype=float),
    )
    quality = Quality(1.0, Estimate(0.5, 0.5, 0.5, count), None, None, compactness or {0: {"Recency": 0.75}}, {"Recency": 0.75})
    solution = Solution.from_labels(labels, params={}, engine="stock", evidence="", seed=0, quality=quality)
    return segment_profile(table, solution, names or {})


def test_share_bars_are_the_shares():
    rows = shares_data(profile_of([0, 0, 0, 1], revenue=[10, 10, 10, 70], names={1: "Big spenders"}))
    figure = draw_shares(rows, chosen=1)
    revenue, customers = figure.data
    assert list(customers.x) == [75, 25]
    assert list(revenue.x) == [30, 70]
    assert list(customers.text) == ["75 %", "25 %"]
    assert list(customers.y) == ["Segment 0", "▸ Big spenders"]
    assert list(customers.customdata) == [0, 1]
    assert describe_shares(rows) == (
        "Segment 0: 3 customers, 75 % of customers and 30 % of revenue; Big spenders: 1 customer, 25 % of customers and 70 % of revenue."
    )


def test_without_revenue_there_is_one_bar_a_segment():
    rows = shares_data(profile_of([0, 1, -1]))
    assert [trace.name for trace in draw_shares(rows).data] == ["share of customers"]
    assert "revenue" not in describe_shares(rows)
    assert rows[-1].title == "Noise"


def test_negative_revenue_has_room_on_the_left():
    figure = draw_shares(shares_data(profile_of([0, 1], revenue=[-20, 120])))
    assert figure.layout.xaxis.range[0] < -20


def test_segments_of_one_name_are_told_apart():
    rows = shares_data(profile_of([0, 1], names={0: "Loyal", 1: "Loyal"}))
    assert [row.title for row in rows] == ["Loyal (0)", "Loyal (1)"]


def test_the_ranking_shows_compactness():
    summary = profile_of([0, 0, 1, 1]).find(0)
    assert list(draw_ranking(summary).data[0].x) == [0.75]
    assert describe_ranking(summary) == "Customers of “Segment 0” are most alike in Recency (0.75)."


def test_a_segment_without_compactness_is_told_and_drawn():
    summary = profile_of([0, 0, -1, -1]).noise
    assert len(draw_ranking(summary).data[0].x or ()) == 0
    assert describe_ranking(summary).startswith("“Noise” has no compactness")


def test_the_ranking_says_how_many_have_what_is_0_or_1():
    housing = FeatureProfile(
        "housing=yes",
        "housing: yes",
        "share of customers",
        0.48,
        None,
        0.56,
        None,
        compactness=1.0,
        shift=-0.2,
        difference=Estimate.undefined(""),
        kind="binary",
    )
    summary = SegmentSummary(0, "Segment 0", 25, 0.25, None, None, (housing,), "")
    assert describe_ranking(summary) == "Customers of “Segment 0” are most alike in housing: yes (1.00, 48 % have it)."
    assert draw_ranking(summary).data[0].hovertext[0] == "housing: yes<br>compactness 1.00<br>48 % of the segment, 56 % of all customers"


def test_a_tree_is_placed_with_its_leaves_one_below_the_other():
    share = Estimate(0.75, 0.7, 0.8, 40)
    inner = Branch(Condition("b", "=", "x" * 60), Leaf(1, 30, share), Leaf(2, 10, share))
    tree = ExplainingTree(Branch(Condition("a", "<=", 5.0), Leaf(0, 60, share), inner), share, 1.2)
    marks = tree_data(tree, ColumnTitles({"a": "Age <b>"}), {2: "Old & <i>new</i>"})
    assert [(mark.depth, mark.row, mark.above, mark.met, mark.is_leaf) for mark in marks] == [
        (0, 0.75, None, True, False),
        (1, 0.0, 0.75, True, True),
        (1, 1.5, 0.75, False, False),
        (2, 1.0, 1.5, True, True),
        (2, 2.0, 1.5, False, True),
    ]
    assert [mark.text for mark in marks][:2] == ["Age <b> <= 5?", "Segment 0 (60 %, 75 % right)"]
    assert len(marks[2].text) <= 31 and "x" * 60 in marks[2].hover
    figure = draw_tree(marks)
    assert figure.data[3].text[-1] == "Old &amp; &lt;i>new&lt;/i> (10 %, 75 % right)"
    assert [trace.line.dash for trace in figure.data[:2]] == ["solid", "dot"]
    assert "<b>" not in "".join(figure.data[2].text) and "<i>" not in "".join(figure.data[3].hovertext)


def test_a_condition_with_a_long_title_keeps_its_number():
    share = Estimate(0.75, 0.7, 0.8, 40)
    tree = ExplainingTree(Branch(Condition("a", ">", -0.018), Leaf(0, 60, share), Leaf(1, 40, share)), share, 1.2)
    root = tree_data(tree, ColumnTitles({"a": "Taste 4: Liar Liar (1997); English Patient, The (1996)"}))[0]
    assert root.text == "Taste 4: Liar Liar (… > -0.018?"
    assert "English Patient, The (1996) > -0.018" in root.hover


def test_a_tree_of_one_leaf_is_drawn_too():
    tree = ExplainingTree(Leaf(0, 0, Estimate.undefined("nobody")), Estimate.undefined("nobody"), None)
    figure = draw_tree(tree_data(tree))
    assert list(figure.data[3].text) == ["Segment 0 (0 %)"]
