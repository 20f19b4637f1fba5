import pytest

from segcore.errors import ParameterError
from segcore.records.params import Param

CLUSTERS = Param("n_clusters", "int", 1, None, (2, 3), "Segments", "", "How many segments.")
EPS = Param("eps", "float", 0, 10, (0.5,), "Radius", "", "How far neighbours may be.", low_open=True)


def test_an_axis_is_read_in_the_order_written_and_each_value_once():
    assert CLUSTERS.parse_axis(" 5, 2,5 ,3") == (5, 2, 3)
    assert EPS.parse_axis("1e-3,0.001,1") == (0.001, 1.0)


def test_values_have_the_type_of_their_parameter():
    assert isinstance(CLUSTERS.parse("4"), int)
    assert isinstance(EPS.parse("4"), float)


@pytest.mark.parametrize(
    ("param", "text", "said"),
    [
        (CLUSTERS, "2.5", "n_clusters must be a whole number, got 2.5."),
        (CLUSTERS, "many", "n_clusters must be a whole number, got 'many'."),
        (CLUSTERS, "0", "n_clusters must be at least 1, got 0.0."),
        (CLUSTERS, "nan", "n_clusters must be a finite number, got nan."),
        (EPS, "0", "eps must be greater than 0, got 0.0."),
        (EPS, "11", "eps must be between 0 and 10, got 11.0."),
        (EPS, "inf", "eps must be a finite number, got inf."),
    ],
)
def test_a_value_outside_the_domain_is_refused_with_the_rule_and_the_value(param, text, said):
    with pytest.raises(ParameterError) as error:
        param.parse(text)
    assert str(error.value) == said


def test_an_empty_axis_is_refused():
    with pytest.raises(ParameterError, match="n_clusters needs at least one value"):
        CLUSTERS.parse_axis(" , ")


def test_true_is_not_a_number_of_segments():
    with pytest.raises(ParameterError, match="finite number"):
        CLUSTERS.validate(True)
