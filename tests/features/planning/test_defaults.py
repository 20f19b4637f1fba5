import numpy as np
import pytest

from segcore.errors import ParameterError
from segcore.features.planning.defaults import APP, COMMAND_LINE, KIT
from segcore.features.planning.sets import FEATURE_SETS, set_of, sets_of
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.plan import Plan


def table_of(names):
    entries = tuple(FeatureEntry(name, name, "", "") for name in names)
    return FeatureTable(np.zeros((1, len(names))), tuple(names), np.array(["1"], dtype=object), np.zeros(1, dtype=np.int32), entries)


TRANSACTIONS = table_of(dict.fromkeys(name for names in FEATURE_SETS.values() for name in names))
CUSTOMERS = table_of(["age", "spend"])


def test_the_app_leaves_nobody_out_and_the_command_line_does_as_the_kit():
    assert APP["transactions"].plan(TRANSACTIONS, "transactions") == Plan(FEATURE_SETS["behaviour"])
    assert COMMAND_LINE["transactions"].plan(TRANSACTIONS, "transactions") == Plan(FEATURE_SETS["kit"], "kit")
    assert KIT.plan(TRANSACTIONS, "transactions", seed=3) == Plan(FEATURE_SETS["kit"], "kit", seed=3)


@pytest.mark.parametrize("setting", [APP, COMMAND_LINE])
def test_other_kinds_have_all_features_and_one_row_per_customer_is_scaled_from_0_to_1(setting):
    assert setting["ratings"].plan(CUSTOMERS, "ratings") == Plan(("age", "spend"))
    assert setting["customers"].plan(CUSTOMERS, "customers") == Plan(("age", "spend"), scaler="minmax")


def test_the_kits_setting_needs_transactions():
    with pytest.raises(ParameterError):
        KIT.plan(CUSTOMERS, "customers")


def test_a_set_is_recognised_by_its_features_in_any_order():
    assert [set_of(FEATURE_SETS[name][::-1], TRANSACTIONS, "transactions") for name in ("behaviour", "rfm", "kit", "small")] == [
        "behaviour",
        "rfm",
        "kit",
        "small",
    ]
    assert set_of(TRANSACTIONS.names, TRANSACTIONS, "transactions") == "all"
    assert set_of(("Amount",), TRANSACTIONS, "transactions") is None
    assert set_of(("spend", "age"), CUSTOMERS, "customers") == "all"


def test_only_transactions_have_more_than_one_set():
    assert set(sets_of("transactions")) == set(FEATURE_SETS)
    assert sets_of("customers") == sets_of("ratings") == ("all",)
