from dataclasses import replace

import numpy as np
import pytest

from segcore.errors import DataError, ParameterError
from segcore.features.planning.priorities import named_transforms, parse_priorities, parse_transforms, priority_weights
from segcore.records.feature_table import ColumnUse, FeatureEntry, FeatureTable
from segcore.records.finding import Finding

ENTRIES = (
    FeatureEntry("age", "age", "", "", ("age",)),
    FeatureEntry("spend, net", "spend, net", "", "", ("spend, net",)),
    FeatureEntry("spend", "spend", "", "", ("spend",)),
    FeatureEntry("loan=yes", "loan: yes", "", "", ("loan",), kind="binary"),
    FeatureEntry("job=clerk", "job: clerk", "", "", ("job",), block="job", kind="dummy"),
    FeatureEntry("job=(other)", "job: other", "", "", ("job",), block="job", kind="dummy"),
    FeatureEntry("email", "email", "", "", ("email",), dropped=Finding("column.email")),
)


@pytest.fixture
def table():
    names = tuple(entry.name for entry in ENTRIES if entry.dropped is None)
    values = np.zeros((2, len(names)))
    return FeatureTable(values, names, np.array(["a", "b"], dtype=object), np.zeros(2, dtype=np.int32), ENTRIES)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], {}),
        (["high=age", "low=spend"], {"age": 4, "spend": 1.5}),
        (["med=age,loan=yes"], {"age": 2.5, "loan=yes": 2.5}),
        (["MEDIUM = age , spend"], {"age": 2.5, "spend": 2.5}),
        (["2.5=age", "0.5=loan"], {"age": 2.5, "loan=yes": 0.5}),
        (["3=job"], {"job=clerk": 3, "job=(other)": 3}),
        (["3=job=clerk"], {"job=clerk": 3}),
        (["high=spend, net"], {"spend, net": 4}),
        (["high=age,spend, net,loan"], {"age": 4, "spend, net": 4, "loan=yes": 4}),
        (['high=age,"spend, net",loan'], {"age": 4, "spend, net": 4, "loan=yes": 4}),
        (["high=spend,age"], {"spend": 4, "age": 4}),
        (["high=age,"], {"age": 4}),
        (["1e-3=age"], {"age": 0.001}),
    ],
)
def test_priorities_are_words_or_factors_for_features_and_columns(table, texts, expected):
    assert parse_priorities(table, texts) == expected


def test_words_let_a_feature_catch_up_first_and_factors_do_not(table):
    ahead = {"age": 3.0, "spend": 2.0, "job=clerk": 1.5, "job=(other)": 1.5}
    found = parse_priorities(table, ["high=age,loan", "2=spend", "low=job"], catch_up=ahead)
    assert found == {"age": 12, "loan=yes": 4, "spend": 2, "job=clerk": 2.25, "job=(other)": 2.25}


@pytest.mark.parametrize("text", ["0=age", "-1=age", "nan=age", "inf=age", "-inf=age"])
def test_a_factor_is_a_finite_number_above_0(table, text):
    with pytest.raises(ParameterError, match="number above 0"):
        parse_priorities(table, [text])


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["age"], "equals sign, such as high=age"),
        (["high="], "equals sign"),
        (["high= , "], "equals sign"),
        (["urgent=age"], "Unknown priority 'urgent': give high, medium, low, or a factor"),
        (["2,5=age"], "Unknown priority '2,5'"),
        (["=age"], "Unknown priority ''"),
        (["high=shoe"], "Unknown feature 'shoe': choose from age, spend"),
        (["high=age,shoe"], "'shoe'"),
        (["high=age,age"], "age is named twice"),
        (["high=age", "low=age"], "age is named twice"),
        (["high=job", "low=job=clerk"], "job=clerk is named twice"),
    ],
)
def test_each_mistake_is_one_sentence_that_says_what(table, texts, message):
    with pytest.raises(ParameterError, match=message):
        parse_priorities(table, texts)


def test_a_dropped_column_is_refused_with_the_reason(table):
    for parse in (lambda: parse_priorities(table, ["high=email"]), lambda: parse_transforms(table, ["log=email"])):
        with pytest.raises(DataError, match="email is not available as a feature: it holds email addresses"):
            parse()


def test_long_names_and_long_lists_are_cut_short(table):
    with pytest.raises(ParameterError) as error:
        parse_priorities(table, ["high=" + "x" * 10_000])
    assert len(str(error.value)) < 400


def test_transforms_are_for_numbers(table):
    assert parse_transforms(table, ["log=age,spend, net", "power=spend"]) == {"age": "log", "spend, net": "log", "spend": "power"}
    for name in ("loan", "loan=yes", "job", "job=clerk"):
        with pytest.raises(ParameterError, match="is 0 or 1, and transforms do not change that"):
            parse_transforms(table, [f"log={name}"])


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["square=age"], "Unknown transform 'square': choose one of log, power"),
        (["log=age", "power=age"], "age is named twice in --transf"),
    ],
)
def test_mistakes_in_transforms_are_one_sentence_too(table, texts, message):
    with pytest.raises(ParameterError, match=message):
        parse_transforms(table, texts)


def test_a_column_that_is_carried_along_is_named_with_what_to_do(table):
    uses = (
        ColumnUse("churn", "profile", Finding("column.outcome"), outcome=True),
        ColumnUse("id no", "dropped", Finding("column.row_numbers")),
    )
    chosen = replace(table, uses=uses).select(("age", "spend"))

    with pytest.raises(DataError, match="churn is not available as a feature: it looks like an outcome.* keep it with --keep churn"):
        parse_priorities(chosen, ["high=churn"])
    with pytest.raises(DataError, match="id no is not available as a feature: it numbers the rows.$"):
        parse_priorities(chosen, ["high=id no"])


def test_a_mapping_means_what_the_same_text_means(table):
    ahead = {"age": 2.0}
    asked = {"age": "high", "spend, net": 2, "job": 1.5}
    texts = ["high=age", "2=spend, net", "1.5=job"]
    assert priority_weights(table, asked, catch_up=ahead) == parse_priorities(table, texts, catch_up=ahead)
    assert named_transforms(table, {"log": ["age"], "power": ["spend"]}) == parse_transforms(table, ["log=age", "power=spend"])


@pytest.mark.parametrize("value", ["loud", 0, -1, float("nan"), True, None])
def test_a_mapping_refuses_what_is_not_a_priority(table, value):
    with pytest.raises(ParameterError, match="priority"):
        priority_weights(table, {"age": value})


def test_a_mapping_names_features_exactly_and_once(table):
    with pytest.raises(ParameterError, match="Unknown feature 'age,spend'"):
        priority_weights(table, {"age,spend": 2})
    with pytest.raises(ParameterError, match="age is named twice in the transforms"):
        named_transforms(table, {"log": ["age"], "power": ["age"]})
    with pytest.raises(ParameterError, match="0 or 1"):
        named_transforms(table, {"log": ["loan"]})
