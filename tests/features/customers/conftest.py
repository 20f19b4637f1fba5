import pandas as pd
import pytest

from segcore.features.builders import build_features
from segcore.records.data_rules import ColumnRules


@pytest.fixture
def table_of(dataset_of):
    """Return a function that builds the features of columns; ``customer`` names the one with the ids, the rest are rules."""

    def make(columns, customer=None, fitted=None, **rules):
        dataset = dataset_of(pd.DataFrame(columns), {"customer": customer} if customer else {}, "customers")
        return build_features(dataset, fitted=fitted, columns=ColumnRules(**rules))

    return make


@pytest.fixture
def use_of(table_of):
    """Return a function that says what becomes of one column beside another that stays a feature."""

    def make(title, values, **rules):
        values = list(values)
        columns = {title: pd.Series(values), "spend of all": [float(7 * number % 11) for number in range(len(values))]}
        return next(use for use in table_of(columns, **rules).uses if use.column == title)

    return make
