"""Ratings from files as users have them, to features, titles and scores; bad ones end in one sentence."""

import zipfile

import numpy as np
import pytest

from segcore.errors import DataError
from segcore.features.planning.sets import feature_names
from segcore.intake.take_in import take_in
from segcore.intake.trained_rows import read_like_trained
from segcore.records.data_rules import RowRules
from segcore.records.intake import DataRequest, SecondTable
from segcore.records.plan import Plan
from segcore.segments.scoring import score
from segcore.store.store import Store
from segcore.sweeps.run import run_sweep
from segcore.sweeps.spec import make_spec
from segcore.wording.findings import sentence

DRAW = np.random.default_rng(4)
# Even users rate films of war high, odd ones comedies.
LINES = [
    (user, film, 5 if user % 2 == film % 2 else 2, 881_250_949 + 86_400 * user + film)
    for user in range(1, 25)
    for film in sorted(DRAW.permutation(np.arange(1, 11))[:6])
]
FILMS = [(film, f"Film {film}", "Comedy|Romance" if film % 2 else "War") for film in range(1, 11)]


def text_of(rows, delimiter):
    return "".join(delimiter.join(map(str, row)) + "\n" for row in rows)


@pytest.fixture
def store(home):
    return Store(home)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "ratings.dat").write_text(text_of(LINES, "::"))
    (tmp_path / "movies.dat").write_text(text_of(FILMS, "::"))
    (tmp_path / "ratings.csv").write_text("userId,movieId,rating,timestamp\n" + text_of(LINES, ","))
    (tmp_path / "movies.csv").write_text("movieId,title,genres\n" + text_of(FILMS, ","))
    with zipfile.ZipFile(tmp_path / "ml.zip", "w") as archive:
        for name in ("ratings.dat", "movies.dat"):
            archive.write(tmp_path / name, f"ml/{name}")
    return tmp_path


@pytest.mark.parametrize(
    ("data", "items"), [("ml.zip", None), ("ratings.dat", "movies.dat"), ("ratings.csv", "movies.csv"), ("ratings.csv", "movies.dat")]
)
def test_the_same_ratings_in_any_form_give_the_same_features_and_titles(store, folder, data, items):
    taken = take_in(store, DataRequest(str(folder / data), items=items and SecondTable(str(folder / items))))
    table = store.feature_table(taken.table)

    assert (taken.kind, taken.n_customers, taken.first_date[:10], taken.roles["category"]) == ("ratings", 24, "1997-12-05", "genres")
    assert table.column("n_ratings").tolist() == [6.0] * 24
    wars = np.array([sum(film % 2 == 0 for user, film, *_ in LINES if str(user) == customer) for customer in table.customers])
    np.testing.assert_allclose(table.column("rating_share_War"), wars / (wars + 2 * (6 - wars)))
    found = store.purchases(taken.table, "item")
    assert dict(zip(found.names, found.titles, strict=True)) == {str(film): title for film, title, _ in FILMS}


def test_ratings_swept_from_a_zip_are_scored_with_their_items_and_refused_without(store, folder):
    taken = take_in(store, DataRequest(str(folder / "ml.zip")))
    table = store.feature_table(taken.table)
    plan = Plan(feature_names(table, ["rating_share_War", "mean_rating"], taken.kind))
    spec = make_spec(store, taken.table, taken.data, plan, algorithm="kmeans", points=[{"n_clusters": 2, "tol": 1e-4}])
    run_sweep(store, store.add_sweep(spec))

    with read_like_trained(store, spec.data, DataRequest(str(folder / "ml.zip"))) as dataset:
        assert score(store, spec.id, 0, dataset).labels.tolist() == store.labelled_solution(spec.id, 0).labels.tolist()
    with (
        pytest.raises(DataError, match=r"lacks genres, which the sweep's categories come from: it is a column of movies.dat; give that"),
        read_like_trained(store, spec.data, DataRequest(str(folder / "ratings.dat"))),
    ):
        pytest.fail("it was read")


def test_counted_rows_are_scored_as_they_were_read(store, tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text("customer_id,product_id,order_date,amount\n" + "".join(f"c{u},p{f},2024-01-{f + 1:02d},{u}\n" for u, f, *_ in LINES))
    request = DataRequest(str(path), kind="ratings", roles={"rating": ""})
    taken = take_in(store, request)
    table = store.feature_table(taken.table)
    assert "rating" not in taken.roles and taken.n_customers == 24
    assert any("counts as the rating (implicit ratings)" in sentence(note) for note in taken.notes)
    assert store.purchases(taken.table, "item").counts.tolist() == [1] * len(LINES)
    spec = make_spec(
        store,
        taken.table,
        taken.data,
        Plan(feature_names(table, "all", "ratings")),
        algorithm="kmeans",
        points=[{"n_clusters": 2, "tol": 1e-4}],
    )
    run_sweep(store, store.add_sweep(spec))
    with read_like_trained(store, spec.data, DataRequest(str(path))) as dataset:
        assert score(store, spec.id, 0, dataset).labels.tolist() == store.labelled_solution(spec.id, 0).labels.tolist()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("24::3::good::881250949", r"rating must hold numbers, but 1 value cannot be read: the first is 'good' in line 145;"),
        ("24::3::4::yesterday", r"time must hold dates in one format, but 1 value cannot be read: the first is 'yesterday' in line 145;"),
        ("24::3::4", r"ratings.dat has 3 values in line 145, where the first row has 4"),
    ],
)
def test_a_bad_rating_is_refused_with_its_line(store, folder, line, said):
    (folder / "ratings.dat").write_text(text_of(LINES, "::") + line + "\n")
    with pytest.raises(DataError, match=said):
        take_in(store, DataRequest(str(folder / "ratings.dat")))


def test_a_bad_rating_can_be_set_aside_and_nothing_else_is(store, folder):
    (folder / "ratings.dat").write_text(text_of(LINES, "::") + "24::3::good::881250949\n99::1::3::881250949\n")
    taken = take_in(store, DataRequest(str(folder / "ratings.dat"), rows=RowRules(set_aside=True)))
    assert (taken.rows_read, taken.rows_used, taken.rows_set_aside) == (len(LINES) + 2, len(LINES) + 1, 1)
    table = store.feature_table(taken.table)
    one = table.customers.tolist().index("99")  # a user with one rating
    assert [table.column(name)[one] for name in ("n_ratings", "mean_rating", "rating_spread")] == [1, 3, 0]


@pytest.mark.parametrize(
    ("films", "said"),
    [
        ("".join(f"x{film}::{title}::{genres}\n" for film, title, genres in FILMS), "movies.dat has no row for any item of the data"),
        ("".join(f"{film:04d}::{title}::{genres}\n" for film, title, genres in FILMS), "without leading zeros, 10 of 10 would match"),
        (text_of(FILMS, "::") + "3::Other::War\n", "movies.dat has two different rows for item '3', in line 3 and in line 11"),
    ],
)
def test_items_that_do_not_fit_are_refused_in_one_sentence(store, folder, films, said):
    (folder / "movies.dat").write_text(films)
    with pytest.raises(DataError, match=said):
        take_in(store, DataRequest(str(folder / "ratings.dat"), items=SecondTable(str(folder / "movies.dat"))))


def test_repeated_ratings_are_counted_in_a_finding_with_the_rule(store, folder):
    (folder / "ratings.csv").write_text("userId,movieId,rating\n" + text_of([line[:3] for line in (*LINES, *LINES[:3])], ","))
    taken = take_in(store, DataRequest(str(folder / "ratings.csv")))
    assert (
        "3 of 147 ratings repeat an item that the customer has rated before: their mean counts as the customer's rating of that movieId."
    ) in [sentence(note) for note in taken.notes]
