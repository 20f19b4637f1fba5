"""What is asked of features of taste."""

import pytest

from segcore.errors import ParameterError
from segcore.records.intake import DataRequest
from segcore.records.taste import Taste


def test_a_request_with_taste_survives_json():
    request = DataRequest("r.csv", taste=Taste("category", "tfidf", "nmf", "auto", 2, 3, 4))

    assert DataRequest.from_json(request.to_json()) == request
    assert DataRequest.from_json(DataRequest("r.csv").to_json()).taste is None


@pytest.mark.parametrize(
    "wrong",
    [{"of": "brand"}, {"matrix": "dense"}, {"components": "ica"}, {"n": 0}, {"n": 201}, {"n": 2.0}, {"least_items": 0}, {"seed": -1}],
)
def test_a_field_outside_its_domain_is_refused(wrong):
    with pytest.raises(ParameterError):
        Taste(**wrong)
