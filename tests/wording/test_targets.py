import pytest

from segcore.records.finding import Finding
from segcore.wording.findings import sentence
from segcore.wording.targets import components_text


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((1,), "One component describes the buyers best (lowest BIC), so there are no groups among them."),
        ((3,), "3 components describe the buyers best (lowest BIC)."),
        (
            (3, 0.05, 19),
            "3 components describe the buyers best (lowest BIC). Data without groups does worse: p = 0.05, from 19 data sets.",
        ),
        (
            (3, 0.4, 19, 2),
            "3 components describe the buyers best (lowest BIC), and 2 features fall in groups without the others (dip test).",
        ),
        (
            (3, 0.4, 19),
            "3 components describe the buyers best (lowest BIC), but data without groups does as well (p = 0.4, from 19 data sets): the "
            "components describe the buyers, and are not groups.",
        ),
    ],
)
def test_components_are_called_groups_only_with_evidence(given, words):
    assert components_text(*given) == words


def test_too_few_buyers_are_counted():
    found = Finding("targets.few_of_either", "error", {"buyers": 3, "customers": 1_200, "least": 10})
    assert sentence(found) == (
        "Describing buyers takes at least 10 buyers and 10 other customers, but 3 of 1,200 customers are buyers: choose other products or "
        "another period."
    )
