import numpy as np
import pytest

from segcore.errors import DataError
from segcore.records.estimate import wilson_interval
from segcore.targets.buyers.selected_customers import halve, measure_selection, require_buyers


def test_a_selection_is_counted_by_hand():
    bought = np.arange(20) < 5
    selected = (np.arange(20) >= 2) & (np.arange(20) < 6)  # three of the five buyers and one other
    found = measure_selection(selected, bought)
    assert (found.customers, found.buyers) == (4, 3)
    assert (found.support.value, found.precision.value, found.recall.value, found.lift.value) == (0.2, 0.75, 0.6, 3.0)
    assert (found.precision.low, found.precision.high) == wilson_interval(0.75, 4)
    assert (found.lift.low, found.lift.high) == pytest.approx([4 * end for end in wilson_interval(0.75, 4)])
    assert (found.recall.sample_size, found.support.sample_size) == (5, 20)


def test_a_selection_of_nobody_has_no_precision_and_no_lift():
    found = measure_selection(np.zeros(20, bool), np.arange(20) < 5)
    assert (found.precision.value, found.lift.value, found.recall.value, found.support.value) == (None, None, 0.0, 0.0)
    assert found.to_json()["lift"]["reason"]


@pytest.mark.parametrize(
    ("buyers", "words"),
    [
        (0, "but 0 of 500 customers are buyers: choose other products or another period."),
        (1, "but 1 of 500 customers is a buyer"),
        (3, "but 3 of 500 customers are buyers"),
        (500, "but 500 of 500 customers are buyers"),
    ],
)
def test_too_few_of_either_end_in_a_sentence(buyers, words):
    with pytest.raises(DataError, match=f"^Describing buyers takes at least 10 buyers and 10 other customers, {words}"):
        require_buyers(np.arange(500) < buyers)


def test_ten_of_either_are_enough():
    require_buyers(np.arange(20) < 10)


def test_rows_of_one_customer_are_on_one_side():
    owners = np.repeat([f"c{at:02}" for at in range(40)], 3).astype(object)
    bought = np.arange(120) % 30 == 0
    fitted, held_out = halve(bought, seed=1, most=120, owners=owners)
    assert not set(owners[fitted]) & set(owners[held_out]) and len(fitted) + len(held_out) == 120
    assert bought[fitted].sum() == bought[held_out].sum() == 2
    assert len(halve(bought, seed=1, most=20, owners=owners)[0]) == 20
