"""The check against a signed-off run: the same customers pass, planted changes do not, and each is named."""

import json

import numpy as np
import pandas as pd
import pytest

from segcore.pipelines.sign_off import _sizes

CUSTOMERS = """\
[data]
path = "customers.csv"
kind = "customers"
roles = { customer = "id" }

[sweep]
algorithm = "kmeans"
evidence = "none"
grid = { n_clusters = [3], n_init = [3] }

[choose]
point = { n_clusters = 3 }
"""
CENTRES = np.array([[0.0, 0.0, 0.0], [8.0, 0.0, 4.0], [0.0, 8.0, 8.0]])


def people(seed, *, n=360, shares=(1, 1, 1), shift=0.0, spread=1.0, groups=True):
    """Return customers of three kinds; a shift moves all of them along one feature."""
    draw = np.random.default_rng(seed)
    kinds = draw.choice(3, size=n, p=np.array(shares) / sum(shares))
    values = CENTRES[kinds] * groups + draw.normal(0, spread, (n, 3)) + [shift, 0, 0]
    frame = pd.DataFrame(values, columns=["age", "spend", "visits"])
    return frame.assign(id=[f"c{number:04}" for number in range(n)])


@pytest.fixture
def signed_off(folder, run_json):
    """Return the folder of a pipeline that was run on 360 customers."""
    people(0).to_csv(folder / "customers.csv", index=False)
    (folder / "pipeline.toml").write_text(CUSTOMERS)
    assert run_json("pipeline.toml")["manifest"]["complete"]
    return folder


@pytest.fixture
def check(signed_off, run):
    """Return a function that checks other customers: the exit code and the document."""

    def give(customers, *words):
        customers.to_csv(signed_off / "customers.csv", index=False)
        code, out, errors = run("pipeline.toml", "--check", "--json", *words)
        assert code in (0, 3), errors
        return code, json.loads(out)

    return give


def test_the_same_data_pass_and_nothing_is_written(signed_off, check, run):
    before = {path.name: path.read_bytes() for path in signed_off.iterdir()}
    code, document = check(people(0))
    assert (code, document["same"], document["reasons"]) == (0, True, [])
    assert document["agreement"]["adjusted_rand_index"] == 1 and all(one["psi"] == 0 for one in document["drift"])
    code, out, _ = run("pipeline.toml", "--check")
    assert code == 0 and out.startswith("Today's data still give the segments that were signed off.\n")
    after = {path.name: path.read_bytes() for path in signed_off.iterdir()}
    assert {name: content for name, content in after.items() if name != "customers.csv"} == {
        name: content for name, content in before.items() if name != "customers.csv"
    }


@pytest.mark.parametrize("seed", range(1, 3))
def test_other_customers_of_the_same_kinds_pass(check, seed):
    code, document = check(people(seed))
    assert (code, document["reasons"]) == (0, []), document["text"]


def test_samples_of_one_population_are_refused_as_rarely_as_is_said():
    """Sizes are judged together at 1 %: of 2,000 pairs of samples of three segments, not more than 2 % are refused."""
    draw = np.random.default_rng(3)
    refused = 0
    for _ in range(2_000):
        then, now = (draw.choice(3, size=400, p=[0.5, 0.3, 0.2]) for _ in range(2))
        segments = [{"segment": label, "name": "", "customers": int((then == label).sum())} for label in range(3)]
        refused += any(size.moved for size in _sizes(segments, now, 0.0))
    assert refused <= 40


def test_planted_drift_is_found_in_its_feature(check):
    code, document = check(people(1, shift=1.5))
    assert code == 3 and "drift" in document["reasons"] and "age" in document["drifted"]
    assert "spend" not in document["drifted"]
    assert document["text"].startswith("Today's data do not give the signed-off segments: ") and "features drifted" in document["text"]


def test_planted_sizes_are_found(check):
    code, document = check(people(1, shares=(3, 1, 1)))
    assert code == 3 and "sizes" in document["reasons"]
    moved = [size for size in document["sizes"] if size["moved"]]
    assert moved and all(size["low"] > 0 or size["high"] < 0 for size in moved)


@pytest.mark.slow
def test_the_silhouette_is_compared_with_data_without_segments(folder, run_json, run):
    """Evidence takes seconds; two sweeps are the least that tell groups from none."""
    (folder / "pipeline.toml").write_text(CUSTOMERS.replace('"none"', '"auto"'))
    people(0, n=90).to_csv(folder / "customers.csv", index=False)
    run_json("pipeline.toml")
    code, out, _ = run("pipeline.toml", "--check", "--json")
    same = json.loads(out)
    assert code == 0 and same["placebo"]["silhouette"]["z"] > same["placebo"]["needed_z"] and same["unknown"] == {}
    people(1, n=90, groups=False, spread=4.0).to_csv(folder / "customers.csv", index=False)
    code, out, _ = run("pipeline.toml", "--check")
    assert code == 3 and "the segments are no clearer than in data without segments" in out


def test_without_evidence_the_comparison_is_said_to_be_missing(check):
    _, document = check(people(0))
    assert document["placebo"] is None and "Not compared with data without segments" in document["text"]


def test_other_segments_after_clustering_again_are_found(check):
    """Two of the kinds are one today, so that the third centre splits something else."""
    today = people(1, n=360)
    third = today["spend"] > 4
    today.loc[third, ["age", "spend", "visits"]] = np.random.default_rng(5).normal(0, 1, (int(third.sum()), 3)) + CENTRES[1]
    code, document = check(today)
    assert code == 3 and {"agreement", "sizes", "drift"} <= set(document["reasons"])
    assert document["agreement"]["adjusted_rand_index"] < 0.8


def test_what_does_not_matter_can_be_set(check):
    _, strict = check(people(1, shift=0.6))
    _, lenient = check(people(1, shift=0.6), "--set", "check.least_psi=9.0", "--set", "check.least_change=1.0")
    assert "drift" in strict["reasons"] and not {"drift", "sizes"} & set(lenient["reasons"])


def test_a_later_run_is_not_the_reference_if_another_is_named(signed_off, run, run_json):
    (signed_off / "pipeline.manifest.json").rename(signed_off / "signed-off.json")
    people(1, shift=3.0).to_csv(signed_off / "customers.csv", index=False)
    run_json("pipeline.toml")
    assert run("pipeline.toml", "--check")[0] == 0
    assert run("pipeline.toml", "--check", "--set", "check.reference=signed-off.json")[0] == 3


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "There is no manifest of a signed-off run at"),
        ("{}", "is not the manifest of a complete run"),
        ("[", "is not the manifest of a complete run"),
        ('{"edition": 1, "complete": true, "solution": {"sweep": 1}}', "is not the manifest of a complete run"),
        ('{"edition": 1, "complete": true, "solution": {"sweep": "ab", "position": 0, "segments": []}}', "Sweep ab of the signed-off run"),
    ],
)
def test_without_a_signed_off_run_what_to_do_is_said(signed_off, run, content, sentence):
    path = signed_off / "pipeline.manifest.json"
    path.unlink() if content is None else path.write_text(content)
    code, out, errors = run("pipeline.toml", "--check")
    assert (code, out) == (2, "") and sentence in errors and errors.count("\n") == 1


def test_noise_of_today_is_a_segment_of_its_own():
    found = _sizes([{"segment": 0, "name": "All", "customers": 100}], np.array([0] * 80 + [-1] * 20), 0.05)
    assert [(size.name, size.now, size.moved) for size in found] == [("All", 80, True), ("Noise", 20, True)]
