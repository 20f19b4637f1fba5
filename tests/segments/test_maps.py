"""Linear maps of customers: scikit-learn's PCA and the chi-square distribution are the oracles."""

import numpy as np
import pytest
from scipy.stats import chi2
from sklearn.decomposition import PCA
from sklearn.mixture import GaussianMixture

from segcore.clustering.algorithms.gaussian_mixture import project_components
from segcore.features.assemble import assemble
from segcore.features.preparation import apply_preparation, fit_preparation
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.plan import Plan
from segcore.segments.maps.customer_map import Area, CustomerMap, draw_sample, linear_map
from segcore.segments.maps.principal_plane import principal_plane


def table_of(values):
    values = np.asarray(values, dtype=float)
    names = tuple(f"f{at}" for at in range(values.shape[1]))
    entries = tuple(FeatureEntry(name, name, "", "") for name in names)
    ids = np.array([f"c{at:05d}" for at in range(len(values))], dtype=object)
    return FeatureTable(values, names, ids, np.zeros(len(values), np.int32), entries)


def mapped(values, labels, **planned):
    table = table_of(values)
    plan = Plan(table.names, **planned)
    rows = assemble(table, plan).table
    return linear_map(rows, fit_preparation(rows, plan), np.repeat(labels, plan.repeats))


def inside(points, area):
    apart = points - area.mean
    return np.einsum("ij,ij->i", apart @ np.linalg.inv(area.covariance), apart) <= chi2.ppf(0.9, 2)


@pytest.mark.parametrize(("n", "p"), [(300, 2), (300, 7), (6, 40)])
def test_the_plane_is_that_of_scikit_learn_signs_included(n, p):
    draw = np.random.default_rng(n + p)
    X = draw.normal(size=(n, p)) @ draw.normal(size=(p, p)) + 1_000
    plane = principal_plane(X)
    oracle = PCA(2, svd_solver="full").fit(X)
    np.testing.assert_allclose(plane.places, oracle.transform(X), atol=1e-8 * np.abs(plane.places).max())
    np.testing.assert_allclose((X - plane.centre) @ plane.loadings.T, plane.places, atol=1e-8 * np.abs(plane.places).max())
    assert plane.shares == pytest.approx(oracle.explained_variance_ratio_)


def test_values_that_were_clustered_are_mapped_and_not_the_raw_ones():
    draw = np.random.default_rng(0)
    values = draw.normal(size=(200, 3)) * [1, 10, 10_000]
    found = mapped(values, np.zeros(200, int), scaler="standard", weights={"f1": 3.0})
    X = (values - values.mean(axis=0)) / values.std(axis=0) * [1, 3, 1]
    np.testing.assert_allclose(found.places, PCA(2, svd_solver="full").fit_transform(X), atol=1e-9)


def test_an_ellipse_holds_90_percent_of_normally_distributed_customers():
    draw = np.random.default_rng(1)
    points = draw.multivariate_normal([3, -2], [[4, 1.5], [1.5, 1]], 20_000)
    found = mapped(points, np.zeros(20_000, int), scaler="none")
    area = found.areas[0]
    np.testing.assert_allclose(area.covariance, np.cov(found.places.T), rtol=1e-9)
    assert inside(found.places, area).mean() == pytest.approx(0.9, abs=0.01)
    apart = area.ellipse() - area.mean
    distances = np.einsum("ij,ij->i", apart @ np.linalg.inv(area.covariance), apart)
    np.testing.assert_allclose(distances, chi2.ppf(0.9, 2))


def test_two_segments_far_apart_have_means_there_and_ellipses_that_hold_none_of_each_other():
    draw = np.random.default_rng(2)
    labels = np.repeat([0, 3], [120, 80])
    values = draw.normal(size=(200, 5)) + 20 * (labels[:, None] == 3)
    found = mapped(values, labels, scaler="none")
    assert np.linalg.norm(found.areas[0].mean - found.areas[3].mean) == pytest.approx(20 * 5**0.5, rel=0.02)
    assert {label: area.customers for label, area in found.areas.items()} == {0: 120, 3: 80}
    assert not inside(found.places[labels == 0], found.areas[3]).any()
    assert not inside(found.places[labels == 3], found.areas[0]).any()


def test_noise_is_on_the_map_but_has_no_ellipse():
    draw = np.random.default_rng(3)
    labels = np.repeat([-1, 0], [10, 50])
    found = mapped(draw.normal(size=(60, 3)), labels)
    assert list(found.areas) == [0]
    assert (found.labels == -1).sum() == 10 and len(found.shown) == 60


def test_each_customer_is_mapped_once_whatever_the_copies():
    draw = np.random.default_rng(4)
    values, labels = draw.normal(size=(40, 3)) * 50, np.arange(40) % 2
    found = mapped(values, labels, repeats=3, seed=1)
    assert found.customers.tolist() == [f"c{at:05d}" for at in range(40)]
    np.testing.assert_array_equal(found.labels, labels)
    assert found.places.shape == (40, 2)


@pytest.mark.parametrize(
    ("labels", "none"),
    [([0, 0, 0, 1, 1, 2], {1, 2}), ([0, 0, 0, 0, 0, 0], set()), ([-1] * 6, set())],
)
def test_segments_of_fewer_than_three_customers_have_no_ellipse(labels, none):
    found = mapped(np.random.default_rng(5).normal(size=(6, 2)), np.array(labels))
    assert {label for label, area in found.areas.items() if area.ellipse() is None} == none


def test_one_feature_makes_a_line_and_its_ellipses_are_flat():
    found = mapped([[0.0], [1.0], [2.0], [7.0]], np.array([0, 0, 0, 1]))
    assert found.shares == (pytest.approx(1), 0)
    assert not found.places[:, 1].any() and np.isfinite(found.areas[0].ellipse()).all()
    assert (
        found.sentence
        == "The map shows 100 % of the variance of the 1 feature as clustered: 100 % from left to right, 0 % from bottom to top."
    )
    assert found.caution == "Distances on the map are the distances that were clustered."


def test_a_second_component_that_is_rounding_is_nothing():
    line = np.random.default_rng(6).normal(size=(100, 1)) @ np.array([[0.1, 0.3, 0.7]])
    found = mapped(line + 1e3, np.zeros(100, int), scaler="none")
    assert found.shares[1] == 0 and not found.places[:, 1].any()


def test_two_customers_are_two_places():
    found = mapped([[0.0, 1.0], [2.0, 5.0]], np.array([0, 1]), scaler="none")
    assert abs(found.places[0, 0] - found.places[1, 0]) == pytest.approx(20**0.5)
    assert not found.places[:, 1].any()


@pytest.mark.parametrize("values", [[[0.1, 7.0]] * 7, [[3.0]]])
@pytest.mark.parametrize("scaler", ["standard", "none"])
def test_customers_who_are_all_alike_are_in_one_place(values, scaler):
    found = mapped(values, np.zeros(len(values), int), scaler=scaler)
    assert found.shares == (0, 0) and not found.places.any()


def test_values_whose_squares_overflow_are_mapped():
    plane = principal_plane(np.array([[1e200, 0], [-1e200, 1e200], [0, -1e200]]))
    assert np.isfinite(plane.places).all() and sum(plane.shares) == pytest.approx(1)


def test_a_constant_feature_changes_nothing():
    values = np.random.default_rng(7).normal(size=(50, 3))
    with_constant = np.column_stack([values, np.full(50, 0.1)])
    for scaler in ("standard", "none"):
        found, other = (mapped(X, np.zeros(50, int), scaler=scaler) for X in (values, with_constant))
        np.testing.assert_allclose(found.places, other.places, atol=1e-9)


def test_few_customers_are_all_drawn_and_many_by_segment():
    assert draw_sample(np.zeros(5_000, int)).tolist() == list(range(5_000))
    labels = np.repeat([-1, 0, 1, 2], [300, 30_000, 9_670, 30])
    drawn = draw_sample(labels)
    assert (np.diff(drawn) > 0).all() and len(drawn) == 5_000
    noise, large, small, tiny = (int((labels[drawn] == label).sum()) for label in (-1, 0, 1, 2))
    assert tiny == 30 and noise >= 50
    assert large / small == pytest.approx(30_000 / 9_670, rel=0.03)
    np.testing.assert_array_equal(drawn, draw_sample(labels))


def test_many_segments_keep_their_least_customers_in_the_sample():
    labels = np.repeat(np.arange(200), 100)
    assert np.bincount(labels[draw_sample(labels)]).tolist() == [50] * 200


def test_the_sample_changes_what_is_drawn_and_not_where_segments_are():
    labels = np.arange(6_000) % 3
    values = np.random.default_rng(8).normal(size=(6_000, 2)) + labels[:, None]
    found = mapped(values, labels, scaler="none")
    assert len(found.shown) == 5_000 < len(found.places)
    for label in range(3):
        np.testing.assert_allclose(found.areas[label].mean, found.places[labels == label].mean(axis=0))
        assert found.areas[label].customers == 2_000


def test_what_the_map_hides_is_said():
    found = CustomerMap(np.array(["a"]), np.zeros((1, 2)), np.zeros(1, int), (0.5, 0.12), {0: Area(1, np.zeros(2), None)}, np.arange(1), 9)
    assert (
        found.sentence
        == "The map shows 62 % of the variance of the 9 features as clustered: 50 % from left to right, 12 % from bottom to top."
    )
    assert "may still differ in the 38 % of the variance that it does not show" in found.caution


def test_rows_have_every_customer_and_the_names_of_segments():
    found = mapped([[0.0, 1.0], [2.0, 5.0], [1.0, 9.0]], np.array([0, -1, 1]))
    rows = found.rows({0: "Regulars"}).to_pylist()
    assert [list(row) for row in rows] == [["customer_id", "x", "y", "segment", "segment_name"]] * 3
    assert [(row["customer_id"], row["segment"], row["segment_name"]) for row in rows] == [
        ("c00000", 0, "Regulars"),
        ("c00001", -1, "Noise"),
        ("c00002", 1, "Segment 1"),
    ]
    assert [(row["x"], row["y"]) for row in rows] == [tuple(place) for place in found.places.tolist()]


def test_axes_name_the_features_with_the_largest_loadings_and_their_signs():
    draw = np.random.default_rng(10)
    first, second = draw.normal(size=(2, 500))
    values = np.column_stack([3 * first, -2.5 * first, 1.5 * second, 0.3 * draw.normal(size=500)]) + 0.01 * draw.normal(size=(500, 4))
    assert mapped(values, np.zeros(500, int), scaler="none").axes == ("f0 +, f1 −", "f2 +")
    assert mapped([[1.0, 1.0]] * 4, np.zeros(4, int)).axes == ("", "")


@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
def test_the_ellipses_of_a_mixture_are_its_own_components_on_the_plane(kind):
    draw = np.random.default_rng(11)
    labels = np.repeat([0, 1], [300, 200])
    values = draw.normal(size=(500, 4)) @ draw.normal(size=(4, 4)) + 6 * labels[:, None]
    table, plan = table_of(values), Plan(("f0", "f1", "f2", "f3"))
    preparation = fit_preparation(table, plan)
    X = apply_preparation(preparation, values)
    mixture = GaussianMixture(2, covariance_type=kind, random_state=0).fit(X)
    arrays = {"means": mixture.means_, "covariances": mixture.covariances_}

    def components(plane):
        return project_components(arrays, {"covariance_type": kind}, plane.centre, plane.loadings)

    found = linear_map(table, preparation, mixture.predict(X), components=components)
    oracle = PCA(2, svd_solver="full").fit(X)
    mixture.weights_ = np.array([1.0, 0.0])  # so that all are drawn from the first
    drawn = oracle.transform(mixture.sample(200_000)[0])
    assert found.of_mixture
    np.testing.assert_allclose(found.areas[0].mean, drawn.mean(axis=0), atol=0.02)
    np.testing.assert_allclose(found.areas[0].covariance, np.cov(drawn.T), atol=0.03)
    assert sum(area.customers for area in found.areas.values()) == 500
