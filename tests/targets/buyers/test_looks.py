import numpy as np
import pytest

from segcore.errors import DataError
from segcore.records.target_question import TargetQuestion, TargetsAnswer
from segcore.store.store import Store
from segcore.targets.buyers.looks import known_look, look_key, make_look


@pytest.fixture
def asked(tmp_path):
    store = Store(tmp_path)
    draw = np.random.default_rng(0)
    values = draw.normal(size=(120, 3)) + np.repeat([[0], [12]], 60, axis=0)
    parts = {"map_values": store.put_array(values), "contributions": store.put_array(values)}
    question = TargetQuestion(promote="department", value="MEAT", budget=5)
    return store, TargetsAnswer(question, "shop", {}, (), "list", parts)


def test_components_are_laid_out_once_and_groups_stay_together(asked):
    store, answer = asked
    assert known_look(store, answer, "components") is None
    shares = []
    places = make_look(store, answer, "components", shares.append)
    assert places.shape == (120, 2) and shares[-1] == 1
    first, second = places[:60], places[60:]
    apart = np.linalg.norm(first.mean(axis=0) - second.mean(axis=0))
    assert apart > 2 * max(np.linalg.norm(part - part.mean(axis=0), axis=1).mean() for part in (first, second))
    assert np.array_equal(known_look(store, answer, "components"), places)
    assert np.array_equal(make_look(store, answer, "components"), places)


def test_each_map_has_its_own_key_and_a_lost_one_is_made_again(asked):
    store, answer = asked
    assert look_key(answer, "components") != look_key(answer, "groups")
    places = make_look(store, answer, "components")
    record = store.intake(look_key(answer, "components"))
    store.object_path(record["places"]).unlink()
    assert known_look(store, answer, "components") is None
    assert np.array_equal(make_look(store, answer, "components"), places)


def test_customers_who_are_all_alike_have_no_map(asked):
    store, answer = asked
    alike = TargetsAnswer(answer.question, "shop", {}, (), "list", {"map_values": store.put_array(np.zeros((9, 2)))})
    with pytest.raises(DataError, match="at least 4 customers who differ"):
        make_look(store, alike, "components")
