"""Features of taste added to a table: names, titles, what is left out, and what is said about it."""

import json

import numpy as np
import pytest
from sklearn.decomposition import PCA

from segcore.errors import DataError, ParameterError
from segcore.features.ideas import find_ideas
from segcore.features.planning.defaults import DEFAULT, KIT
from segcore.features.planning.sets import feature_names
from segcore.features.planning.transform_advice import advised_transforms
from segcore.features.preparation import prepare_rows
from segcore.features.taste import add
from segcore.features.taste.add import add_taste
from segcore.features.taste.asked import asked_taste
from segcore.features.taste.fitted import KEY, FittedTaste
from segcore.features.taste.new_customers import add_fitted_taste
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.plan import Plan
from segcore.records.taste import Taste
from segcore.store.store import Store
from segcore.wording.findings import sentence

NO = np.nan
RATED = [[5, 3, NO, 1, NO], [4, NO, 2, NO, NO], [2, 2, 2, NO, NO], [NO, 4, NO, 0, NO], [NO, NO, NO, 1, 5]]


@pytest.fixture
def add_to(purchases_of):
    """Return a function that adds a taste to a table with one feature, as it is stored."""

    def added(table, taste, titles=None, kind="ratings"):
        purchases = purchases_of(table, titles)
        n = len(purchases.starts) - 1
        base = FeatureTable(
            values=np.exp(np.arange(n, dtype=float))[:, None],
            names=("n_ratings",),
            customers=np.array([f"c{at}" for at in range(n)], dtype=object),
            copies=np.zeros(n, dtype=np.int32),
            dictionary=(FeatureEntry("n_ratings", "Ratings", "ratings", "."),),
            purchases={"item": purchases},
        )
        return add_taste(base, purchases, taste, kind=kind, column="film")

    return added


def stored(found, store):
    table = found.table
    return FeatureTable(table.values, table.names, table.customers, table.copies, table.dictionary, fitted={KEY: found.fitted.put(store)})


def test_components_follow_the_other_features_and_are_named_by_their_strongest_items(add_to):
    found = add_to(RATED, Taste(n=2, matrix="zero"), ("Alien", "Blow, The", "", "Dune", "E.T."))

    assert found.table.names == ("n_ratings", "component_1", "component_2")
    assert (found.fitted.taste.n, found.fitted.items, found.findings) == (2, ("i00", "i01", "i02", "i03", "i04"), ())
    entry = found.table.dictionary[1]
    high = np.argsort(-found.fitted.components.loadings[0])
    titles = ["Alien", "Blow, The", "i02", "Dune", "E.T."]
    assert entry.title == f"Taste 1: {titles[high[0]]}; {titles[high[1]]}"
    assert entry.description.startswith("Component 1 of 2 (principal components) of ratings, 5 items; ")
    assert f"High with {titles[high[0]]}; " in entry.description and f"Low with {titles[high[-1]]}" in entry.description
    assert (entry.columns, entry.kind, entry.unit) == (("film",), "number", "score")


def test_the_matrix_is_the_usual_one_unless_chosen(add_to):
    assert add_to(RATED, Taste(n=1)).fitted.taste.matrix == "centred"
    assert add_to(RATED, Taste(n=1), kind="transactions").fitted.taste.matrix == "log"
    assert add_to(RATED, Taste(n=1, components="nmf")).fitted.taste.matrix == "zero"


def test_items_can_be_features_themselves(add_to):
    found = add_to(RATED, Taste(components="raw", matrix="centred", lengths="kept"))

    assert found.table.names == ("n_ratings", "item=i00", "item=i01", "item=i02", "item=i03", "item=i04")
    np.testing.assert_allclose(found.table.values[:2, 1:], [[2, 0, 0, -2, 0], [1, 0, -1, 0, 0]])


def test_who_is_left_out_is_counted(add_to):
    found = add_to(RATED, Taste(n=1, least_items=2, least_customers=2))

    assert found.table.customers.tolist() == ["c0", "c1", "c2", "c3"]
    assert [sentence(note) for note in found.findings] == [
        "1 customer has fewer than 2 items and was set apart.",
        "1 item has fewer than 2 customers and was left out.",
    ]
    nothing = add_to([[1, 2], [NO, NO], [3, 1]], Taste(n=1))
    assert [sentence(note) for note in nothing.findings] == ["1 customer has no item and was set apart."]


def test_fewer_customers_or_items_give_fewer_components(add_to):
    found = add_to(RATED, Taste(n=10, matrix="zero"))

    assert len(found.fitted.features) == found.fitted.taste.n == 4
    assert [note.code for note in found.findings] == ["taste.fewer"]
    assert sentence(found.findings[0]) == "4 components instead of 10: 5 customers and 5 items differ in no more directions."


def test_what_cannot_be_made_is_refused_in_one_sentence(add_to, monkeypatch):
    for table, taste, words in (
        (RATED, Taste(least_items=4), "No customer has at least 4 items with at least 1 customer each"),
        ([[1, 2]], Taste(), "at least 2 customers and 2 items: there are 1 customer and 2 items"),
        (RATED, Taste(n="auto"), "No component explains more than chance would"),
        ([[-1, 2], [3, 4], [1, 1]], Taste(components="nmf"), "NMF needs values of at least 0"),
    ):
        with pytest.raises(DataError, match=words):
            add_to(table, taste)
    monkeypatch.setattr(add, "MOST_CELLS", 24)
    with pytest.raises(DataError, match="5 customers with 5 items each are more than 24 cells"):
        add_to(RATED, Taste(components="raw"))


def test_the_number_of_components_can_be_chosen_by_parallel_analysis(add_to, planted):
    found = add_to(planted(4, 400)[0], Taste(n="auto"))

    assert found.fitted.taste.n == len(found.fitted.features) == 3
    assert len(found.fitted.chance) > 3
    assert sentence(found.findings[0]) == "Parallel analysis chose 3 components: each explains more than chance would."


def test_the_clustered_matrix_has_the_proportions_of_the_components(add_to, planted, home):
    ratings = planted()[0]
    store = Store(home)
    table = stored(add_to(ratings, Taste(n=4, matrix="zero")), store)
    theirs = PCA(4, svd_solver="full").fit_transform(np.nan_to_num(ratings))

    plan = DEFAULT.plan(table, "ratings")
    X, unscaled = prepare_rows(table, plan), prepare_rows(table, DEFAULT.plan(table, "ratings", scaler="none"))

    assert plan.features == table.names[1:] and plan.transforms == {}
    np.testing.assert_allclose(np.abs(unscaled), np.abs(theirs), atol=1e-9)
    np.testing.assert_allclose(X, unscaled / unscaled[:, 0].std(), atol=1e-9)
    for scaler in ("minmax", "robust"):
        scaled = prepare_rows(table, DEFAULT.plan(table, "ratings", scaler=scaler))
        np.testing.assert_allclose(scaled.std(axis=0) / scaled[:, 0].std(), unscaled.std(axis=0) / unscaled[:, 0].std())


def test_a_constant_item_does_not_set_the_scale_of_the_others(add_to, home):
    table = stored(add_to([[1, 0.1], [1, 0.2], [1, 0.3]], Taste(components="raw", matrix="zero")), Store(home))

    X = prepare_rows(table, Plan(table.names[1:]))

    np.testing.assert_allclose(X[:, 1], np.array([-1, 0, 1]) * 1.5**0.5, atol=1e-12)


def test_features_of_taste_are_neither_transformed_nor_part_of_an_idea(add_to, home):
    # The first item follows the other feature, which is skewed.
    ratings = np.column_stack([np.exp(np.arange(12.0)), np.arange(12) % 3, np.arange(12) % 2])
    table = stored(add_to(ratings, Taste(components="raw", matrix="zero")), Store(home))

    assert find_ideas(table) == ()
    assert set(advised_transforms(table, table.names)) == {"n_ratings"}
    assert KIT.tastes is False


def test_features_of_taste_are_chosen_by_their_kind(add_to, home):
    components, raw = (stored(add_to(RATED, taste), Store(home)) for taste in (Taste(n=2), Taste(components="raw")))

    assert (
        feature_names(components, "components=2", "ratings") == feature_names(components, "components", "ratings") == components.names[1:]
    )
    assert feature_names(raw, "raw", "ratings") == raw.names[1:]
    assert feature_names(components, "n_ratings, component_2", "ratings") == ("n_ratings", "component_2")
    for table, asked in ((components, "raw"), (raw, "components=2"), (components.select(["n_ratings"]), "raw")):
        with pytest.raises(ParameterError, match="has not been computed for this data"):
            feature_names(table, asked, "ratings")


@pytest.mark.parametrize(
    "taste", [Taste(n=3), Taste(n=2, components="nmf"), Taste(components="raw", matrix="tfidf"), Taste(n=2, components="svd")]
)
def test_earlier_customers_get_their_own_features_again(add_to, planted, home, taste):
    found = add_to(planted()[0], taste)
    fitted = FittedTaste.read(Store(home), json.loads(json.dumps(found.fitted.put(Store(home)))))
    base = add_to(planted()[0], Taste(n=1)).table.select(["n_ratings"])
    base = FeatureTable(base.values, base.names, base.customers, base.copies, base.dictionary, purchases=found.table.purchases)

    table, few, notes = add_fitted_taste(base, fitted, kind="ratings")

    assert np.array_equal(table.values, found.table.values)
    assert not few.any() and notes == []


def test_unknown_items_are_ignored_and_counted(add_to, purchases_of, home):
    found = add_to([row[:3] for row in RATED], Taste(n=2, least_items=2))
    new = add_to(RATED, Taste(n=1)).table.select(["n_ratings"])
    new = FeatureTable(new.values, new.names, new.customers, new.copies, new.dictionary, purchases={"item": purchases_of(RATED)})

    table, few, notes = add_fitted_taste(new, found.fitted, kind="ratings")

    np.testing.assert_array_equal(table.values[:3, 1:], found.table.values[:, 1:])
    assert few.tolist() == [False, False, False, True, True]
    assert [sentence(note) for note in notes] == [
        "2 items are not among those that the sweep was made from, and are ignored: 4 values, 33 % of what the customers have.",
        "2 customers have fewer than 2 items of those that the sweep was made from. They get a segment that says little about them.",
    ]


@pytest.mark.parametrize(
    ("features", "options", "taste"),
    [
        ("components=7", {"matrix": "log", "of": "category"}, Taste("category", "log", n=7)),
        ("components", {"components": "svd"}, Taste(components="svd")),
        (" raw ", {"least_items": 3}, Taste(components="raw", least_items=3)),
        ("value", {"matrix": None}, None),
        (None, {}, None),
        (["raw"], {}, None),
    ],
)
def test_what_is_asked_for_in_words(features, options, taste):
    assert asked_taste(features, options) == taste


@pytest.mark.parametrize(
    ("features", "options", "words"),
    [
        ("components=0", {}, "components=0 is not a number of components: give components=10, or another number from 1 to 200"),
        ("components=some", {}, "is not a number of components"),
        ("all", {"matrix": "log"}, "matrix 'log' is about components or items as features"),
        ("raw", {"components": "nmf"}, "components 'nmf' is about"),
    ],
)
def test_what_contradicts_is_refused(features, options, words):
    with pytest.raises(ParameterError, match=words):
        asked_taste(features, options)
