"""The command line with a parameter that is a word: a sweep of mixtures, its table, its export, and the engines' times."""

import json

import numpy as np
import pandas as pd
import pytest

from segcore.cli import main


@pytest.fixture
def customers(tmp_path):
    """Return a file with one row a customer: three clouds, one of them stretched."""
    dice = np.random.default_rng(0)
    middles = np.repeat([[0.0, 0.0], [12.0, 0.0], [0.0, 12.0]], 60, axis=0)
    values = middles + dice.normal(size=middles.shape) * [1.0, 2.0]
    file = tmp_path / "customers.csv"
    frame = pd.DataFrame({"customer_id": [f"{row:05d}" for row in range(180)], "height": values[:, 0], "width": values[:, 1]})
    frame.to_csv(file, index=False)
    return file


def asked(command, customers, *options):
    grid = ("--grid", "n_components=1,2,3,4", "--grid", "n_init=1", "--grid", "covariance_type=Full, diag")
    return [command, str(customers), "--kind", "customers", "--role", "customer=customer_id", "--algo", "gaussian_mixture", *grid, *options]


def test_the_lowest_bic_is_described_and_the_table_shows_it(customers, capsys):
    assert main(asked("sweep", customers)) == 0
    shown = capsys.readouterr().out
    head = next(line for line in shown.splitlines() if line.startswith("solution"))
    assert head.split()[-5:] == ["BIC", "AIC", "fit", "s", "sizes"]
    assert "BIC is lowest at 3 components, shape diag, 1 start (" in shown
    assert "computed by shared" in shown


def test_k_means_has_no_such_columns(customers, capsys):
    options = ["--kind", "customers", "--role", "customer=customer_id", "--grid", "n_clusters=2,3", "--grid", "tol=1e-4"]
    assert main(["sweep", str(customers), "--algo", "kmeans", *options]) == 0
    assert "BIC" not in capsys.readouterr().out


def test_a_point_is_exported_by_its_name_and_its_components_are_on_its_map(customers, capsys, tmp_path):
    assert main(asked("sweep", customers, "--json")) == 0
    document = json.loads(capsys.readouterr().out)
    assert [point["params"]["covariance_type"] for point in document["points"]] == ["full", "diag"] * 4
    file = tmp_path / "segments.csv"
    assert main(["export", document["sweep"][:12], "--point", "n_components=3,covariance_type=diag", "--out", str(file)]) == 0
    assert pd.read_csv(file, comment=None)["segment"].nunique() == 3
    page = tmp_path / "map.html"
    assert main(["map", document["sweep"][:12], "--point", "n_components=3,covariance_type=diag", "--out", str(page)]) == 0
    assert "90 % of the customers of a component of the mixture" in page.read_text()


def test_a_shape_that_there_is_not_is_an_error_that_names_those_there_are(customers, capsys):
    assert main([*asked("sweep", customers)[:-1], "covariance_type=round"]) == 2
    assert "choose one of full, tied, diag, spherical" in capsys.readouterr().err
