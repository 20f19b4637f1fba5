"""Drivers of segments: planted rules, shuffled labels and LightGBM's own log-odds are the oracles."""

from dataclasses import replace

import numpy as np
import pytest

from segcore.errors import ParameterError
from segcore.prediction.classifier import fit_classifier
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.segments.drivers import fit
from segcore.segments.drivers.fit import find_drivers
from segcore.wording.findings import sentence

REGIONS = ("north", "south", "west")


def table_of(columns, kinds=()):
    entries = tuple(
        FeatureEntry(name, name.title(), unit, "", kind=kind, block="region" if kind == "dummy" else "")
        for name, unit, kind in (
            *((name, "days", "number") for name in columns if name not in dict(kinds)),
            *((n, "", k) for n, k in kinds),
        )
    )
    values = np.column_stack([columns[entry.name] for entry in entries]).astype(float)
    ids = np.array([f"c{at:06d}" for at in range(len(values))], dtype=object)
    return FeatureTable(values, tuple(entry.name for entry in entries), ids, np.zeros(len(values), np.int32), entries)


@pytest.fixture(scope="module")
def planted():
    """Return 900 customers whose segment is decided by recency (0: long ago), else by being from the north (1), and noise features."""
    draw = np.random.default_rng(0)
    region = draw.integers(0, 3, 900)
    columns = {"recency": draw.uniform(0, 365, 900), "other": draw.normal(size=900), "spend": draw.normal(size=900)}
    columns |= {name: region == at for at, name in enumerate(REGIONS)}
    labels = np.where(columns["recency"] > 250, 0, np.where(region == 0, 1, 2))
    table = table_of(columns, [(name, "dummy") for name in REGIONS])
    return table, labels, find_drivers(table, labels)


def test_the_planted_drivers_are_found_with_their_direction(planted):
    _, _, found = planted
    assert [feature.name for feature in found.features] == ["recency", "other", "spend", "region"]
    long_ago = found.explained(0)
    assert long_ago.features[long_ago.order[0]].name == "recency" and long_ago.direction_text(int(long_ago.order[0])) == "high"
    assert long_ago.contributions.importance[0] > 5 * long_ago.contributions.importance[1:].max()
    north = found.explained(1)
    assert {north.features[at].name for at in north.order[:2]} == {"recency", "region"}
    assert north.direction_text(3) == "North" and north.direction_text(0) == "low" and north.direction(3) is None
    assert "What speaks for it most: " in found.sentence(1, {1: "Northerners"})
    assert found.sentence(1, {1: "Northerners"}).count("“Northerners”") == 1


def test_held_out_accuracy_is_near_perfect_where_the_rule_is_in_the_features(planted):
    _, labels, found = planted
    for one in found.segments:
        assert one.auc.value > 0.99 and one.accuracy.balanced.value > 0.97 and one.problem is None
        assert one.customers == (labels == one.label).sum()
        low, value, high = one.accuracy.balanced.low, one.accuracy.balanced.value, one.accuracy.balanced.high
        assert 0.5 < low < value <= high <= 1


def test_base_and_values_of_columns_and_of_grouped_categories_add_up_to_the_raw_log_odds(planted):
    table, labels, found = planted
    for label in (0, 1, 2):
        raw = fit_classifier(table.values, labels == label).log_odds
        np.testing.assert_allclose(found.find(label).contributions.log_odds, raw, rtol=0, atol=1e-6)


def test_shuffled_labels_are_not_predicted_and_it_is_said_before_anything_is_explained(planted):
    table, labels, _ = planted
    found = find_drivers(table, np.random.default_rng(1).permutation(labels))
    for one in found.segments:
        assert 0.4 < one.auc.value < 0.6 and one.problem.code == "drivers.not_predicted"
        said = found.sentence(one.label, {})
        assert said.startswith("The features do not predict who is in this segment (AUC 0.") and "What speaks" not in said
    assert not any(found.importance_rows({})["predicted"].to_pylist())


def test_of_many_customers_a_sample_is_fitted_in_which_small_segments_count(monkeypatch):
    assert fit.MOST_CUSTOMERS == 10_000
    monkeypatch.setattr(fit, "MOST_CUSTOMERS", 1_000)  # fitting to 10,000 takes seconds
    draw = np.random.default_rng(2)
    labels = np.repeat([0, 1, 2], [1_100, 380, 120])
    table = table_of({"a": draw.normal(size=1_600) + 4 * labels, "b": draw.normal(size=1_600)})
    found = find_drivers(table, labels)
    assert len(found.customers) == len(found.values) == 1_000 and found.n_customers == 1_600
    assert [one.customers for one in found.segments] == np.bincount(found.labels).tolist() and found.segments[2].customers >= 100
    np.testing.assert_array_equal(labels[[int(one[1:]) for one in found.customers]], found.labels)
    assert {note.code for note in found.notes} == {"drivers.sampled", "drivers.few_features"}


def test_of_wide_tables_fewer_customers_are_sampled(monkeypatch):
    monkeypatch.setattr(fit, "_MOST_CELLS", 800)
    monkeypatch.setattr(fit, "_FEWEST", 100)
    draw = np.random.default_rng(2)
    found = find_drivers(table_of({"a": draw.normal(size=900), "b": draw.normal(size=900)}), np.arange(900) % 2)
    assert len(found.customers) == 400


def test_what_has_no_drivers_says_why_and_noise_is_among_the_rest():
    draw = np.random.default_rng(3)
    labels = np.repeat([-1, 0, 1], [40, 100, 6])
    found = find_drivers(table_of({"a": draw.normal(size=146) + 9 * labels, "b": draw.normal(size=146), "c": np.ones(146)}), labels)
    assert [(one.label, one.problem and one.problem.code) for one in found.segments] == [
        (0, None),
        (1, "drivers.few_customers"),
        (-1, "drivers.noise"),
    ]
    assert sentence(found.find(1).problem) == "The segment has 6 customers, and a model needs at least 10: choose a larger segment."
    with pytest.raises(ParameterError, match="Noise is not a segment"):
        found.explained(-1)
    with pytest.raises(ParameterError, match="There is no segment 7: choose one of 0, 1"):
        found.find(7)
    assert found.explained(0).contributions.importance[2] == 0 and found.explained(0).direction_text(2) == ""


@pytest.mark.parametrize(("label", "said"), [(0, "All customers are in one segment"), (-1, "All customers are noise")])
def test_one_segment_is_one_clear_sentence(label, said):
    with pytest.raises(ParameterError, match=said):
        find_drivers(table_of({"a": np.arange(50.0)}), np.full(50, label))


def test_a_segment_of_thirty_customers_is_told_apart():
    draw = np.random.default_rng(4)
    labels = np.repeat([0, 1], [30, 30])
    found = find_drivers(table_of({"a": draw.normal(size=60) + 8 * labels, "b": draw.normal(size=60)}), labels)
    assert found.find(0).auc.value > 0.95 and found.find(0).auc.low < found.find(0).auc.value
    assert found.find(0).problem is None


def test_only_the_largest_segments_of_very_many_are_explained(monkeypatch):
    monkeypatch.setattr(fit, "MOST_SEGMENTS", 1)
    draw = np.random.default_rng(5)
    labels = np.repeat([0, 1, 2], [40, 60, 30])
    found = find_drivers(table_of({"a": draw.normal(size=130) + 8 * labels, "b": draw.normal(size=130)}), labels)
    assert [(one.label, one.reason and one.reason.code) for one in found.segments] == [
        (1, None),
        (0, "drivers.beyond"),
        (2, "drivers.beyond"),
    ]


def test_jittered_copies_are_counted_once(planted):
    table, labels, _ = planted
    twice = table.take(np.repeat(np.arange(900), 2))
    twice = replace(twice, copies=np.tile(np.arange(2, dtype=np.int32), 900))
    found = find_drivers(twice, np.repeat(labels, 2))
    assert len(found.customers) == found.n_customers == 900 and len(set(found.customers)) == 900


def test_progress_is_reported_for_each_fold_and_explanation(planted):
    table, labels, _ = planted
    seen = []
    find_drivers(table, np.minimum(labels, 1), progress=seen.append)
    assert seen[-1] == max(seen) == 1 and min(seen) > 0 and len(seen) == 2 * (5 + 1)
