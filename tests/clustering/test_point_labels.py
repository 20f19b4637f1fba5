import pytest

from segcore.clustering.algorithms.registry import algorithms
from segcore.clustering.point_labels import axis_label, grid_label, point_label


@pytest.mark.parametrize(
    ("algorithm", "point", "words"),
    [
        ("kmeans", {"n_clusters": 1, "tol": 1e-05}, "1 segment, tol 1e-05"),
        ("gaussian_mixture", {"n_components": 2, "covariance_type": "full", "n_init": 3}, "2 components, shape full, 3 starts"),
        ("dbscan", {"min_samples": 10, "eps": 2.0}, "10 neighbours, eps 2"),
        ("hdbscan", {"min_cluster_size": 25, "min_samples": 1}, "smallest segment 25, 1 neighbour"),
        ("minibatch_kmeans", {"n_clusters": 4, "batch_size": 1024}, "4 segments, batch 1024"),
    ],
    ids=str,
)
def test_points_read_as_people_say_them(algorithm, point, words):
    assert point_label(algorithm, point) == words


@pytest.mark.parametrize("spec", algorithms(), ids=lambda spec: spec.name)
def test_no_parameter_is_called_by_a_name_with_an_underscore(spec):
    assert "_" not in point_label(spec.name, {param.name: (param.default or param.choices or (2,))[0] for param in spec.params})


def test_a_grid_reads_as_its_axes():
    points = [{"n_components": k, "covariance_type": shape} for k in (1, 2, 3) for shape in ("full", "tied", "diag")]
    assert grid_label("gaussian_mixture", points) == "1 to 3 components and shape full, tied or diag"
    assert grid_label("kmeans", []) == ""
    assert axis_label("kmeans", "tol", [0.001, 0.0001]) == "tol 0.001 or 0.0001"
    assert axis_label("kmeans", "n_clusters", [2, 5]) == "2 or 5 segments"
