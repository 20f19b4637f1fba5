"""Gathering evidence: each piece once, whatever happens in between, and what the pieces say together."""

import json
import time
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from segcore.errors import StoreError
from segcore.features.preparation import blocks_of
from segcore.sweeps.document import sweep_document
from segcore.sweeps.evidence import gather as module
from segcore.sweeps.evidence.gather import gather
from segcore.sweeps.evidence.placebo_rows import PlaceboRows
from segcore.sweeps.prepared import prepare
from segcore.system.cores import in_threads

PARTS = ("placebo", "stability", "prediction_strength", "describability")


@pytest.fixture(autouse=True)
def _few(few, monkeypatch):
    """Gather few pieces in every test, one by one."""
    monkeypatch.setattr(module, "usable_cores", lambda: 1)


@pytest.fixture
def computed(monkeypatch):
    """Return the number of times that each piece was computed."""
    counts = Counter()

    def counted(part):
        real = getattr(module._Work, f"_{part}")

        def count(self, number, threads):
            counts[part, number] += 1
            return real(self, number, threads)

        monkeypatch.setattr(module._Work, f"_{part}", count)

    for part in ("observed", "placebo", "resample", "split", "description"):
        counted(part)
    return counts


@pytest.fixture
def failing(monkeypatch):
    """Return a function that has some resamples raise an error."""
    real = module.resampled_jaccards

    def fail(error, numbers):
        def resampled(*rows, number, **options):
            if number in numbers:
                raise error
            return real(*rows, number=number, **options)

        monkeypatch.setattr(module, "resampled_jaccards", resampled)

    return fail


def rows_of(store, sweep_id):
    query = "select part, number, rowid, record from evidence where sweep = ? and record is not null"
    return {(part, number): (rowid, record) for part, number, rowid, record in store._rows(query, sweep_id)}


ALL = [
    ("observed", 0),
    *(("placebo", number) for number in range(4)),
    *(("resample", number) for number in range(3)),
    *(("split", number) for number in range(2)),
    *(("description", position) for position in range(3)),
]


def test_every_piece_is_computed_once_and_stored(store, swept, computed):
    sweep_id, begun = swept(), []
    gather(store, sweep_id, "all", begin=begun.append)
    assert computed == dict.fromkeys(ALL, 1)
    stored = rows_of(store, sweep_id)
    assert set(stored) == set(ALL)
    assert begun == [13]
    evidence = store.sweep(sweep_id).evidence
    assert (evidence.level, evidence.placebos, evidence.resamples, evidence.splits, evidence.reason) == ("all", 4, 3, 2, None)
    assert [point.reasons for point in evidence.points] == [{}] * 3
    gather(store, sweep_id, "all")
    assert computed == dict.fromkeys(ALL, 1)
    assert rows_of(store, sweep_id) == stored


def test_pieces_side_by_side_are_those_one_by_one(store, swept, computed, monkeypatch):
    sweep_id = swept()
    gather(store, sweep_id, "all")
    alone = {piece: record for piece, (_, record) in rows_of(store, sweep_id).items()}
    store._rows("delete from evidence where sweep = ?", sweep_id)
    threads = []
    monkeypatch.setattr(module, "usable_cores", lambda: 2)
    monkeypatch.setattr(module, "in_threads", lambda tasks: threads.append(len(tasks)) or in_threads(tasks))
    gather(store, sweep_id, "all")
    assert threads == [1, 2, 2, 2, 1, 2, 2, 1]
    together = {piece: record for piece, (_, record) in rows_of(store, sweep_id).items()}
    assert {piece: json.loads(record) for piece, record in together.items() if piece[0] != "placebo"} == {
        piece: json.loads(record) for piece, record in alone.items() if piece[0] != "placebo"
    }
    for number in range(4):  # sums of distances in another order differ in the last digit
        values = [json.loads(records["placebo", number])["silhouettes"] for records in (together, alone)]
        assert values[0] == pytest.approx(values[1], abs=1e-12)


def test_after_a_death_each_of_the_pieces_at_work_is_tried_alone(store, swept, monkeypatch):
    sweep_id, groups = swept(), []
    for number in (0, 1):
        store.begin_evidence(sweep_id, "placebo", number)
    monkeypatch.setattr(module, "usable_cores", lambda: 2)
    real = module._Work.do
    monkeypatch.setattr(module._Work, "do", lambda self, group: groups.append(list(group)) or real(self, group))
    gather(store, sweep_id, "all")
    assert groups[1:4] == [[("placebo", 0)], [("placebo", 1)], [("placebo", 2), ("placebo", 3)]]


def test_the_placebos_above_the_first_19_come_last(few):
    pieces = module.pieces([0, 2], placebos=21)
    assert pieces[0] == ("observed", 0)
    assert [part for part, _ in pieces[1:20]] == ["placebo"] * 19
    assert pieces[-4:] == [("description", 0), ("description", 2), ("placebo", 19), ("placebo", 20)]


def test_what_was_interrupted_goes_on_and_computes_nothing_twice(store, swept, computed, failing):
    sweep_id = swept()
    failing(KeyboardInterrupt(), [1])
    with pytest.raises(KeyboardInterrupt):
        gather(store, sweep_id, "all")
    kept = rows_of(store, sweep_id)
    assert set(kept) == set(ALL[:6])
    assert store.evidence_level(sweep_id) is None
    failing(None, [])
    gather(store, sweep_id, "all")
    assert computed == {**dict.fromkeys(ALL, 1), ("resample", 1): 2}
    assert kept.items() <= rows_of(store, sweep_id).items()
    assert store.evidence_level(sweep_id) == "all"


def test_solutions_are_not_touched(store, swept):
    sweep_id = swept()
    query = "select position, rowid, record from points where sweep = ?"
    before, summary = store._rows(query, sweep_id), dict(store.sweep(sweep_id).summary)
    gather(store, sweep_id, "all")
    assert store._rows(query, sweep_id) == before
    assert {**store.sweep(sweep_id).summary, "recommended": summary["recommended"], "evidence": None} == {**summary, "evidence": None}


def test_meanwhile_the_summary_has_what_is_there_and_recommends_nothing_too_early(store, swept, monkeypatch):
    sweep_id, seen = swept(), []
    real = module._publish
    monkeypatch.setattr(module, "_PUBLISH_SECONDS", -1.0)
    monkeypatch.setattr(module, "_publish", lambda *args: (real(*args), seen.append(store.sweep(sweep_id))))
    gather(store, sweep_id, "all")
    assert [sweep.evidence.level for sweep in seen] == [None] * 13 + ["all"]
    assert [sweep.evidence.placebos for sweep in seen[:6]] == [0, 1, 2, 3, 4, 4]
    first = seen[1]
    assert first.recommendation.outcome is None
    assert first.recommendation.reason.startswith("Not all evidence has been gathered yet.")
    assert first.evidence.points[0].reasons["stability"] == "Not gathered yet."
    assert seen[-1].recommendation.outcome is not None


class TestAuto:
    def test_what_is_quick_is_gathered_as_a_whole(self, store, swept, computed):
        sweep_id = swept()
        gather(store, sweep_id, "auto")
        assert computed == dict.fromkeys(ALL, 1)
        assert store.evidence_level(sweep_id) == "all"

    def test_a_sweep_that_takes_long_itself_gets_none_and_all_goes_on_from_there(self, store, swept, computed, monkeypatch):
        monkeypatch.setattr(module, "AUTO_SECONDS", 1e-9)
        sweep_id = swept()
        gather(store, sweep_id, "auto")
        assert (computed, rows_of(store, sweep_id)) == ({}, {})
        found = store.sweep(sweep_id)
        assert found.evidence.level == "auto"
        assert found.evidence.reason == "Evidence takes more than half a minute here, so it is gathered only when asked for."
        assert found.recommendation.outcome is None
        gather(store, sweep_id, "auto")
        assert computed == {}
        gather(store, sweep_id, "all")
        assert computed == dict.fromkeys(ALL, 1)
        found = store.sweep(sweep_id)
        assert (found.evidence.level, found.evidence.reason) == ("all", None)

    def test_so_do_more_features_than_placebos_are_quickly_made_of(self, store, swept, computed, monkeypatch):
        monkeypatch.setattr(module, "_MOST_FEATURES", 1)
        sweep_id = swept()
        gather(store, sweep_id, "auto")
        assert computed == {}
        assert "more than half a minute" in store.sweep(sweep_id).evidence.reason

    @pytest.fixture
    def seconds(self, monkeypatch):
        """Return the seconds that a piece of each part takes, by a clock that only pieces move; others take none."""
        taken, now, do = {}, [0.0], module._Work.do

        def timed(self, group):
            do(self, group)
            now[0] += taken.get(group[0][0], 0.0)

        monkeypatch.setattr(module._Work, "do", timed)
        monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: now[0], monotonic=time.monotonic))
        return taken

    def test_where_all_placebos_take_long_19_are_gathered(self, store, swept, few, computed, seconds):
        few(placebos=40)
        seconds["placebo"] = 1.0
        sweep_id, begun = swept(), []
        gather(store, sweep_id, "auto", begin=begun.append)
        evidence = store.sweep(sweep_id).evidence
        assert (evidence.level, evidence.placebos, evidence.resamples, evidence.reason) == ("auto", 19, 3, None)
        assert evidence.is_enough and evidence.needed_z is not None
        assert begun == [49, 28]
        gather(store, sweep_id, "all")
        assert max(computed.values()) == 1
        evidence = store.sweep(sweep_id).evidence
        assert (evidence.level, evidence.placebos) == ("all", 40)

    def test_where_even_these_take_long_nothing_more_is_gathered(self, store, swept, few, computed, seconds):
        few(resamples=5)
        seconds["resample"] = 25.0
        sweep_id = swept()
        gather(store, sweep_id, "auto")
        assert set(computed) == {("observed", 0), ("placebo", 0), ("resample", 0), ("resample", 1), ("split", 0), ("description", 0)}
        evidence = store.sweep(sweep_id).evidence
        assert (evidence.level, evidence.placebos, evidence.is_enough) == ("auto", 1, False)

    def test_the_reason_has_the_minutes(self, store, swept, few, seconds):
        few(resamples=12)
        seconds["resample"] = 20.0
        sweep_id = swept()
        gather(store, sweep_id, "auto")
        assert store.sweep(sweep_id).evidence.reason == "Evidence takes about 3 min here, so it is gathered only when asked for."

    def test_one_piece_of_more_than_half_a_minute_is_the_last(self, store, swept, computed, seconds):
        seconds["observed"] = 31.0
        sweep_id = swept()
        gather(store, sweep_id, "auto")
        assert computed == {("observed", 0): 1}
        assert "more than half a minute" in store.sweep(sweep_id).evidence.reason


def test_copies_of_customers_are_refused(store, swept, computed):
    sweep_id = swept(repeats=2)
    gather(store, sweep_id, "all")
    assert (computed, rows_of(store, sweep_id)) == ({}, {})
    sweep = store.sweep(sweep_id)
    assert sweep.evidence.level == "all"
    assert "A copy is no new customer" in sweep.evidence.reason
    assert (sweep.recommendation.outcome, sweep.recommendation.params) == (None, None)
    assert sweep.recommendation.reason.startswith(sweep.evidence.reason)
    for point in sweep_document(sweep, True)["points"]:
        assert [point[part] for part in PARTS] == [None] * 4
        assert point["evidence_reasons"] == dict.fromkeys(PARTS, sweep.evidence.reason)


class TestFailures:
    def test_a_piece_that_raises_has_its_reason_and_the_others_are_there(self, store, swept, failing):
        sweep_id = swept()
        failing(ValueError("no luck"), [1])
        gather(store, sweep_id, "all")
        assert store.evidence(sweep_id)["resample"][1] == {"reason": "It could not be computed (ValueError: no luck)."}
        evidence = store.sweep(sweep_id).evidence
        assert (evidence.level, evidence.resamples, evidence.placebos) == ("all", 2, 4)
        assert "no luck" in evidence.reason
        assert [point.stability.n for point in evidence.points] == [2] * 3
        assert store.sweep(sweep_id).recommendation.outcome is not None

    @pytest.mark.parametrize("error", [MemoryError(), StoreError("damaged")])
    def test_what_is_not_the_fault_of_a_piece_ends_the_gathering_and_leaves_no_reason(self, error, store, swept, failing):
        sweep_id = swept()
        failing(error, [1])
        with pytest.raises(type(error)):
            gather(store, sweep_id, "all")
        assert 1 not in store.evidence(sweep_id)["resample"]

    def test_where_all_pieces_of_a_part_fail_every_solution_has_the_reason(self, store, swept, failing):
        sweep_id = swept()
        failing(ValueError("no luck"), range(3))
        gather(store, sweep_id, "all")
        sweep = store.sweep(sweep_id)
        for point in sweep.evidence.points:
            assert point.stability is None
            assert point.reasons == {"stability": "It could not be computed (ValueError: no luck)."}
        assert (sweep.recommendation.outcome, sweep.recommendation.params) == (None, None)

    def test_a_piece_whose_attempts_are_used_up_has_its_reason(self, store, swept, computed):
        sweep_id = swept()
        for piece, times in (("resample", 2), ("split", 1)):
            for _ in range(times):
                store.begin_evidence(sweep_id, piece, 0)
        gather(store, sweep_id, "all")
        assert set(ALL) - set(computed) == {("resample", 0)}
        assert store.evidence(sweep_id)["resample"][0]["reason"].startswith("Its process died 2 times.")
        assert store.sweep(sweep_id).evidence.resamples == 2

    def test_what_failed_can_be_tried_again_alone(self, store, swept, computed, failing):
        sweep_id = swept()
        failing(ValueError("no luck"), [1])
        gather(store, sweep_id, "all")
        failing(None, [])
        assert store.forget_failed(sweep_id) == 1
        gather(store, sweep_id, "all")
        assert computed == {**dict.fromkeys(ALL, 1), ("resample", 1): 2}
        evidence = store.sweep(sweep_id).evidence
        assert (evidence.resamples, evidence.reason) == (3, None)

    def test_a_solution_that_was_skipped_has_no_evidence_and_the_others_have(self, store, swept, computed):
        sweep_id = swept([{"n_clusters": k, "tol": 1e-4, "n_init": 1} for k in (3, 91)])
        gather(store, sweep_id, "all")
        there, skipped = store.sweep(sweep_id).evidence.points
        assert there.reasons == {}
        assert [getattr(skipped, part) for part in PARTS] == [None] * 4
        assert skipped.reasons == dict.fromkeys(PARTS, "The solution failed or was skipped.")
        assert ("description", 1) not in computed


DAMAGED = {
    "dips": ("observed", "$.dips", "'x'"),
    "a dip": ("observed", "$.dips", """json('{"a":"x"}')"""),
    "rows": ("observed", "$.rows", "'many'"),
    "gap": ("observed", "$.correlation_gap", "null"),
    "silhouette": ("placebo", "$.silhouettes[0]", "'high'"),
    "one silhouette too many": ("placebo", "$.silhouettes[3]", "0.5"),
    "jaccard": ("resample", "$.jaccards[0][1]", "'x'"),
    "strength": ("split", "$.strengths[0]", "null"),
    "share": ("description", "$.describability.value", "'x'"),
    "reason": ("split", "$.reason", "5"),
}


@pytest.mark.parametrize("forget", [True, False], ids=["repaired first", "gathered again"])
def test_a_piece_damaged_inside_is_gathered_again(forget, store, swept, computed):
    sweep_id = swept()
    gather(store, sweep_id, "all")
    before = store.evidence(sweep_id)
    for part, path, value in DAMAGED.values():
        with store._write() as index:
            index.execute(
                f"update evidence set record = json_set(record, '{path}', {value}) where sweep = ? and part = ? and number = 0",
                (sweep_id, part),
            )
            index.execute("update sweeps set summary = json_remove(summary, '$.evidence') where id = ?", (sweep_id,))
        computed.clear()
        if forget:
            assert store.forget_damaged(sweep_id) == 1
        gather(store, sweep_id, "all")
        assert computed == {(part, 0): 1}
        assert store.evidence(sweep_id)[part][0].keys() == before[part][0].keys()
        found = store.sweep(sweep_id).evidence
        assert (found.level, found.reason, found.placebos) == ("all", None, 4)


def test_more_customers_than_a_placebo_has_are_sampled_and_the_solutions_fitted_to_the_sample(store, swept, monkeypatch):
    monkeypatch.setattr(module, "MOST_ROWS", 40)
    made = []
    monkeypatch.setattr(module, "PlaceboRows", lambda X, blocks, *, seed: made.append(X) or PlaceboRows(X, blocks, seed=seed))
    sweep_id = swept()
    gather(store, sweep_id, "all")
    (sample,) = made
    X = prepare(store, store.spec(sweep_id)).X
    taken = [int(np.flatnonzero((row == X).all(axis=1))[0]) for row in sample]
    assert len(taken) == 40 and (np.diff(taken) > 0).all()
    sweep = store.sweep(sweep_id)
    assert sweep.evidence.sample_size == 40
    assert {point.placebo.sample_size for point in sweep.evidence.points} == {40}
    assert {point.describability.sample_size for point in sweep.evidence.points} == {90}
    expected = [silhouette_score(sample, KMeans(k, tol=1e-4, n_init=1, random_state=0).fit_predict(sample)) for k in (2, 3, 4)]
    np.testing.assert_allclose(store.evidence(sweep_id)["observed"][0]["silhouettes"], expected, rtol=1e-9)


def test_a_partition_is_described_once(store, swept, computed):
    sweep_id = swept([{"n_clusters": 3, "tol": tol, "n_init": 1} for tol in (1e-4, 1e-5)])
    gather(store, sweep_id, "all")
    assert [piece for piece in computed if piece[0] == "description"] == [("description", 0)]
    first, second = store.sweep(sweep_id).evidence.points
    assert first.describability == second.describability
    assert first.describability.value > 0.9


def test_dbscan_on_placebos_that_mostly_have_no_segments_has_no_z_and_the_reason(store, swept):
    sweep_id = swept([{"eps": 0.8, "min_samples": 20}, {"eps": 0.4, "min_samples": 3}], algorithm="dbscan")
    gather(store, sweep_id, "all")
    strict, loose = (point.placebo for point in store.sweep(sweep_id).evidence.points)
    values = [placebo["silhouettes"][0] for placebo in store.evidence(sweep_id)["placebo"].values()]
    (only,) = [value for value in values if value is not None]
    assert (strict.z, strict.defined, strict.n) == (None, 1, 4)
    assert (strict.mean, strict.highest) == (only, only)
    assert strict.reason == "Only 1 of 4 data sets without segments had a silhouette here."
    assert (loose.defined, loose.reason) == (4, None)
    assert loose.z is not None


def test_the_numbers_are_those_of_scikit_learn_and_of_the_definitions(store, swept, few):
    few(placebos=19, resamples=5, splits=3)
    sweep_id = swept()
    gather(store, sweep_id, "all")
    sweep, pieces = store.sweep(sweep_id), store.evidence(sweep_id)
    prepared = prepare(store, sweep.spec)
    X = prepared.X

    def silhouettes(rows):
        return [silhouette_score(rows, KMeans(k, tol=1e-4, n_init=1, random_state=0).fit_predict(rows)) for k in (2, 3, 4)]

    observed = np.array(silhouettes(X))
    np.testing.assert_allclose(pieces["observed"][0]["silhouettes"], observed, rtol=1e-9)
    made = PlaceboRows(X, blocks_of(prepared.table), seed=0)
    placebos = np.array([silhouettes(made.rows(number)) for number in range(19)])
    np.testing.assert_allclose([pieces["placebo"][number]["silhouettes"] for number in range(19)], placebos, rtol=1e-9)

    def z_by(others, own):
        return (own - others.mean(axis=0)) / others.std(axis=0, ddof=1)

    z = z_by(placebos, observed)
    maxima = [z_by(np.delete(placebos, number, axis=0), placebos[number]).max() for number in range(19)]
    evidence = sweep.evidence
    assert evidence.p == pytest.approx((1 + sum(own >= z.max() for own in maxima)) / 20)
    assert evidence.needed_z == pytest.approx(max(maxima))
    for position, point in enumerate(evidence.points):
        found, own = point.placebo, placebos[:, position]
        assert found.z == pytest.approx(z[position], rel=1e-6)
        assert (found.mean, found.highest) == pytest.approx((own.mean(), own.max()))
        assert (found.low, found.high) == pytest.approx(tuple(np.quantile(own, [0.05, 0.95])))
        jaccards = np.array([pieces["resample"][number]["jaccards"][position] for number in range(5)])
        assert point.least_stability == pytest.approx(jaccards.mean(axis=0).min())
        assert point.stability.n == 5
        strengths = [pieces["split"][number]["strengths"][position] for number in range(3)]
        assert point.prediction_strength.value == pytest.approx(np.mean(strengths))
        assert point.prediction_strength.standard_error == pytest.approx(np.std(strengths, ddof=1) / np.sqrt(3))


def test_groups_are_recommended_with_what_speaks_for_them(store, swept, few):
    few(placebos=19, resamples=10)
    sweep_id = swept()
    gather(store, sweep_id, "all")
    document = sweep_document(store.sweep(sweep_id), True)
    recommended = document["recommended"]
    assert (recommended["outcome"], recommended["params"]["n_clusters"], recommended["p"]) == ("groups", 3, 0.05)
    assert recommended["reason"].startswith("The customers fall into 3 groups.")
    assert recommended["table"][0]["params"] == recommended["params"]
    assert recommended["table"][1]["params"] == recommended["runner_up"]
    assert recommended["table"][0]["least_stability"] == document["points"][1]["stability"]["least"] > 0.75
    assert recommended["table"][0]["z"] == document["points"][1]["placebo"]["silhouette"]["z"] > document["evidence"]["needed_z"]
