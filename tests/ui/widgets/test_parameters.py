import pytest

from segcore.clustering.algorithms.registry import algorithm, algorithms
from ui.widgets.parameters import as_range, axis_words, values_text


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((2, 3, 4), (2, 4, 1)),
        ((2, 5, 8), (2, 8, 3)),
        ((7,), (7, 7, 1)),
        ((2, 3, 5), None),
        ((4, 3, 2), None),
        ((1, 2, 3), None),
        ((2, 60), None),
        ((10, 20, 30), (10, 30, 10)),
        ((2, 30), None),
        ((), None),
        ((0.5, 1.5), None),
    ],
)
def test_a_slider_shows_only_what_it_can_give_back(values, expected):
    assert as_range(values) == expected
    if expected:
        first, last, step = expected
        assert tuple(range(first, last + 1, step)) == values


@pytest.mark.parametrize("spec", algorithms(), ids=lambda spec: spec.name)
def test_what_a_field_shows_reads_back_as_the_same_values(spec):
    for param in spec.params:
        for values in (param.default, param.benchmark):
            if values:
                assert param.parse_axis(values_text(values)) == values


def test_an_axis_is_said_as_a_range_where_it_is_one():
    param = algorithm("kmeans").param("n_clusters")
    assert axis_words(param, (2, 3, 4)) == "number of segments 2 to 4"
    assert axis_words(param, (2, 4, 6)) == "number of segments 2 to 6 by 2"
    assert axis_words(param, (2, 3)) == "number of segments 2, 3"
