"""Columns that an export has on request: the id under its own name, the values that were clustered, and probabilities."""

import numpy as np
import pandas as pd
import pytest
from sklearn.mixture import GaussianMixture

import segcore
from segcore.errors import ParameterError


def read(path):
    return pd.read_csv(path, dtype={0: str})


def test_the_id_can_keep_its_name(orders, tmp_path):
    renamed = tmp_path / "renamed.csv"
    pd.read_csv(orders, dtype=str).rename(columns={"customer_id": "Client No"}).to_csv(renamed, index=False)
    point = segcore.load(renamed).plan("small").sweep(n_clusters=[3]).point(n_clusters=3)
    point.export(tmp_path / "usual.csv")
    found = point.export(tmp_path / "own.csv", own_id=True)
    assert (read(tmp_path / "usual.csv").columns[0], read(tmp_path / "own.csv").columns[0]) == ("customer_id", "Client No")
    assert found["columns"][0] == "Client No"
    assert read(tmp_path / "own.csv")["Client No"].tolist() == read(tmp_path / "usual.csv")["customer_id"].tolist()


def test_an_id_that_is_called_like_another_column_is_told_from_it(orders, tmp_path):
    renamed = tmp_path / "segment.csv"
    pd.read_csv(orders, dtype=str).rename(columns={"customer_id": "segment"}).to_csv(renamed, index=False)
    point = segcore.load(renamed, roles={"customer": "segment"}).plan("small").sweep(n_clusters=[2]).point(n_clusters=2)
    point.export(tmp_path / "own.csv", own_id=True)
    assert read(tmp_path / "own.csv").columns[:2].tolist() == ["segment (id)", "segment"]


def test_values_that_were_clustered_stand_beside_their_features(orders, tmp_path):
    data = segcore.load(orders)
    plan = data.plan(["Recency", "Amount"], log=["Amount"], weights={"Recency": 2})
    point = plan.sweep(n_clusters=[3]).point(n_clusters=3)
    point.export(tmp_path / "values.csv", clustered_values=True)
    found = read(tmp_path / "values.csv")
    assert found.columns[-4:].tolist() == ["Recency", "Recency (clustered)", "Amount", "Amount (clustered)"]
    recency, amount = found["Recency"], np.log1p(found["Amount"])
    assert found["Recency (clustered)"].to_numpy() == pytest.approx(2 * (recency - recency.mean()) / recency.std(ddof=0))
    assert found["Amount (clustered)"].to_numpy() == pytest.approx((amount - amount.mean()) / amount.std(ddof=0))


@pytest.mark.parametrize("covariance_type", ["full", "tied", "diag", "spherical"])
def test_probabilities_of_a_mixture_are_those_of_scikit_learn(orders, tmp_path, covariance_type):
    plan = segcore.load(orders).plan(["Recency", "Amount"])
    sweep = plan.sweep("gaussian_mixture", n_components=[3], covariance_type=[covariance_type], progress=False)
    point = sweep.point(n_components=3, covariance_type=covariance_type)
    point.export(tmp_path / "mixture.csv", probabilities=True, clustered_values=True)
    found = read(tmp_path / "mixture.csv")
    probabilities = found[["probability_0", "probability_1", "probability_2"]].to_numpy()
    params = {name: value for name, value in point.params.items() if name in ("n_init", "reg_covar", "tol", "max_iter")}
    X = np.ascontiguousarray(found[["Recency (clustered)", "Amount (clustered)"]])
    fitted = GaussianMixture(3, covariance_type=covariance_type, random_state=point.solution.seed, **params).fit(X)
    theirs = fitted.predict_proba(X)
    number = [int(theirs[probabilities[:, label].argmax()].argmax()) for label in range(3)]  # components may be numbered otherwise
    assert sorted(number) == [0, 1, 2]
    np.testing.assert_allclose(probabilities, theirs[:, number], atol=1e-6)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(len(found)))
    assert probabilities.argmax(axis=1).tolist() == found["segment"].tolist()


def test_other_algorithms_say_that_they_have_no_probabilities(plan, tmp_path):
    point = plan.sweep(n_clusters=[3]).point(n_clusters=3)
    with pytest.raises(ParameterError, match="Only a Gaussian mixture has probabilities of segments, not k-means"):
        point.export(tmp_path / "none.csv", probabilities=True)
    assert not (tmp_path / "none.csv").exists()
