"""The sentence of a segment: every number in it is that of the tables."""

import re

import pytest

from segcore.records.estimate import Estimate
from segcore.segments.explanation import segment_sentence
from segcore.segments.profiles.key_figures import GroupFigures, KeyFigure, KeyFigures
from segcore.segments.profiles.records import SegmentSummary
from segcore.segments.rules.condition import ColumnTitles, Condition
from segcore.segments.rules.rule import Rule, SegmentRules

SUMMARY = SegmentSummary(2, "Weekend big baskets", 412, 412 / 2469, None, None, (), "")


def figures(here, everywhere):
    groups = [GroupFigures(2, "x", {"revenue_per_customer": KeyFigure(here, None)})]
    return KeyFigures(
        {"revenue_per_customer": "Revenue per customer"},
        tuple(groups),
        GroupFigures(None, "all", {"revenue_per_customer": KeyFigure(everywhere, None)}),
    )


def test_a_segment_is_told_with_its_size_worth_and_rule():
    rule = Rule(
        (Condition("share_we", ">", 0.6), Condition("basket", ">", 38.0)), Estimate(0.7134, 0.6, 0.8, 200), Estimate(0.9, 0.8, 0.95, 150)
    )
    found = segment_sentence(SUMMARY, figures(420.0, 200.0), SegmentRules(2, rule, (rule,)), ColumnTitles({"share_we": "weekend share"}))
    assert found == (
        "Weekend big baskets: 412 customers (17 %), revenue per customer 2.1 times the average; 71 % are found by weekend share > 0.6 and "
        "basket > 38."
    )


@pytest.mark.parametrize(("here", "everywhere"), [(None, 5.0), (5.0, None), (-1.0, 5.0), (5.0, 0.0), (5.0, -2.0)])
def test_a_worth_that_is_no_multiple_of_the_average_is_left_out(here, everywhere):
    assert segment_sentence(SUMMARY, figures(here, everywhere)) == "Weekend big baskets: 412 customers (17 %)."


@pytest.mark.parametrize(("ratio", "text"), [(0.0, "0 times"), (0.347, "0.35 times"), (1.0, "1.0 times"), (12.4, "12 times")])
def test_multiples_have_two_digits(ratio, text):
    assert re.search(r"customer ([\d.]+ times)", segment_sentence(SUMMARY, figures(ratio * 10, 10.0)))[1] == text


def test_no_rule_is_left_out():
    assert segment_sentence(SUMMARY, figures(1.0, 1.0), SegmentRules(2, None, (), "none")).endswith("the average.")
