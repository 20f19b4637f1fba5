"""Planted changes are found, and nothing is reported where nothing changed."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from segcore.records.grid import point_key
from segcore.segments.maps.customer_map import map_of
from segcore.segments.names import known_names
from segcore.segments.over_time.changes import compare_later
from segcore.segments.over_time.migration import followed_rows, migration_of, new_titles, over_time_document
from segcore.segments.over_time.over_time_records import NOWHERE
from segcore.segments.over_time.verdict import followed_sentences, judge
from segcore.segments.profiles.segment_order import SegmentOrder, colour_places
from segcore.store.store import Store
from segcore.wording.findings import sentence
from tests.segments.over_time.planted import KINDS, MOVERS, earlier, groups, later, periods, read, swept


def segments_of(store, sweep):
    """Return the kept segment that has most of each planted one."""
    labels = np.asarray(store.solution(sweep, 0).labels)
    return [int(np.bincount(labels[(groups() == group) & (labels >= 0)]).argmax()) for group in range(3)]


def followed(home, folder, kind, seed, **fields):
    """Return what was found, with the kept segments of the planted ones."""
    store = Store(home)
    sweep = swept(store, read(folder, earlier(seed), f"then{seed}.csv"), **fields)
    return compare_later(store, sweep, 0, read(folder, later(kind, seed), f"{kind}{seed}.csv")), segments_of(store, sweep)


def is_recovered(kind, found, planted):
    """Tell whether what was found is what was planted, and no more."""
    verdict = judge(found, {})
    codes = {one.code for one in verdict.reasons}
    fates = Counter(fate.kind for fate in found.refit.fates)
    if kind == "nothing":
        return not verdict.changed and fates == {"stayed": 3}
    if kind == "moves":
        from_to = migration_of(found)
        cell = from_to.labels_then.index(planted[0]), from_to.labels_now.index(planted[1])
        gone = int(np.sum(~np.isin(np.arange(MOVERS), [int(one[1:]) for one in found.customers.ids[found.customers.in_both]])))
        return verdict.answer == "keep" and "over_time.sizes" in codes and abs(from_to.customers[cell] - (MOVERS - gone)) <= 3
    if kind == "drift":
        return verdict.changed and [one.name for one in found.drift if one.drifted] == ["age"]
    if verdict.answer != "again":
        return False
    fate = next((fate for fate in found.refit.fates if fate.kind != "stayed"), None)
    if kind == "split":
        return fates == {"stayed": 2, "split": 1} and fate.before == (planted[0],) and len(fate.after) == 2
    return fates == {"stayed": 1, "merged": 1} and set(fate.before) == {planted[1], planted[2]}


def test_segments_that_kept_their_size_are_not_named_among_those_that_changed(home, tmp_path):
    found, planted = followed(home, tmp_path, "moves", 0)
    sizes = next(one for one in judge(found, dict(enumerate("012"))).reasons if one.code == "over_time.sizes")
    unmoved = next(one for one in found.segments if one.label == planted[2])
    assert 0 < abs(unmoved.difference.value) < 0.01
    assert sorted(one["name"] for one in sizes.values["segments"]) == sorted(str(label) for label in planted[:2])


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_planted_is_recovered(kind, home, tmp_path):
    assert is_recovered(kind, *followed(home, tmp_path, kind, 0))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_what_was_planted_is_recovered_in_18_of_20_seeds(kind, home, tmp_path):
    assert sum(is_recovered(kind, *followed(home, tmp_path, kind, seed)) for seed in range(1, 21)) >= 18


def judged(home, folder, seed, **changed):
    """Return the verdict on four segments of a shop's customers, who fall into no groups, in the period after."""
    store = Store(home)
    first, second = periods(seed, **changed)
    sweep = swept(store, read(folder, first, f"first{seed}.csv", kind="transactions"), n_clusters=4)
    return judge(compare_later(store, sweep, 0, read(folder, second, f"second{seed}.csv", kind="transactions")), {})


def test_customers_who_order_more_often_are_noticed_and_those_who_order_as_before_are_not(home, tmp_path):
    assert not judged(home, tmp_path, 0).changed
    assert {one.code for one in judged(home, tmp_path, 0, busier=1.5).reasons} >= {"over_time.sizes", "over_time.drift"}


@pytest.mark.slow
def test_a_shop_in_which_nothing_changed_is_left_alone_in_18_of_20_seeds(home, tmp_path):
    assert sum(not judged(home, tmp_path, seed).changed for seed in range(1, 21)) >= 18


def test_periods_of_different_length_are_cautioned_about_first(home, tmp_path):
    store = Store(home)
    first, second = periods(0, n=200)
    sweep = swept(store, read(tmp_path, first, "first.csv", kind="transactions"))
    both = pd.concat([first, second], ignore_index=True)
    verdict = judge(compare_later(store, sweep, 0, read(tmp_path, both, "both.csv", kind="transactions")), {})
    assert "the later data cover 600 days and the earlier 300 days" in sentence(verdict.reasons[0])


def test_segments_of_a_new_solution_keep_the_names_of_those_that_they_stand_for(home, tmp_path):
    store = Store(home)
    sweep = swept(store, read(tmp_path, earlier(0), "then.csv"))
    point, planted = store.spec(sweep).points[0], segments_of(store, sweep)
    names = dict(zip(planted, ("Cold", "Warm", "*Hot*"), strict=True))
    for label, name in names.items():
        store.name_segment(sweep, f"n_clusters=3,tol=0.0001,n_init={point['n_init']}", label, name)
    refit = compare_later(store, sweep, 0, read(tmp_path, later("split", 0), "later.csv")).refit

    kept = known_names(store, store.sweep(refit.sweep), refit.position).names
    assert sorted(kept[label] for label in refit.partners) == ["*Hot*", "Cold", "Warm"]
    assert set(kept) - set(refit.partners) and kept != names
    assert new_titles(refit, names) == {label: kept[label] if label in refit.partners else f"New segment {label}" for label in kept}
    assert refit.sweep not in store.sweep_ids()  # it is listed once it is used


def test_segments_of_a_new_solution_keep_the_colours_of_those_that_they_stand_for(home, tmp_path):
    store = Store(home)
    sweep = swept(store, read(tmp_path, earlier(0), "then.csv"))
    kept = store.solution(sweep, 0)
    store.keep_segment_colours(sweep, point_key(kept.params), {segments_of(store, sweep)[0]: 7})
    mine = colour_places(SegmentOrder.of(kept.labels, {}).labels, {segments_of(store, sweep)[0]: 7})

    refit = compare_later(store, sweep, 0, read(tmp_path, later("split", 0), "later.csv")).refit

    found = map_of(store, refit.sweep, refit.position).kept_colours
    assert found == {label: mine[of] for label, of in refit.partners.items()} and 7 in found.values()
    places = colour_places(SegmentOrder.of(store.solution(refit.sweep, refit.position).labels, {}).labels, found)
    assert len(set(places.values())) == len(places) == 4


def test_a_document_holds_the_same_as_the_figures_and_is_the_same_again(home, tmp_path):
    found, planted = followed(home, tmp_path, "moves", 0)
    names = dict(enumerate(("A", "B", "C")))
    document = over_time_document(found, names)
    everyone = found.customers
    assert sum(one["customers"] for one in document["migration"]) == len(everyone.ids) == sum(document["customers"].values())
    assert [one["then"] for one in document["segments"]] == [int(np.sum(everyone.then == label)) for label in range(3)]
    assert document["verdict"]["text"] == "Keep these segments: they still fit, but the customers changed."
    assert document["causes"] == {"behaviour": document["moved"], "time": 0, "rows": 0} and document["rows_differ"] is None
    rows = followed_rows(found, names).to_pylist()
    assert len(rows) == len(everyone.ids)
    moved = [row for row in rows if row["cause"]]
    assert len(moved) == document["moved"] and all(row["then_name"] != row["now_name"] for row in moved)
    assert {row["now"] for row in rows if row["status"] == "gone"} == {None}
    assert "are in both data sets" in followed_sentences(found)[0]
    assert any("from" in sentence(one) and f"“{names[planted[0]]}”" in sentence(one) for one in judge(found, names).reasons)


def test_too_few_later_customers_leave_the_segments_unchecked(home, tmp_path):
    store = Store(home)
    sweep = swept(store, read(tmp_path, earlier(0), "then.csv"))
    few = later("nothing", 0).head(2)
    found = compare_later(store, sweep, 0, read(tmp_path, few, "few.csv"))
    assert found.refit is None and "at least 3 customers" in found.no_refit
    assert sentence(judge(found, {}).headline).startswith("Nothing speaks for segmenting again, but")
    assert found.no_refit in followed_sentences(found)[-1]


@pytest.mark.parametrize(
    ("method", "point"),
    [
        ("gaussian_mixture", {"n_components": 3, "covariance_type": "full", "n_init": 2}),
        ("ward", {"n_clusters": 3}),
        ("dbscan", {"eps": 0.5, "min_samples": 8}),
    ],
)
def test_other_algorithms_are_followed_too(method, point, home, tmp_path):
    found, _ = followed(home, tmp_path, "nothing", 0, algorithm=method, point=point)
    assert judge(found, {}).answer == "keep"
    found, _ = followed(home, tmp_path, "merge", 0, algorithm=method, point=point)
    assert judge(found, {}).answer == "again"


def test_customers_who_are_set_aside_are_counted_apart(home, tmp_path):
    found, _ = followed(home, tmp_path, "nothing", 0)
    none = replace(found.customers, status=np.where(found.customers.then == NOWHERE, "aside", found.customers.status))
    assert "set aside" in followed_sentences(replace(found, customers=none))[0]
