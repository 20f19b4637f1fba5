"""``analyze``: the Intel kit's files, with the kit's own content."""

import os
import re
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import DBSCAN, KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from segcore.cli import main

WEEKDAYS = ["Friday", "Monday", "Sunday", "Thursday", "Tuesday", "Wednesday"]
MONTHS = ["April", "August", "December", "February", "January", "July", "June", "March", "May", "November", "October", "September"]
COLUMNS = ["Amount", "NumberOfOrders", "Recency", *WEEKDAYS, *MONTHS]
K_MEANS = [(k, tol) for k in (2, 3, 4, 5, 10, 15, 20, 25, 30) for tol in (1e-3, 1e-4, 1e-5)]
DENSE = [(m, eps) for m in (10, 50, 100) for eps in (0.3, 0.5, 0.7)]


def features_of(lines):
    """Return the kit's 21 features and the customers, from what its documentation says; nothing of segcore is used."""
    lines = lines.assign(amount=lines["Quantity"] * lines["UnitPrice"], time=pd.to_datetime(lines["InvoiceDate"]))
    end = lines["time"].max()
    rows = {}
    for customer, own in lines.groupby("CustomerID"):
        days, months = own["time"].dt.day_name(), own["time"].dt.month_name()
        rows[str(int(customer))] = [
            own["amount"].mean(), len(own), (end - own["time"].max()).days,
            *[(days == day).sum() for day in WEEKDAYS], *[(months == month).sum() for month in MONTHS],
        ]  # fmt: skip
    table = pd.DataFrame.from_dict(rows, orient="index", columns=COLUMNS).sort_index()
    for name in ("Amount", "Recency", "NumberOfOrders"):
        low, high = table[name].quantile([0.05, 0.95])
        table = table[table[name].between(low - 1.5 * (high - low), high + 1.5 * (high - low))]
    return table


@pytest.fixture(scope="module")
def lines():
    """Return lines of 140 customers of three habits, and one who would be set aside."""
    rng = np.random.default_rng(0)
    rows = []
    for customer in range(140):
        habit = customer % 3
        for order in range(1 + rng.poisson(3 + 6 * habit)):
            day = pd.Timestamp("2011-01-03") + pd.Timedelta(
                days=int(rng.integers(0, 330)) // 7 * 7 + 2 * habit, hours=int(rng.integers(8, 18))
            )
            for item in range(1 + rng.poisson(2)):
                price = 9_999.0 if customer == 139 else round(float(rng.lognormal(1 + habit / 2, 0.4)), 2)
                invoice = f"{customer:03d}{order:03d}"
                rows.append((invoice, f"S{item}", "thing", int(rng.integers(1, 9)), day, price, 12_000 + customer, "France"))
    names = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
    return pd.DataFrame(rows, columns=names)


@pytest.fixture(scope="module")
def dataset_path(lines, tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "lines.csv"
    lines.to_csv(path, index=False)
    return path


def analyze(path, folder, *options):
    return main(["analyze", "--dataset_path", str(path), "--save_model_dir", str(folder), *options])


@pytest.fixture(scope="module")
def written(dataset_path, tmp_path_factory):
    """Return the folder that both algorithms wrote, once for the module."""
    folder = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEGCORE_HOME", str(tmp_path_factory.mktemp("store")))
        for algorithm in ("kmeans", "dbscan"):
            assert analyze(dataset_path, folder, "-a", algorithm, "-l", str(folder / "logs" / f"{algorithm}.log")) == 0
    return folder


def test_the_file_names_are_the_kits(written):
    expected = {"data.csv", "customers.csv"}
    names = {algorithm: {path.name for path in (written / algorithm).iterdir()} for algorithm in ("kmeans", "dbscan")}
    assert names["kmeans"] == expected | {f"{stem % (k, tol)}" for k, tol in K_MEANS for stem in ("model_%s_%s.pkl", "pred_%s_%s.txt")}
    assert names["dbscan"] == expected | {f"{stem % (m, e)}" for m, e in DENSE for stem in ("model_%s_%s.pkl", "pred_%s_%s.txt")}
    assert {"model_30_1e-05.pkl", "model_2_0.001.pkl"} < names["kmeans"]
    assert "pred_100_0.7.txt" in names["dbscan"]


@pytest.mark.parametrize("algorithm", ["kmeans", "dbscan"])
def test_data_are_the_kits_21_columns_and_customers_say_whose_rows_they_are(written, lines, algorithm):
    data, customers = (pd.read_csv(written / algorithm / name, dtype={"customer_id": str}) for name in ("data.csv", "customers.csv"))
    expected = features_of(lines)
    assert list(data) == COLUMNS
    np.testing.assert_allclose(data, expected, atol=1e-9)
    assert list(customers) == ["row", "customer_id"]
    assert customers["customer_id"].tolist() == expected.index.tolist()
    assert customers["row"].tolist() == list(range(len(data)))
    assert "12139" not in expected.index


def test_labels_are_those_of_the_kits_own_pipelines(written, lines):
    rows = features_of(lines)
    for k, tol in K_MEANS:
        theirs = make_pipeline(StandardScaler(), KMeans(k, tol=tol, random_state=0)).fit_predict(rows)
        np.testing.assert_array_equal(np.loadtxt(written / f"kmeans/pred_{k}_{tol}.txt", dtype=int), theirs)
    for m, eps in DENSE:
        theirs = make_pipeline(StandardScaler(), DBSCAN(eps=eps, min_samples=m)).fit_predict(rows)
        np.testing.assert_array_equal(np.loadtxt(written / f"dbscan/pred_{m}_{eps}.txt", dtype=int), theirs)


def test_predictions_are_one_whole_number_a_line(written):
    text = (written / "dbscan" / "pred_10_0.3.txt").read_text()
    assert re.fullmatch(r"(-?\d+\n)+", text)


def test_models_are_fitted_pipelines_that_predict_the_rows_they_came_from(written):
    data = pd.read_csv(written / "kmeans" / "data.csv")
    for k, tol in K_MEANS[::4]:
        model = joblib.load(written / "kmeans" / f"model_{k}_{tol}.pkl")
        labels = np.loadtxt(written / "kmeans" / f"pred_{k}_{tol}.txt", dtype=int)
        np.testing.assert_array_equal(model.predict(data), labels)
        assert [name for name, _ in model.steps] == ["scaler", "kmeans"]
        estimator = model[-1]
        assert (estimator.n_clusters, estimator.tol, estimator.random_state, estimator.init) == (k, tol, 0, "k-means++")
        np.testing.assert_array_equal(estimator.labels_, labels)
        assert estimator.inertia_ == pytest.approx(-model.score(data), rel=1e-9)


def test_dbscan_models_carry_scikit_learns_fitted_attributes(written, lines):
    model = joblib.load(written / "dbscan" / "model_10_0.7.pkl")
    theirs = make_pipeline(StandardScaler(), DBSCAN(eps=0.7, min_samples=10)).fit(features_of(lines))
    np.testing.assert_array_equal(model[-1].core_sample_indices_, theirs[-1].core_sample_indices_)
    np.testing.assert_allclose(model[-1].components_, theirs[-1].components_, atol=1e-9)
    np.testing.assert_array_equal(model[-1].labels_, theirs[-1].labels_)


def test_the_log_has_the_kits_lines(written):
    for algorithm, last in (("kmeans", "clusters = 30, tol = 0.000010"), ("dbscan", "min_samples = 100, eps = 0.700000")):
        text = (written / "logs" / f"{algorithm}.log").read_text()
        stamp = r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \[INFO\] "
        assert re.search(rf"{stamp}=======> Preprocessing Time : [\d.]+ secs$", text, re.M)
        assert re.search(rf"{stamp}===> Training Time \({re.escape(last)}\) : \d+\.\d{{3}} secs$", text, re.M)
        assert re.search(rf"{stamp}Model saved to .*/{algorithm}/model_.*\.pkl$", text, re.M)
        assert re.search(rf"{stamp}Predictions saved to .*/{algorithm}/pred_.*\.txt$", text, re.M)
        assert re.search(rf"{stamp}Total hyperparameter tuning time : \d+\.\d{{3}} secs$", text, re.M)
        assert len(re.findall("Training Time", text)) == (27 if algorithm == "kmeans" else 9)


def test_intels_run_proves_itself_and_its_models_open_without_its_package(dataset_path, tmp_path, capsys):
    assert analyze(dataset_path, tmp_path, "-a", "dbscan", "-i") == 0
    assert capsys.readouterr().err.count("running accelerated version on CPU") == 9
    assert analyze(dataset_path, tmp_path, "--engine", "intel") == 0
    code = (
        "import sys; sys.modules.update(sklearnex=None, daal4py=None, onedal=None); import joblib, pandas as pd, pathlib; "
        f"folder = pathlib.Path({str(tmp_path)!r}); data = pd.read_csv(folder / 'kmeans/data.csv'); "
        "models = [joblib.load(path) for path in folder.rglob('*.pkl')]; assert len(models) == 36; "
        "[model.predict(data) for model in models if 'kmeans' in model.named_steps]"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


def test_small_features_and_seeded_copies(dataset_path, tmp_path, lines):
    for name, seed in (("first", 4), ("again", 4), ("other", 5)):
        assert analyze(dataset_path, tmp_path / name, "-a", "dbscan", "--use_small_features", "-r", "3", "--seed", str(seed)) == 0
    first, again, other = (pd.read_csv(tmp_path / name / "dbscan" / "data.csv") for name in ("first", "again", "other"))
    assert list(first) == ["Amount", "NumberOfOrders", "Recency"]
    assert first.equals(again)
    assert not first.equals(other)
    plain = features_of(lines)
    assert len(first) == 3 * len(plain)
    added = first["Recency"].to_numpy() - np.repeat(plain["Recency"].to_numpy(), 3)
    assert set(added) == {0, 1, 2, 3, 4}
    customers = pd.read_csv(tmp_path / "first" / "dbscan" / "customers.csv", dtype=str)
    assert customers["customer_id"].tolist() == np.repeat(plain.index, 3).tolist()


def test_without_a_folder_only_the_log_is_written(dataset_path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["analyze", "-a", "dbscan", "--dataset_path", str(dataset_path)]) == 0
    assert list(tmp_path.iterdir()) == []
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Total hyperparameter tuning time" in captured.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-r", "0"], "--repeats must be at least 1"),
        (["--seed", "-1"], "--seed"),
        (["--dataset_path", "missing.csv"], "missing.csv"),
        (["--algo", "hdbscan"], "hdbscan"),
        (["--save_model_dir", "/dev/null"], "cannot be written"),
        (["--logfile", "/dev/null/log"], "cannot be written"),
    ],
)
def test_a_users_error_is_one_line_and_exit_code_2(dataset_path, options, message, capsys):
    assert main(["analyze", "--dataset_path", str(dataset_path), *options]) == 2
    error = [line for line in capsys.readouterr().err.splitlines() if "[INFO]" not in line]
    assert len(error) == 1
    assert message in error[0]


def test_a_log_file_on_a_full_disk_ends_the_command_and_is_named(dataset_path, capsys):
    assert main(["analyze", "--dataset_path", str(dataset_path), "--logfile", "/dev/full"]) == 2
    *_, error = lines = capsys.readouterr().err.splitlines()
    assert error.startswith("segcore: The disk with /dev/full is full (")
    assert all("[INFO]" in line for line in lines[:-1]), lines


def test_too_few_customers_are_an_error(lines, tmp_path, capsys):
    path = tmp_path / "two.csv"
    lines[lines["CustomerID"] < 12_002].to_csv(path, index=False)
    assert main(["analyze", "--dataset_path", str(path)]) == 2
    assert "at least 3 customers" in capsys.readouterr().err


def test_grid_points_beyond_the_customers_are_told_and_break_nothing(lines, tmp_path, capsys):
    path = tmp_path / "few.csv"
    lines[lines["CustomerID"] < 12_012].to_csv(path, index=False)
    assert analyze(path, tmp_path) == 0
    assert "No model for clusters = 30, tol = 0.001000 : n_clusters = 30 is more than the" in capsys.readouterr().err
    assert len(list((tmp_path / "kmeans").glob("*.pkl"))) == 15


def test_ids_of_unequal_length_come_in_the_kits_order_which_is_by_number(lines, tmp_path):
    path = tmp_path / "short.csv"
    lines.assign(CustomerID=(lines["CustomerID"] - 12_000 + 9_950).astype(float)).to_csv(path, index=False)
    assert analyze(path, tmp_path, "-a", "kmeans") == 0
    rows = features_of(lines)
    customers = pd.read_csv(tmp_path / "kmeans" / "customers.csv", dtype=str)["customer_id"]
    assert customers.tolist() == [str(int(customer) - 12_000 + 9_950) for customer in rows.index]
    np.testing.assert_allclose(pd.read_csv(tmp_path / "kmeans" / "data.csv"), rows, atol=1e-9)
    theirs = make_pipeline(StandardScaler(), KMeans(5, tol=1e-3, random_state=0)).fit_predict(rows)
    np.testing.assert_array_equal(np.loadtxt(tmp_path / "kmeans" / "pred_5_0.001.txt", dtype=int), theirs)


@pytest.mark.skipif(
    "SEGCORE_DATA_DIR" not in os.environ, reason="SEGCORE_DATA_DIR is not set: it names a folder with Online Retail's files"
)
def test_on_online_retail_every_labelling_is_the_kits(data_dir, tmp_path):
    path = data_dir / "OnlineRetail.csv.gz"
    rows = features_of(pd.read_csv(path, encoding="latin-1").dropna())
    assert rows.shape == (4256, 21)
    for algorithm in ("kmeans", "dbscan"):
        assert analyze(path, tmp_path, "-a", algorithm) == 0
        np.testing.assert_allclose(pd.read_csv(tmp_path / algorithm / "data.csv"), rows, atol=1e-9)
    for k, tol in K_MEANS:
        theirs = make_pipeline(StandardScaler(), KMeans(k, tol=tol, random_state=0)).fit_predict(rows)
        assert adjusted_rand_score(theirs, np.loadtxt(tmp_path / f"kmeans/pred_{k}_{tol}.txt", dtype=int)) == 1.0
    for m, eps in DENSE:
        theirs = make_pipeline(StandardScaler(), DBSCAN(eps=eps, min_samples=m)).fit_predict(rows)
        np.testing.assert_array_equal(theirs, np.loadtxt(tmp_path / f"dbscan/pred_{m}_{eps}.txt", dtype=int))
