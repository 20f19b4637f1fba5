"""Tables with one row a customer, from the file to the segments of held-out rows, beside the same numbers worked out with pandas."""

import io
import json
import zipfile
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from segcore.data.sources import read_source
from segcore.errors import DataError
from segcore.export.model import model_zip
from segcore.features.builders import build_features
from segcore.features.planning.priorities import parse_priorities, parse_transforms
from segcore.records.intake import DataRequest
from segcore.records.plan import Plan
from segcore.segments.scoring import score
from segcore.store.store import Store
from segcore.sweeps.run import run_sweep
from segcore.sweeps.spec import make_spec
from segcore.wording.findings import sentence

JOBS = ("clerk", "driver", "nurse", "smith", "cook")
PRIORITIES, TRANSFORMS = ["high=spend", "0.5=job", "med=loan"], ["log=spend", "power=gap"]


def customers(n, seed):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "id": [f"{'train' if seed == 0 else 'new'}{row:04d}" for row in range(n)],
            "age": rng.integers(18, 90, n).astype(float),
            "spend": np.round(rng.lognormal(4, 1.5, n), 2),
            "gap": np.round(rng.normal(0, 3, n) ** 3, 3),
            "loan": np.where(rng.random(n) < 0.3, "yes", "no"),
            "job": rng.choice(JOBS, n, p=(0.4, 0.3, 0.2, 0.06, 0.04)),
            "email": [f"c{row}@example.org" for row in range(n)],
        }
    )
    frame.loc[rng.random(n) < 0.05, "age"] = np.nan
    frame.loc[rng.random(n) < 0.05, "loan"] = None
    frame.loc[rng.random(n) < 0.05, "job"] = None
    if seed:
        frame.loc[:4, "job"] = "astronaut"
        frame.loc[5:8, "loan"] = "perhaps"
        frame.loc[9, ["age", "loan", "job"]] = [np.nan, None, None]
    return frame


def encoded(frame, train):
    """Return the features worked out with pandas, from medians, frequent values and shares of the training rows."""
    shares = train["job"].value_counts() / len(train)
    frequent = shares.index[shares > 0.1]
    columns = {name: frame[name].fillna(train[name].median()) for name in ("age", "spend", "gap")}
    columns["loan=yes"] = frame["loan"] == "yes"
    columns |= {f"job={value}": frame["job"] == value for value in frequent}
    columns["job=(other)"] = ~frame["job"].isin(frequent)
    return pd.DataFrame(columns).astype(float)


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a frame as a CSV file of customers."""

    def from_frame(frame, name="customers.csv"):
        frame.to_csv(tmp_path / name, index=False)
        return read_source(DataRequest(str(tmp_path / name), kind="customers", roles={"customer": "id"}))

    return from_frame


@pytest.fixture
def swept(home, read):
    """Return a function that sweeps 400 customers with priorities and transforms, and gives the store, the sweep and the raw rows."""

    def sweep(**options):
        train = customers(400, 0)
        dataset, store = read(train), Store()
        table = build_features(dataset)
        planned = {name: options.pop(name) for name in Plan.__match_args__ if name in options}
        spec = make_spec(
            store,
            store.put_feature_table(table),
            {"name": dataset.name, "kind": dataset.kind, "fingerprint": dataset.fingerprint},
            Plan(
                **{
                    "features": table.names,
                    "scaler": "minmax",
                    "weights": parse_priorities(table, PRIORITIES),
                    "transforms": parse_transforms(table, TRANSFORMS),
                    **planned,
                }
            ),
            **{"algorithm": "kmeans", "points": [{"n_clusters": 5, "tol": 1e-4}], **options},
        )
        sweep_id = store.add_sweep(spec)
        run_sweep(store, sweep_id)
        return SimpleNamespace(store=store, sweep=sweep_id, train=train, table=table)

    return sweep


def test_the_features_are_those_of_pandas(swept, read):
    kept = swept()
    expected = encoded(kept.train, kept.train)
    assert set(expected.columns) == set(kept.table.names)
    np.testing.assert_array_equal(kept.table.values, expected[list(kept.table.names)].to_numpy())


@pytest.mark.parametrize("scaler", ["minmax", "standard", "robust", "none"])
def test_held_out_rows_get_what_the_training_rows_numbers_give_by_hand(swept, read, scaler):
    kept = swept(scaler=scaler)
    new = customers(120, 1)
    found = score(kept.store, kept.sweep, 0, read(new, "new.csv"))
    preparation, solution = kept.store.sweep(kept.sweep).preparation, kept.store.solution(kept.sweep, 0)
    power = dict(zip(preparation.features, preparation.transforms, strict=True))["gap"][1]

    def prepared(frame):
        features = encoded(frame, kept.train)
        features["spend"] = np.log1p(features["spend"])
        gap = features["gap"].to_numpy()
        up, down = np.maximum(gap, 0), np.maximum(-gap, 0)
        features["gap"] = np.where(gap >= 0, ((1 + up) ** power - 1) / power, -((1 + down) ** (2 - power) - 1) / (2 - power))
        return features

    train, rows = prepared(kept.train), prepared(new)
    jobs = [name for name in train if name.startswith("job=")]
    centre, scale = pd.Series(0.0, train.columns), pd.Series(1.0, train.columns)
    if scaler == "standard":
        centre, scale = train.mean(), train.std(ddof=0)
        scale[jobs] = np.sqrt((train[jobs].std(ddof=0) ** 2).sum())
    elif scaler != "none":
        low, high = (train.min(), train.max()) if scaler == "minmax" else (train.quantile(0.25), train.quantile(0.75))
        centre, scale = low if scaler == "minmax" else train.median(), (high - low).where(high > low, 1.0)
        centre[jobs], scale[jobs] = 0.0, np.sqrt(4 * (len(jobs) - 1) / len(jobs))
    weights = pd.Series(1.0, train.columns)
    weights["spend"], weights["loan=yes"], weights[jobs] = 4.0, 2.5, 0.5
    X = ((rows - centre) / scale * weights)[list(preparation.features)].to_numpy()
    distances = ((X[:, None] - solution.arrays["centres"]) ** 2).sum(axis=2)
    assert found.customers.tolist() == new["id"].tolist()
    np.testing.assert_array_equal(found.labels, distances.argmin(axis=1))
    assert len(set(found.labels.tolist())) > 1


def test_training_rows_get_their_training_labels(swept, read):
    kept = swept()
    found = score(kept.store, kept.sweep, 0, read(kept.train, "again.csv"))
    np.testing.assert_array_equal(found.labels, kept.store.solution(kept.sweep, 0).labels)


def test_one_customer_with_nothing_but_unseen_and_missing_values_is_scored(swept, read):
    kept = swept()
    new = customers(120, 1)
    alone = score(kept.store, kept.sweep, 0, read(new.iloc[[9]], "one.csv"))
    assert alone.labels[0] == score(kept.store, kept.sweep, 0, read(new, "new.csv")).labels[9]


def test_only_the_columns_that_were_clustered_on_are_asked_of_new_customers(swept, read):
    kept = swept(features=("age", "spend", "gap", "loan", "job=clerk", "job=driver", "job=nurse", "job=(other)"))
    assert {recipe["column"] for recipe in kept.store.sweep(kept.sweep).preparation.fitted["columns"]} == {
        "age",
        "spend",
        "gap",
        "loan",
        "job",
    }
    new = customers(50, 1)
    whole = score(kept.store, kept.sweep, 0, read(new, "new.csv"))
    few = score(kept.store, kept.sweep, 0, read(new.drop(columns="email"), "few.csv"))
    np.testing.assert_array_equal(few.labels, whole.labels)
    with pytest.raises(DataError, match="lacks the column gap"):
        score(kept.store, kept.sweep, 0, read(new.drop(columns="gap"), "fewer.csv"))


@pytest.mark.parametrize("scaler", ["minmax", "standard", "robust", "none"])
def test_the_exported_model_alone_is_enough_to_score_with_numpy(swept, read, scaler):
    """Follow the words of its README step by step, with nothing of segcore."""
    kept = swept(scaler=scaler)
    with zipfile.ZipFile(io.BytesIO(model_zip(kept.store, kept.sweep, 0))) as archive:
        model = json.loads(archive.read("model.json"))
        centres = np.load(io.BytesIO(archive.read("centres.npy")), allow_pickle=False)
        readme = archive.read("README.txt").decode()
    assert model["format"] == "segcore model 2"
    for word in ("1. Compute", "2. Transform", "3. Scale", "4. Weigh", "5. Assign", "Yeo and Johnson", '"use": "category"'):
        assert word in readme
    new = customers(120, 1)
    features = {}
    for recipe in model["fitted"]["columns"]:
        column = new[recipe["column"]]
        if recipe["use"] == "number":
            made = [column.fillna(recipe["missing"])]
        elif recipe["use"] == "binary":
            made = [column.fillna(recipe["missing"]) == recipe["values"][1]]
        else:
            made = [column == value for value in recipe["values"]]
            made += [column.isna()] if recipe["missing"] else []
            made += [~np.logical_or.reduce(made)] if recipe["other"] else []
        features |= dict(zip(recipe["names"], made, strict=True))
    X = np.column_stack([np.asarray(features[name], dtype=float) for name in model["features"]])
    for j, (transform, p) in enumerate(model["transforms"]):
        if transform == "log":
            X[:, j] = np.sign(X[:, j]) * np.log(1 + np.abs(X[:, j]))
        elif transform == "power":
            up, down = np.maximum(X[:, j], 0), np.maximum(-X[:, j], 0)
            X[:, j] = np.where(X[:, j] >= 0, ((1 + up) ** p - 1) / p, -((1 + down) ** (2 - p) - 1) / (2 - p))
    if scaler != "none":
        X = (X - model["centre"]) / model["scale"]
    X = X * model["weights"]
    labels = ((X[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    np.testing.assert_array_equal(labels, score(kept.store, kept.sweep, 0, read(new, "new.csv")).labels)


def test_the_readme_of_a_plain_model_speaks_of_no_transforms_weights_or_dummies(swept):
    kept = swept(features=("age", "spend"), weights={}, transforms={})
    with zipfile.ZipFile(io.BytesIO(model_zip(kept.store, kept.sweep, 0))) as archive:
        readme = archive.read("README.txt").decode()
    assert "2. Scale" in readme
    assert "3. Assign" in readme
    assert not any(word in readme for word in ("Transform:", "Weigh", "dummies of one column"))


def test_a_number_in_another_unit_is_warned_of(swept, read):
    known, new = swept(), customers(60, 1)
    assert not [note for note in score(known.store, known.sweep, 0, read(new)).notes if "same unit" in sentence(note)]
    new["spend"] = new["spend"] * 1e6

    notes = [sentence(note) for note in score(known.store, known.sweep, 0, read(new)).notes if "same unit" in sentence(note)]

    assert len(notes) == 1 and notes[0].startswith("spend: ")
