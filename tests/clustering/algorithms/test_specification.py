"""What every algorithm says of itself, and what it checks."""

import pytest

from segcore.clustering.algorithms import registry
from segcore.clustering.algorithms.registry import algorithm, algorithms
from segcore.errors import ParameterError
from segcore.records.solution import ENGINES


@pytest.mark.parametrize("spec", algorithms(), ids=lambda spec: spec.name)
class TestEachAlgorithm:
    def test_is_found_by_its_name(self, spec):
        assert algorithm(spec.name) is spec

    def test_its_default_grid_is_valid(self, spec):
        points = spec.default_grid().points()
        assert [spec.validate(point) for point in points] == list(points)

    def test_names_a_points_parameters_in_one_order_however_they_were_given(self, spec):
        point = spec.default_grid().points()[0]
        assert list(spec.validate(dict(reversed(point.items())))) == list(point)

    def test_runs_on_known_engines(self, spec):
        assert spec.engines
        assert set(spec.engines) <= set(ENGINES)

    def test_every_parameter_is_explained(self, spec):
        assert all(param.title and param.help.endswith(".") for param in spec.params)
        assert spec.scoring.words.endswith(".")

    def test_what_it_says_of_itself_names_its_own_parameters_and_criteria(self, spec):
        names = {param.name for param in spec.params}
        assert {spec.judging.size, spec.presentation.mapped_over, spec.radius.param if spec.radius else ""} <= {*names, ""}
        assert spec.judging.by in {"inertia", "silhouette", *(criterion.name for criterion in spec.criteria)}
        assert bool(spec.judging.size) == (spec.judging.by != "silhouette")
        assert all(spec.param(name).validate(value) == value for name, values in spec.benchmark_axes().items() for value in values)


def test_a_registry_put_in_place_of_the_projects_own_holds_for_every_look_up(monkeypatch):
    monkeypatch.setattr(registry, "ALGORITHMS", (registry.algorithm("ward"),))
    assert [spec.name for spec in registry.algorithms()] == ["ward"]
    assert (registry.find_algorithm("kmeans"), registry.criteria()) == (None, ())
    with pytest.raises(ParameterError, match="ward"):
        registry.algorithm("kmeans")


def test_k_means_begins_with_2_to_12_segments_and_ten_starts():
    assert dict(algorithm("kmeans").default_grid().axes) == {"n_clusters": tuple(range(2, 13)), "tol": (1e-4,), "n_init": (10,)}


def test_the_benchmarks_grids_are_the_intel_kits():
    kmeans, dbscan = algorithm("kmeans").benchmark_grid(), algorithm("dbscan").benchmark_grid()
    assert len(kmeans) == 27
    assert dict(kmeans.axes) == {"n_clusters": (2, 3, 4, 5, 10, 15, 20, 25, 30), "tol": (1e-3, 1e-4, 1e-5)}
    assert dict(dbscan.axes) == {"min_samples": (10, 50, 100), "eps": (0.3, 0.5, 0.7)}


def test_axes_that_are_not_named_keep_their_defaults():
    spec = algorithm("kmeans")
    assert dict(spec.parse_grid(["n_clusters=2, 3"]).axes) == {"n_clusters": (2, 3), "tol": (1e-4,), "n_init": (10,)}
    assert dict(spec.parse_grid(["n_clusters=2, 3"], benchmark=True).axes) == {"n_clusters": (2, 3), "tol": (1e-3, 1e-4, 1e-5)}
    assert dict(spec.grid_with({"tol": [0.01]}).axes) == {"n_clusters": tuple(range(2, 13)), "tol": (0.01,), "n_init": (10,)}


def test_a_point_may_lack_what_scikit_learn_has_a_default_for():
    assert algorithm("kmeans").validate({"n_clusters": 3, "tol": 0.001}) == {"n_clusters": 3, "tol": 0.001}
    with pytest.raises(ParameterError, match="also needs tol"):
        algorithm("kmeans").validate({"n_clusters": 3})
    assert "reg_covar" not in dict(algorithm("gaussian_mixture").default_grid().axes)
    assert dict(algorithm("gaussian_mixture").parse_grid(["reg_covar=0.1"]).axes)["reg_covar"] == (0.1,)


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        (["n_clusters"], "name=value"),
        (["clusters=2"], "n_clusters, tol, n_init"),
        (["n_clusters=2", "n_clusters=3"], "twice"),
        (["n_clusters=0"], "at least 1"),
        (["n_clusters=2.5"], "whole number"),
        (["n_clusters="], "at least one value"),
        (["tol=-1"], "at least 0"),
        (["tol=nan"], "finite"),
    ],
)
def test_a_bad_axis_is_an_error_that_says_what_is_wrong(axes, message):
    with pytest.raises(ParameterError, match=message):
        algorithm("kmeans").parse_grid(axes)


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ({"eps": 0.0, "min_samples": 5}, "greater than 0"),
        ({"eps": 0.5}, "needs min_samples"),
        ({"eps": 0.5, "min_samples": 5, "tol": 1.0}, "min_samples, eps"),
        ({"eps": float("inf"), "min_samples": 5}, "finite"),
        ({"eps": 0.5, "min_samples": True}, "finite number"),
    ],
)
def test_a_bad_point_is_an_error_that_says_what_is_wrong(point, message):
    with pytest.raises(ParameterError, match=message):
        algorithm("dbscan").validate(point)


def test_an_unknown_algorithm_is_an_error_that_names_those_there_are():
    with pytest.raises(ParameterError, match="kmeans, minibatch_kmeans, gaussian_mixture, .*dbscan"):
        algorithm("spectral")


def test_a_grid_of_more_points_than_anybody_reads_is_refused_before_they_are_made():
    axes = [f"n_clusters={','.join(map(str, range(2, 402)))}", f"tol={','.join(f'{i}e-9' for i in range(1, 6_001))}"]
    with pytest.raises(ParameterError, match=r"The grid has 2,400,000 points, but at most 10,000 are allowed: give fewer values\."):
        algorithm("kmeans").parse_grid(axes)
