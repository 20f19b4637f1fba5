"""How columns are shared out over segments: hand-worked counts, scikit-learn and scipy as oracles."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, false_discovery_control, fisher_exact, ttest_ind
from sklearn.metrics import adjusted_rand_score

from segcore.plots.column_shares import describe_across, draw_across
from segcore.records.estimate import wilson_interval
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.solution import Solution
from segcore.segments.profiles.column_shares import columns_across, standing_out
from segcore.segments.profiles.profile_numbers import numbers_across


def table_of(values, entries, profile=None, fitted=None, copies=None):
    values = np.asarray(values, dtype=float)
    return FeatureTable(
        values=values,
        names=tuple(entry.name for entry in entries),
        customers=np.array([f"c{i}" for i in range(len(values))], dtype=object),
        copies=np.zeros(len(values), dtype=np.int32) if copies is None else np.asarray(copies, dtype=np.int32),
        dictionary=tuple(entries),
        profile=profile or {},
        fitted=fitted or {},
    )


def solution_of(labels):
    return Solution.from_labels(np.asarray(labels), params={"k": 2}, engine="stock", evidence="", seed=0)


AGE = FeatureEntry("age", "Age", "years", "")
JOB = [FeatureEntry(f"job={value}", f"job: {value}", "", "", ("job",), block="job", kind="dummy") for value in ("clerk", "nurse")]
OWNS = FeatureEntry("owns=yes", "owns: yes", "", "", ("owns",), kind="binary")
FITTED = {"columns": [{"column": "owns", "use": "binary", "names": ["owns=yes"], "values": ["no", "yes"]}]}


def test_categories_that_were_clustered_on_are_read_back_from_their_dummies():
    values = [[30, 1, 0, 1], [40, 1, 0, 1], [50, 0, 1, 0], [60, 0, 0, 0]]
    found = {
        across.column: across
        for across in columns_across(table_of(values, [AGE, *JOB, OWNS], fitted=FITTED), solution_of([0, 0, 1, 1]), {})
    }

    assert set(found) == {"job", "owns"}
    job = found["job"]
    assert job.clustered_on
    assert [(value.value, value.customers) for value in job.everyone.values] == [("clerk", 2), ("(other)", 1), ("nurse", 1)]
    assert [(value.value, value.share) for value in job.segments[1].values] == [("clerk", 0), ("(other)", 0.5), ("nurse", 0.5)]
    assert job.pure == (("Segment 0", "clerk"),)
    assert [value.value for value in found["owns"].everyone.values] == ["no", "yes"]
    assert found["owns"].association == pytest.approx(1.0)
    assert found["owns"].agreement == 1.0


def test_the_largest_value_of_a_small_segment_is_not_hidden_among_the_others():
    common = [f"v{number}" for number in range(9) for _ in range(20)]
    kinds = np.array([*common, *["rare"] * 5], dtype=object)
    labels = [0] * len(common) + [1] * 5
    (found,) = columns_across(table_of(np.arange(float(len(kinds)))[:, None], [AGE], {"kind": kinds}), solution_of(labels), {})
    shown = [value.value for value in found.everyone.values]
    assert shown == ["v0", "v1", "v2", "v3", "v4", "v5", "rare", "(other)"]
    assert found.segments[1].largest().value == "rare"


def test_the_column_that_differs_most_comes_first_and_copies_and_constants_are_left_out():
    profile = {
        "alike": np.array(["a", "b", "a", "b", "a"], dtype=object),
        "telling": np.array(["x", "x", "y", "y", "y"], dtype=object),
        "constant": np.array(["k"] * 5, dtype=object),
    }
    table = table_of(np.zeros((5, 1)), [AGE], profile, copies=[0, 0, 0, 0, 1])
    found = columns_across(table, solution_of([0, 0, 1, 1, 0]), {1: "Best"})
    assert [across.column for across in found] == ["telling", "alike"]
    assert found[0].everyone.customers == 4
    assert {group.title for group in found[0].segments} == {"Segment 0", "Best"}


def test_rare_values_are_one_rest_and_missing_ones_are_said():
    values = np.array([f"v{number % 12}" for number in range(120)] + [None] * 30, dtype=object)
    [across] = columns_across(table_of(np.zeros((150, 1)), [AGE], {"city": values}), solution_of([0] * 75 + [1] * 75), {})
    named = [value.value for value in across.everyone.values]
    assert named[0] == "(missing)" and named[-1] == "(other)" and len(named) == 8
    assert sum(value.customers for value in across.everyone.values) == 150
    assert all(sum(value.share for value in group.values) == pytest.approx(1) for group in across.segments)


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from("abc")), min_size=4, max_size=60))
def test_association_and_agreement_are_those_of_the_libraries(pairs):
    labels, values = np.array([label for label, _ in pairs]), np.array([value for _, value in pairs], dtype=object)
    found = columns_across(table_of(np.zeros((len(pairs), 1)), [AGE], {"c": values}), solution_of(labels), {})
    if len(set(values)) < 2:
        assert found == ()
        return
    [across] = found
    assert across.agreement == pytest.approx(adjusted_rand_score(labels, values))
    counts = np.array([[np.sum((labels == label) & (values == value)) for value in np.unique(values)] for label in np.unique(labels)])
    if len(counts) > 1:
        expected = np.sqrt(chi2_contingency(counts, correction=False)[0] / counts.sum() / (min(counts.shape) - 1))
        assert across.association == pytest.approx(expected, abs=1e-9)


def test_numbers_of_the_profile_have_counts_medians_and_means():
    profile = {"balance": np.array([1.5, 2.5, np.nan, 10.5, 20.5, 3.25, 4.75, 8.5, 9.5]), "flag": np.array([0.0, 1, 0, 1, 0, 1, 0, 1, 0])}
    table = table_of(np.zeros((9, 1)), [AGE], profile)
    labels = [0, 0, 0, 1, 1, 1, 1, 1, -1]
    [balance] = numbers_across(table, solution_of(labels), {})
    everyone = balance.everyone
    assert (everyone.customers, everyone.median) == (8, pytest.approx(6.625))
    assert everyone.mean == pytest.approx(np.nanmean(profile["balance"]))
    assert [group.title for group in balance.segments] == ["Segment 1", "Segment 0", "Noise"]
    small = balance.segments[1]
    assert (small.customers, small.median, small.mean) == (2, 2.0, 2.0)
    rest = np.array([10.5, 20.5, 3.25, 4.75, 8.5, 9.5])
    interval = ttest_ind([1.5, 2.5], rest, equal_var=False).confidence_interval(0.95)
    spread = np.nanstd(profile["balance"])
    assert [small.difference.low, small.difference.high] == pytest.approx([interval.low / spread, interval.high / spread])
    assert [across.column for across in columns_across(table, solution_of(labels), {})] == ["flag"]


def test_the_figure_has_a_bar_a_segment_that_adds_up_to_all():
    values = np.array(list("aabbbc"), dtype=object)
    [across] = columns_across(table_of(np.zeros((6, 1)), [AGE], {"c": values}), solution_of([0, 0, 0, 1, 1, 1]), {0: "Same", 1: "Same"})
    figure = draw_across(across)
    assert [bar.name for bar in figure.data] == ["b", "a", "c"]
    np.testing.assert_allclose(np.sum([bar.x for bar in figure.data], axis=0), 100)
    assert list(figure.data[0].y) == ["All customers", "Same (0)", "Same (1)"]
    assert "Same: mostly a (67 % of 3 customers)" in describe_across(across)


def test_the_most_frequent_value_of_less_than_half_is_not_called_most():
    values = np.array(list("aabcd" * 2), dtype=object)
    [across] = columns_across(table_of(np.zeros((10, 1)), [AGE], {"c": values}), solution_of([0] * 5 + [1] * 5), {})
    assert "Segment 0: most often a (40 % of 5 customers)" in describe_across(across)


def test_an_outcome_is_said_as_the_share_of_its_rarer_value_the_highest_first():
    values = np.array(["no"] * 9 + ["yes"] + ["no"] * 6 + ["yes"] * 4, dtype=object)
    [across] = columns_across(table_of(np.zeros((20, 1)), [AGE], {"left": values}), solution_of([0] * 10 + [1] * 10), {})
    low, high = wilson_interval(0.4, 10)
    words = describe_across(across)
    assert words.startswith("yes: 25 % of all customers; 40 % of “Segment 1” (95 % interval ")
    assert f"{100 * low:.0f} % to {100 * high:.0f} %" in words
    assert words.index("Segment 1") < words.index("Segment 0")


def test_every_value_can_be_told_from_the_others_and_its_number_read():
    values = np.array([f"value {n}" for n in range(12)] * 3 + [None] * 6, dtype=object)
    [across] = columns_across(table_of(np.zeros((42, 1)), [AGE], {"c": values}), solution_of([0] * 20 + [1] * 22), {})
    colours = [bar.marker.color for bar in draw_across(across).data]
    assert len(set(colours)) == len(colours) == 8
    for bar in draw_across(across).data:
        assert contrast(bar.marker.color, bar.textfont.color) >= 4.5


def contrast(one, other):
    def luminance(colour):
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        return sum(
            w * (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4) for w, p in zip((0.2126, 0.7152, 0.0722), parts, strict=True)
        )

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_names_and_values_of_ones_own_are_no_tags_and_long_ones_stay_apart():
    values = np.array(["<b>bold</b>", "plain"] * 3, dtype=object)
    names = {0: "A very long name of a segment: north", 1: "A very long name of a segment: south"}
    [across] = columns_across(table_of(np.zeros((6, 1)), [AGE], {"c": values}), solution_of([0, 0, 0, 1, 1, 1]), names)
    figure = draw_across(across)
    assert "&lt;b>bold&lt;/b>" in {bar.name for bar in figure.data}
    assert not any("<b>" in text for bar in figure.data for text in bar.hovertext)
    assert len(set(figure.data[0].y)) == 3


def test_every_value_has_its_index_and_a_test_corrected_for_all_values_of_all_columns():
    labels = np.repeat([0, 1, -1], [20, 30, 10])
    profile = {
        "left": np.array(["yes"] * 12 + ["no"] * 8 + ["yes"] * 6 + ["no"] * 24 + ["yes"] * 2 + ["no"] * 8, dtype=object),
        "alike": np.array(["a", "b"] * 30, dtype=object),
    }
    found = columns_across(table_of(np.zeros((60, 1)), [AGE], profile), solution_of(labels), {})
    by_name = {across.column: across for across in found}
    yes = next(value for value in by_name["left"].segments[1].values if value.value == "yes")
    assert yes.index.value == pytest.approx(100 * (12 / 20) / (20 / 60))
    assert by_name["left"].everyone.values[0].p is None

    raw, given = [], []
    for across in found:
        for group, label in zip(across.segments, (1, 0, -1), strict=True):
            for value in group.values:
                has, mine = profile[across.column] == value.value, labels == label
                cells = [[np.sum(has & mine), np.sum(~has & mine)], [np.sum(has & ~mine), np.sum(~has & ~mine)]]
                few = np.min(np.outer([mine.sum(), (~mine).sum()], [has.sum(), (~has).sum()]) / 60) < 5
                raw.append(fisher_exact(cells).pvalue if few else chi2_contingency(cells, correction=False).pvalue)
                given.append(value.p)
    assert given == pytest.approx(false_discovery_control(raw).tolist())
    assert [value.differs for value in by_name["left"].segments[1].values] == [True, True]
    assert not any(value.differs for group in by_name["alike"].segments for value in group.values)


def test_a_segment_stands_out_by_what_almost_all_of_it_has_then_by_the_largest_distance():
    n = 300
    labels = np.repeat([0, 1, 2], n // 3)
    draw = np.random.default_rng(0)
    profile = {
        "pure": np.where(labels == 0, "x", np.where(draw.random(n) < 0.5, "y", "z")).astype(object),
        "some": np.where(draw.random(n) < np.where(labels == 0, 0.6, 0.3), "u", "v").astype(object),
        "none": np.array(["p", "q"] * (n // 2), dtype=object),
    }
    owns = (labels == 0).astype(float)[:, None]
    found = columns_across(table_of(owns, [OWNS], profile, fitted=FITTED), solution_of(labels), {})
    assert [across.column for across in found[:2]] == ["owns", "pure"]
    rows = standing_out(found, 0)
    assert {(across.column, value.value) for across, value in rows[:2]} == {("owns", "yes"), ("pure", "x")}
    assert {across.column for across, _ in rows} == {"owns", "pure", "some"}
    assert len(standing_out(found, 0, most=3)) == 3


def test_different_values_with_the_same_text_are_one_and_none_is_missing():
    values = np.array([1, "1", None, np.nan, "(missing)", 2] * 4, dtype=object)
    [across] = columns_across(table_of(np.zeros((24, 1)), [AGE], {"c": values}), solution_of([0, 1] * 12), {})
    assert {value.value: value.customers for value in across.everyone.values} == {"1": 8, "(missing)": 12, "2": 4}


@pytest.mark.parametrize(("feature", "made_of"), [("Recency", True), ("total_spend", False)])
def test_the_rfm_segment_differs_by_construction_where_what_it_is_made_of_was_clustered_on(feature, made_of):
    entry = FeatureEntry(feature, feature, "days", "")
    profile = {"rfm_segment": np.array(["Lost", "Champions"] * 10, dtype=object)}
    [across] = columns_across(table_of(np.zeros((20, 1)), [entry], profile), solution_of([0, 1] * 10), {})
    assert (across.clustered_on, across.by_construction) == (False, made_of)
    assert all((value.p is None) == made_of for group in across.segments for value in group.values)


def test_a_numeric_profile_column_in_a_segment_is_described_as_a_feature_is():
    balance = np.array([1.5, 2.5, np.nan, 10.5, 20.5, np.nan])
    [number] = numbers_across(table_of(np.zeros((6, 1)), [AGE], {"balance": balance}), solution_of([0, 0, 0, 1, 1, 2]), {})
    found = number.in_segment(0)
    assert (found.name, found.mean, found.median, found.population_mean, found.population_median) == ("balance", 2, 2, 8.75, 6.5)
    assert not found.is_share
    assert number.in_segment(2) is None


def test_columns_of_a_second_table_are_compared_among_customers_with_a_value():
    values = np.array(["yes", "no", None, None, "yes", None, None, None], dtype=object)
    labels = [0, 0, 0, 0, 1, 1, 1, 2]
    table = replace(table_of(np.zeros((8, 1)), [AGE], {"club": values}), described=("club",))

    [across] = columns_across(table, solution_of(labels), {})

    assert across.unknown == 5
    assert [(value.value, value.customers, value.share) for value in across.everyone.values] == [("yes", 2, 2 / 3), ("no", 1, 1 / 3)]
    assert [[value.customers for value in group.values] for group in across.segments] == [[1, 1], [1, 0], [0, 0]]
    assert [group.customers for group in across.segments] == [2, 1, 0]
    assert across.pure == ()
    assert across.segments[2].values[0].index.value is None
    assert "Segment 2" not in describe_across(across)
    assert across.association == pytest.approx(0.5)  # chi-squared of [[1, 1], [1, 0]] is 0.75
