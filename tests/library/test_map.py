"""Maps from a script: those that keep neighbours together are made once, by a job, for all solutions of a sweep."""

from dataclasses import replace

import numpy as np
import pytest

import segcore
from segcore import jobs
from segcore.segments.maps.stored_layout import known_layout, layout_key, rows_digest


@pytest.fixture
def made(sweep):
    sweep.points[0].map("tsne")
    return sweep


def test_all_solutions_have_one_layout_which_is_never_made_again(made, monkeypatch):
    monkeypatch.setattr("segcore.jobs.start_task", None)
    first, second = (point.map("tsne") for point in made.points)
    np.testing.assert_array_equal(first.record.places, second.record.places)
    assert first.shares is None and first.record.areas == {} and "t-SNE" in repr(first)
    assert first.table["segment"].nunique() == 2 and second.table["segment"].nunique() == 3
    found = first.plot("Recency")
    assert found.layout.coloraxis.colorbar.title.text == "Recency (days)"


def test_sweeps_of_the_same_rows_share_it_and_others_do_not(made):
    def asked(planned=None, **spec):
        plan = replace(made.record.spec.plan, **(planned or {}))
        return replace(made.record, id="other", spec=replace(made.record.spec, plan=plan, **spec))

    assert known_layout(made.store, asked(algorithm="ward", points=({"n_clusters": 2},)), "tsne") is not None
    assert known_layout(made.store, asked({"seed": 5}), "tsne") is not None
    assert known_layout(made.store, asked(table="another"), "tsne") is None
    assert known_layout(made.store, asked({"outliers": "kit"}), "tsne") is None
    # Copies are jittered by the seed, the first one too.
    assert rows_digest(asked({"repeats": 2, "seed": 1})) != rows_digest(asked({"repeats": 2, "seed": 2}))
    scaled = replace(asked(), preparation=replace(made.record.preparation, scale=(1.0, 1.0, 1.0)))
    assert known_layout(made.store, scaled, "tsne") is None


def test_a_lost_file_is_made_again(made):
    record = made.store.intake(layout_key(made.record, "tsne"))
    made.store.object_path(record["places"]).unlink()
    before = made.points[0].map().table["customer_id"].tolist()
    assert made.points[0].map("tsne").table["customer_id"].tolist() == before


def test_too_few_different_customers_are_one_sentence_and_no_traceback(tmp_path):
    path = tmp_path / "customers.csv"
    path.write_text("id,age,spend\n" + "".join(f"{number},{20 + number % 3},{number % 3 * 7}\n" for number in range(30)))
    point = segcore.load(path, kind="customers").plan().sweep(n_clusters=2, evidence="none").points[0]
    with pytest.raises(segcore.SegcoreError) as raised:
        point.map("umap")
    assert str(raised.value) == (
        "A UMAP map needs at least 4 customers who differ, but there are only 3: use the map of principal components."
    )
    assert jobs.list_jobs(point.store, 1)[0].title == "UMAP map of customers.csv"


def test_an_unknown_method_and_what_is_no_region_are_refused(sweep):
    point = sweep.points[0]
    with pytest.raises(segcore.ParameterError, match="Unknown method 'tnse'"):
        point.map("tnse")
    with pytest.raises(segcore.ParameterError, match="at least three corners"):
        point.map().inside([(0, 0), (1, 1)])


def test_customers_inside_a_region_can_be_exported(sweep, tmp_path):
    point = sweep.points[1]
    found = point.map()
    middle = found.table["x"].median()
    inside = found.inside([(middle, -99), (99, -99), (99, 99), (middle, 99)])
    expected = found.table[found.table["x"] > middle]
    assert set(inside["customer_id"]) == set(expected["customer_id"]) and 0 < len(inside) < 30
    document = point.export(tmp_path / "selected.csv", customers=inside["customer_id"])
    assert document["rows"] == len(inside)
    lines = (tmp_path / "selected.csv").read_text().splitlines()
    assert [line.split(",")[0].strip('"') for line in lines[1:]] == sorted(inside["customer_id"])
