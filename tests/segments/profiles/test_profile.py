from dataclasses import replace

import numpy as np
import pytest

from segcore.errors import DataError
from segcore.records.estimate import Estimate
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.solution import Quality, Solution
from segcore.segments.profiles.descriptions import sets_apart
from segcore.segments.profiles.profile import segment_profile
from segcore.segments.profiles.records import FeatureProfile

GAP = FeatureEntry("days_between_orders", "Days between orders", "days", "Mean days between orders")
BASKET = FeatureEntry("average_basket_value", "Average basket value", "currency", "Spend per order")
FLAT = FeatureEntry("flat", "Flat", "", "The same for everyone")


def table_of(values, *, revenue=None, copies=None, dictionary=(GAP, BASKET, FLAT)):
    values = np.asarray(values, dtype=float)
    return FeatureTable(
        values=values,
        names=tuple(entry.name for entry in dictionary),
        customers=np.array([f"c{i}" for i in range(len(values))], dtype=object),
        copies=np.zeros(len(values), dtype=np.int32) if copies is None else np.asarray(copies, dtype=np.int32),
        dictionary=dictionary,
        revenue=None if revenue is None else np.asarray(revenue, dtype=float),
    )


def solution_of(labels, compactness=None):
    quality = Quality(1.0, Estimate(0.5, 0.5, 0.5, len(labels)), None, None, compactness, {"flat": None}) if compactness else None
    return Solution.from_labels(np.asarray(labels), params={"k": 2}, engine="stock", evidence="", seed=0, quality=quality)


# Six customers: gaps 2, 4, 6 in segment 0; 20, 40 in segment 1; 48 is noise. Mean of all 20, median 13.
VALUES = [[2, 10, 1], [4, 10, 1], [6, 10, 1], [20, 10, 1], [40, 10, 1], [48, 70, 1]]
LABELS = [0, 0, 0, 1, 1, -1]


def test_shares_and_statistics_are_those_worked_by_hand():
    profile = segment_profile(table_of(VALUES, revenue=[10, 20, 30, 20, 20, 100]), solution_of(LABELS), {})
    frequent = profile.segments[0]
    assert (frequent.label, frequent.title, frequent.customers, frequent.customer_share) == (0, "Segment 0", 3, 0.5)
    assert (frequent.revenue, frequent.revenue_share, profile.revenue) == (60, 0.3, 200)
    gap = frequent.features[0]
    assert (gap.mean, gap.median, gap.population_mean, gap.population_median) == (4, 4, 20, 13)
    # std of 2, 4, 6, 20, 40, 48 around 20: squares 324 + 256 + 196 + 0 + 400 + 784 = 1960, over 6
    assert gap.shift == pytest.approx((4 - 20) / np.sqrt(1960 / 6))


def test_noise_stands_apart_from_the_segments():
    profile = segment_profile(table_of(VALUES), solution_of(LABELS), {})
    assert [summary.label for summary in profile.segments] == [0, 1]
    assert profile.noise is not None
    assert (profile.noise.label, profile.noise.title, profile.noise.customers) == (-1, "Noise", 1)
    assert [summary.label for summary in profile.everyone()] == [0, 1, -1]


def test_without_revenue_there_is_no_share_of_it():
    summary = segment_profile(table_of(VALUES), solution_of(LABELS), {}).segments[0]
    assert summary.revenue is None
    assert summary.revenue_share is None


def test_a_total_that_is_not_positive_has_no_shares():
    profile = segment_profile(table_of(VALUES, revenue=[-10, 0, 0, 0, 0, 5]), solution_of(LABELS), {})
    assert profile.segments[0].revenue == -10
    assert all(summary.revenue_share is None for summary in profile.everyone())


def test_the_largest_segment_comes_first_and_has_the_analysts_name():
    profile = segment_profile(table_of(VALUES), solution_of([1, 0, 0, 0, 0, 1]), {0: "Loyal"})
    assert [(summary.label, summary.title) for summary in profile.segments] == [(0, "Loyal"), (1, "Segment 1")]


def test_a_constant_feature_has_no_shift_and_compactness_comes_from_the_solution():
    compactness = {0: {"days_between_orders": 0.9, "average_basket_value": None, "flat": None}, 1: {"days_between_orders": 0.45}}
    profile = segment_profile(table_of(VALUES), solution_of(LABELS, compactness), {})
    features = {feature.name: feature for feature in profile.find(0).features}
    assert features["flat"].shift is None
    assert features["days_between_orders"].compactness == 0.9
    assert profile.find(0).ranked()[0].name == "days_between_orders"
    assert profile.find(1).features[1].compactness is None


def test_copies_count_as_one_customer():
    table = table_of([[2, 1, 1], [3, 1, 1], [30, 1, 1], [31, 1, 1]], revenue=[5, 5, 15, 15], copies=[0, 1, 0, 1])
    profile = segment_profile(table, solution_of([0, 0, 1, 1]), {})
    assert profile.customers == 2
    assert profile.revenue == 20
    assert [(s.customers, s.revenue_share, s.features[0].mean) for s in profile.segments] == [(1, 0.25, 2), (1, 0.75, 30)]


def test_all_noise_is_a_profile_without_segments():
    profile = segment_profile(table_of(VALUES), solution_of([-1] * 6), {})
    assert profile.segments == ()
    assert profile.noise.customer_share == 1
    assert profile.find(7) is profile.noise


def test_a_point_without_labels_says_so():
    failed = Solution(params={"k": 2}, status="failed", engine="stock", evidence="", seed=0, reason="out of memory")
    with pytest.raises(DataError, match="no labels"):
        segment_profile(table_of(VALUES), failed, {})


def test_the_sentence_compares_medians_with_all_customers():
    summary = segment_profile(table_of(VALUES), solution_of(LABELS), {}).find(0)
    assert summary.apart.startswith("Short gaps between orders (4 vs 13 days, median)")


def test_the_sentence_takes_means_where_medians_do_not_differ():
    # basket values: median 10 everywhere, means 10 and 34 against 18
    values = [[1, 10, 1], [1, 10, 1], [1, 10, 1], [1, 10, 1], [1, 10, 1], [1, 82, 1]]
    summary = segment_profile(table_of(values), solution_of([0, 0, 0, 1, 1, 1]), {}).find(1)
    assert summary.apart == "High order values (34 vs 22). Means."


def test_log_spend_is_told_in_money():
    entry = FeatureEntry("log_spend", "Log of spend", "log", "")
    values = np.log1p([[100.0], [120.0], [140.0], [1000.0], [1200.0], [1400.0]])
    summary = segment_profile(table_of(values, dictionary=(entry,)), solution_of([0, 0, 0, 1, 1, 1]), {}).find(1)
    assert summary.apart.startswith("High spend (1,200 vs ")


def test_a_segment_like_everyone_says_so():
    values = [[1, 1, 1], [2, 2, 1], [1, 1, 1], [2, 2, 1]]
    summary = segment_profile(table_of(values), solution_of([0, 0, 1, 1]), {}).find(0)
    assert summary.apart.startswith("Close to all customers")


LOAN = FeatureEntry("loan=yes", "loan: yes", "share of customers", "", ("loan",), kind="binary")
JOBS = tuple(
    FeatureEntry(f"job={job}", f"job: {job}", "share of customers", "", ("job",), block="job", kind="dummy")
    for job in ("clerk", "cook", "smith")
)


class TestWhatIs0Or1:
    # Segment 0: three clerks, two of them with a loan; segment 1: two cooks and a smith without one.
    VALUES = ((1, 1, 0, 0), (1, 1, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 1, 0), (0, 0, 0, 1))

    @pytest.fixture
    def profile(self):
        compactness = {0: {"job=clerk": 1.0, "job=cook": 1.0, "job=smith": 1.0, "loan=yes": 0.0}, 1: {"loan=yes": 1.0, "job=clerk": 1.0}}
        table = table_of(self.VALUES, dictionary=(LOAN, *JOBS))
        return segment_profile(table, solution_of([0, 0, 0, 1, 1, 1], compactness), {})

    def test_its_mean_is_a_share_and_it_has_no_median(self, profile):
        loan, clerk, *_ = profile.find(0).features
        assert (loan.kind, loan.block, loan.is_share) == ("binary", "", True)
        assert (clerk.kind, clerk.block) == ("dummy", "job")
        assert (loan.mean, loan.population_mean) == (pytest.approx(2 / 3), pytest.approx(1 / 3))
        assert loan.median is None
        assert loan.population_median is None

    def test_the_sentence_tells_shares_and_one_category_a_column(self, profile):
        assert profile.find(0).apart == "Often job: clerk (100 % vs 50 %), often loan: yes (67 % vs 33 %)."

    def test_shares_that_look_alike_get_more_digits(self):
        loan = FeatureProfile(
            "loan=yes",
            "loan: yes",
            "",
            0.4803,
            None,
            0.4796,
            None,
            compactness=0.0,
            shift=0.4,
            difference=Estimate.undefined(""),
            kind="binary",
        )
        assert sets_apart([loan]) == "Often loan: yes (48.03 % vs 47.96 %)."

    def test_a_column_of_two_values_says_which_the_customers_have(self, profile):
        loan = replace(profile.find(0).features[0], name="loan=yes", title="loan: yes", mean=0.1, population_mean=0.6, shift=-1.0)
        assert sets_apart([replace(loan, kind="binary", median=None, other="loan: no")]) == "Often loan: no (90 % vs 40 %)."
        assert sets_apart([replace(loan, kind="binary", median=None)]) == "Seldom loan: yes (10 % vs 60 %)."

    def test_of_equally_compact_features_the_most_shifted_comes_first(self, profile):
        assert [feature.name for feature in profile.find(0).ranked()] == ["job=clerk", "job=cook", "job=smith", "loan=yes"]


@pytest.mark.parametrize(
    ("name", "unit", "said"),
    [
        ("Recency", "days", "Seen recently (5 vs 27.5 days). Medians."),
        ("Recency", "", "Low Recency (5 vs 27.5). Medians."),  # a customer table's own column, whatever it means there
        ("spend_share_Tea {x}", "share of spend", "Little spend on Tea {x} (500 % vs 2750 %)"),
        ("rfm_score", "score of 3 to 15", "Low RFM score (5 vs 27.5)"),
    ],
)
def test_a_features_phrase_is_its_own_and_not_that_of_a_column_of_the_same_name(name, unit, said):
    table = table_of([[5], [5], [5], [50], [60], [70]], dictionary=(FeatureEntry(name, name, unit, ""),))
    assert segment_profile(table, solution_of([0, 0, 0, 1, 1, 1]), {}).find(0).apart.startswith(said)


def test_a_mean_of_zero_is_shown_as_zero():
    values = np.column_stack([[0.1, 0.2, -0.3, 0.0, 0.0, 0.0], np.arange(6) * 1e-15, np.ones(6)])
    found = segment_profile(table_of(values), solution_of(LABELS), {}).segments[0].features
    assert 0 < abs(np.mean(values[:, 0])) < 1e-15
    assert [feature.population_mean for feature in found] == [0, pytest.approx(2.5e-15), 1]
