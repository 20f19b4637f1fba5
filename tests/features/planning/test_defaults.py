import numpy as np
import pytest

from segcore.errors import ParameterError
from segcore.features.planning.defaults import DEFAULT, KIT, MINMAX, SETTINGS, setting_named
from segcore.features.planning.sets import FEATURE_SETS, set_of, sets_of
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.plan import Plan


def table_of(names, values=None):
    entries = tuple(FeatureEntry(name, name, "", "") for name in names)
    values = np.zeros((1, len(names))) if values is None else values
    ids = np.array([str(row) for row in range(len(values))], dtype=object)
    return FeatureTable(values, tuple(names), ids, np.zeros(len(values), dtype=np.int32), entries)


TRANSACTIONS = table_of(dict.fromkeys(name for names in FEATURE_SETS.values() for name in names))
CUSTOMERS = table_of(["age", "spend"])


def test_the_default_leaves_nobody_out_and_the_kits_setting_does_as_the_kit():
    assert DEFAULT.plan(TRANSACTIONS, "transactions") == Plan(FEATURE_SETS["value"], ideas="once")
    assert KIT.plan(TRANSACTIONS, "transactions", seed=3) == Plan(FEATURE_SETS["kit"], "kit", seed=3)


def test_other_kinds_have_all_features_and_auto_segmentations_setting_scales_from_0_to_1():
    assert DEFAULT.plan(CUSTOMERS, "ratings") == DEFAULT.plan(CUSTOMERS, "customers") == Plan(("age", "spend"), ideas="once")
    assert MINMAX.plan(CUSTOMERS, "customers") == Plan(("age", "spend"), scaler="minmax")


def test_skewed_features_are_transformed_and_others_are_not():
    rng = np.random.default_rng(0)
    values = np.column_stack([rng.normal(40, 10, 500), rng.lognormal(3, 1, 500), rng.lognormal(3, 1, 500) * -1])
    table = table_of(["age", "spend", "debt"], values)

    assert DEFAULT.plan(table, "customers").transforms == {"spend": "log", "debt": "log"}
    assert DEFAULT.plan(table, "customers", ["age", "debt"]).transforms == {"debt": "log"}
    assert DEFAULT.plan(table, "customers", transforms={}).transforms == {}
    assert DEFAULT.plan(table, "customers", transforms={"age": "power"}).transforms == {"age": "power"}
    assert MINMAX.plan(table, "customers").transforms == {}


def test_choices_replace_those_of_the_setting_and_none_does_not():
    asked = DEFAULT.plan(CUSTOMERS, "customers", "age", scaler="robust", ideas=None, seed=7)
    assert asked == Plan(("age",), scaler="robust", ideas="once", seed=7)


def test_a_setting_for_other_data_is_refused_in_one_sentence():
    with pytest.raises(ParameterError, match="for transactions, not for customers: choose another"):
        KIT.plan(CUSTOMERS, "customers")
    with pytest.raises(ParameterError, match="for customers, not for transactions"):
        MINMAX.plan(TRANSACTIONS, "transactions")
    with pytest.raises(ParameterError, match="default, kit or minmax|default, kit, minmax"):
        setting_named("intel")
    assert list(SETTINGS.values()) == [DEFAULT, KIT, MINMAX]


def test_a_set_is_recognised_by_its_features_in_any_order():
    for name in ("value", "behaviour", "rfm", "kit", "small"):
        assert set_of(FEATURE_SETS[name][::-1], TRANSACTIONS, "transactions") == name
    assert set_of(TRANSACTIONS.names, TRANSACTIONS, "transactions") == "all"
    assert set_of(("Amount",), TRANSACTIONS, "transactions") is None
    assert set_of(("spend", "age"), CUSTOMERS, "customers") == "all"


def test_only_transactions_have_more_than_one_set():
    assert set(sets_of("transactions")) == set(FEATURE_SETS)
    assert sets_of("customers") == sets_of("ratings") == ("all",)
