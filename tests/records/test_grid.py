import pytest
from hypothesis import given
from hypothesis import strategies as st

from segcore.errors import ParameterError
from segcore.records.grid import Grid, axes_of, find_point, parse_point, point_key

NUMBERS = st.integers(-1000, 1000) | st.floats(allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e6)
POINTS = st.dictionaries(st.from_regex(r"[a-z_]{1,12}", fullmatch=True), NUMBERS, min_size=1, max_size=4)


def test_points_come_in_the_order_asked_the_last_axis_fastest():
    grid = Grid.from_mapping({"n_clusters": [3, 2, 3], "tol": [1e-3, 1e-5]})
    assert [point_key(point) for point in grid.points()] == [
        "n_clusters=3,tol=0.001",
        "n_clusters=3,tol=1e-05",
        "n_clusters=2,tol=0.001",
        "n_clusters=2,tol=1e-05",
    ]
    assert len(grid) == 4
    assert axes_of(grid.points()) == {"n_clusters": [2, 3], "tol": [1e-5, 1e-3]}


@given(POINTS)
def test_a_points_name_reads_back_as_the_point(point):
    read = parse_point(point_key(point))
    assert read == point
    assert [type(value) for value in read.values()] == [type(value) for value in point.values()]


@given(st.lists(POINTS, min_size=1, max_size=5, unique_by=point_key))
def test_every_point_is_found_by_its_own_name_unless_another_extends_it(points):
    for position, point in enumerate(points):
        extended = [other for other in points if all(other.get(name) == value for name, value in point.items())]
        if len(extended) == 1:
            assert find_point(points, point) == position


def test_a_point_may_leave_out_what_only_one_value_has():
    points = [{"n_clusters": 2, "tol": 0.001}, {"n_clusters": 3, "tol": 0.001}]
    assert find_point(points, {"n_clusters": 3}) == 1
    with pytest.raises(ParameterError, match=r"2 solutions of the sweep have tol=0\.001: name the other parameters too"):
        find_point(points, {"tol": 0.001})
    with pytest.raises(ParameterError, match=r"has no solution with n_clusters=9\. It has n_clusters = 2, 3; tol = 0\.001\."):
        find_point(points, {"n_clusters": 9})


@pytest.mark.parametrize(
    "text",
    ["", "n_clusters", "n_clusters=", "=5", "n_clusters=5 five", "n_clusters=5;tol=1", "n_clusters=inf", "n_clusters=nan", "tol=1e999"],
)
def test_what_is_no_point_is_refused_with_an_example(text):
    with pytest.raises(ParameterError, match="such as n_clusters=5,tol=0.001"):
        parse_point(text)


def test_a_point_with_two_values_of_one_parameter_is_refused():
    with pytest.raises(ParameterError, match="n_clusters appears twice in 'n_clusters=2,n_clusters=3'"):
        parse_point("n_clusters=2,n_clusters=3")
