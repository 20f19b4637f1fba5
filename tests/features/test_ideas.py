import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from segcore.features.ideas import find_ideas, idea_factors
from segcore.features.preparation import fit_preparation, ideas_of, prepare_rows
from segcore.features.transactions.calendar_names import WEEKDAYS
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.plan import Plan

N = 400


def table_of(columns, blocks=None, kinds=None):
    """Return a table of columns by name; ``blocks`` and ``kinds`` are those of dummies and 0/1 features."""
    blocks, kinds = blocks or {}, kinds or {}
    entries = tuple(
        FeatureEntry(name, name, "", "", block=blocks.get(name, ""), kind=kinds.get(name, "dummy" if name in blocks else "number"))
        for name in columns
    )
    values = np.column_stack([np.asarray(column, dtype=float) for column in columns.values()])
    ids = np.array([str(row) for row in range(len(values))], dtype=object)
    return FeatureTable(values, tuple(columns), ids, np.zeros(len(values), dtype=np.int32), entries)


def dummies(title, values):
    return {f"{title}={value}": np.array(values) == value for value in dict.fromkeys(values)}


def found(table):
    return [(set(idea.features), idea.why) for idea in find_ideas(table)]


def test_features_correlated_at_095_are_one_idea_and_others_are_not():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, N))
    columns = {"a": a, "minus a": -a + 0.1 * rng.normal(size=N), "b": b, "a and b": a + b}

    assert found(table_of(columns)) == [({"a", "minus a"}, ("alike",))]
    assert np.abs(np.corrcoef(columns["a"], columns["minus a"])[0, 1]) >= 0.95 > np.abs(np.corrcoef(a, a + b)[0, 1])


def test_a_chain_of_alike_features_is_one_idea():
    rng = np.random.default_rng(0)
    a, noise, more = rng.normal(size=(3, N))
    columns = {"a": a, "b": a + 0.25 * noise, "c": a + 0.25 * noise + 0.25 * more}

    (idea,) = find_ideas(table_of(columns))

    assert idea.features == ("a", "b", "c")
    assert abs(np.corrcoef(columns["a"], columns["c"])[0, 1]) < 0.95
    assert idea.factor == pytest.approx(1 / np.sqrt(3))


def test_a_value_that_several_columns_repeat_counts_once_and_their_other_values_in_full():
    rng = np.random.default_rng(0)
    offline = rng.uniform(size=N) < 0.2
    columns, blocks = {}, {}
    for service in ("backup", "security", "support"):
        made = dummies(service, np.where(offline, "No internet", rng.choice(["Yes", "No"], N)))
        columns |= made
        blocks |= dict.fromkeys(made, service)

    (idea,) = find_ideas(table_of(columns, blocks))

    assert idea.columns == {service: (f"{service}=No internet",) for service in ("backup", "security", "support")}
    assert idea.why == ("alike",)
    assert idea.factor == pytest.approx(1 / np.sqrt(3))


def test_two_dummies_of_one_column_are_no_idea_although_each_is_the_others_opposite():
    made = dummies("side", ["left", "right"] * 50)
    assert found(table_of(made, dict.fromkeys(made, "side"))) == []


def test_a_number_that_orders_a_category_one_to_one_is_the_same_idea():
    rng = np.random.default_rng(0)
    level = rng.integers(0, 4, N)
    made = dummies("education", np.array(["primary", "secondary", "bachelor", "master"])[level])
    columns = {"years": level * 4 + 6, "age": rng.normal(40, 10, N), **made}

    (idea,) = find_ideas(table_of(columns, dict.fromkeys(made, "education")))

    assert idea.why == ("ordered",)
    assert idea.columns == {"years": ("years",), "education": tuple(made)}
    assert idea.factor == pytest.approx(1 / np.sqrt(2))


def test_a_number_that_only_goes_with_a_category_is_another_idea():
    rng = np.random.default_rng(0)
    level = rng.integers(0, 4, N)
    made = dummies("education", np.array(list("abcd"))[level])
    blocks = dict.fromkeys(made, "education")

    assert found(table_of({"years": level + (rng.uniform(size=N) < 0.05), **made}, blocks)) == []
    assert found(table_of({"years": level // 2, **made}, blocks)) == []  # two values share a number


def test_the_rare_values_of_an_ordered_category_may_share_a_feature():
    rng = np.random.default_rng(0)
    level = rng.integers(0, 6, N)
    names = np.array(["a", "b", "c", "(other)", "(other)", "(other)"])[level]
    made = dummies("grade", names)
    assert found(table_of({"points": level, **made}, dict.fromkeys(made, "grade"))) == [({"points", *made}, ("ordered",))]


def test_shares_of_one_total_count_as_two_features():
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(4), N) * 100
    columns = {
        "hours": rng.lognormal(size=N),
        **{f"pct {name}": shares[:, at] for at, name in enumerate("wxyz")},
        "age": rng.normal(size=N),
    }

    (idea,) = find_ideas(table_of(columns))

    assert idea.features == ("pct w", "pct x", "pct y", "pct z")
    assert (idea.why, idea.counts) == (("shares",), 2)
    assert idea.factor == pytest.approx(np.sqrt(2 / 4))


def test_shares_of_transactions_are_known_by_name_even_if_some_are_not_chosen():
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(7), N)
    columns = {f"share_{day}": shares[:, at] for at, day in enumerate(WEEKDAYS[:5])}

    (idea,) = find_ideas(table_of({"Recency": rng.normal(size=N), **columns}))

    assert idea.features == tuple(columns)
    assert idea.why == ("shares",)


def test_numbers_of_a_constant_sum_of_0_are_no_shares_and_constant_features_no_ideas():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, N))
    assert found(table_of({"a": a, "b": b, "minus both": -a - b})) == []
    assert found(table_of({"one": np.ones(N), "two": np.ones(N), "three": np.ones(N)})) in ([], [({"one", "two", "three"}, ("shares",))])
    assert find_ideas(table_of({"a": [], "b": []})) == ()


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 6), st.integers(0, 4), st.integers(0, 2**16))
@example(6, 0, 31581)  # in whose order of pairs a path is halved twice
def test_an_idea_has_the_variance_of_one_feature_whatever_surrounds_it(copies, others, seed):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=200)
    columns = {f"copy {at}": a * rng.uniform(0.5, 9) + at for at in range(copies)}
    columns |= {f"other {at}": rng.normal(size=200) for at in range(others)}
    table = table_of(columns)

    X = prepare_rows(table, Plan(table.names, ideas="once"))

    variances = X.var(axis=0)
    assert variances[:copies].sum() == pytest.approx(1)
    assert variances[copies:] == pytest.approx(np.ones(others))


def test_a_weight_of_the_analysts_comes_on_top_and_nothing_changes_where_each_counts():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, N))
    table = table_of({"a": a, "same": 3 * a, "b": b})

    once = fit_preparation(table, Plan(table.names, weights={"a": 4.0}, ideas="once"))

    assert once.weights == pytest.approx((4 / np.sqrt(2), 1 / np.sqrt(2), 1))
    assert fit_preparation(table, Plan(table.names)).weights == ()
    assert fit_preparation(table_of({"a": a, "b": b}), Plan(("a", "b"), ideas="once")).weights == ()


def test_correlations_are_those_after_the_transforms():
    rng = np.random.default_rng(0)
    a = rng.normal(5, 1.5, N)
    table = table_of({"a": a, "exp a": np.exp(a)})

    assert abs(np.corrcoef(table.values, rowvar=False)[0, 1]) < 0.95
    assert find_ideas(table) == ()
    (idea,) = ideas_of(table, Plan(table.names, transforms={"exp a": "log"}))
    assert idea.features == table.names


def test_factors_are_in_the_order_of_the_features():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, N))
    ideas = find_ideas(table_of({"a": a, "b": b, "same": a}))
    assert idea_factors(("b", "same", "a"), ideas) == pytest.approx([1, 1 / np.sqrt(2), 1 / np.sqrt(2)])


def test_a_plan_that_counts_each_in_full_has_the_id_it_always_had():
    assert "ideas" not in Plan(("a",)).to_json()
    assert Plan.from_json(Plan(("a",), ideas="once").to_json()).ideas == "once"
    assert Plan.from_json(Plan(("a",)).to_json()) == Plan(("a",))
