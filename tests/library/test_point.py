import contextlib
import json
import sqlite3

import numpy as np
import pandas as pd
import pytest

import segcore
from tests.library.conftest import small_orders


@pytest.fixture
def point(sweep):
    return sweep.point(n_clusters=3)


def test_labels_and_segments_count_the_same_customers(point, plan):
    table = point.segments()
    counts = point.labels.value_counts()
    assert table.set_index("segment")["customers"].to_dict() == counts.to_dict()
    assert point.labels.index.name == "customer_id"
    assert table["share"].sum() == pytest.approx(1)
    assert table["revenue_share"].sum() == pytest.approx(1)
    assert table["sets_apart"].str.endswith(".").all()


def test_the_mean_of_all_customers_is_the_feature_s(point, orders):
    features = point.features()
    expected = segcore.load(orders).features[list(features.columns)].mean()
    pd.testing.assert_series_equal(features.loc["All customers"], expected, check_names=False)


def test_jittered_copies_are_not_counted(orders):
    point = segcore.load(orders).plan("small", repeats=2).sweep(n_clusters=2).points[0]
    assert len(point.labels) == 30
    assert point.segments()["customers"].sum() == 30
    assert repr(point).endswith("2 segments of 30 customers)")


def test_a_map_has_each_customer_with_the_segment_of_its_label(point):
    found = point.map()
    table = found.table
    assert table.columns.tolist() == ["customer_id", "x", "y", "segment"]
    assert table.set_index("customer_id")["segment"].to_dict() == point.labels.to_dict()
    spread = table[["x", "y"]].var(ddof=0)
    assert found.shares == pytest.approx(tuple(spread / spread.sum() * sum(found.shares)))
    assert {trace.name for trace in found.plot().data} == set(point.names().values())
    with pytest.raises(segcore.ParameterError, match="Unknown feature 'Amont'"):
        found.plot("Amont")


def test_copies_are_on_the_map_once(orders):
    found = segcore.load(orders).plan("small", repeats=2).sweep(n_clusters=2).points[0].map()
    assert found.table["customer_id"].is_unique and len(found.table) == 30
    assert len(found.plot("Recency").data[0].x) == found.table["segment"].value_counts().max()


def test_drivers_have_their_accuracy_and_values_that_add_up(point):
    found = point.drivers()
    assert found.accuracy.set_index("segment")["customers"].to_dict() == point.labels.value_counts().to_dict()
    for label in (0, 1, 2):
        values = found.values(label)
        assert values.set_index("customer_id")["segment"].to_dict() == point.labels.to_dict()
        shap = values.filter(like="shap_")
        np.testing.assert_allclose(values["base"] + shap.sum(axis=1), values["log_odds"], atol=1e-6)
        importance = found.importance.query("segment == @label").set_index("feature")["importance"]
        assert importance.to_dict() == pytest.approx({name: shap[f"shap_{name}"].abs().mean() for name in importance.index})
    assert found.accuracy["predicted"].any() and repr(found).count("\n") == 3
    assert [one.label for one in point.drivers().record.segments] == [0, 1, 2], "from the store"


def test_drivers_are_drawn_for_segments_that_are_predicted_and_refused_in_one_sentence_for_others(point):
    found = point.drivers()
    label = int(found.accuracy.query("predicted")["segment"].iloc[0])
    customer = point.labels.index[point.labels == label][0]
    title = f"“{point.names()[label]}”"
    for figure in (found.plot(label), found.plot(customer=customer), found.plot(label, customers="log-odds")):
        assert title in figure.to_json().replace("\\u201c", "“").replace("\\u201d", "”")
    assert found.plot().data[0].type == "heatmap"
    with pytest.raises(segcore.ParameterError, match="plot needs a segment"):
        found.plot(customers="similarity")
    with pytest.raises(segcore.ParameterError, match="Unknown order 'size'"):
        found.plot(label, customers="size")
    with pytest.raises(segcore.ParameterError, match="There is no segment 9"):
        found.plot(9)
    with pytest.raises(segcore.ParameterError, match="Customer 'x' is not among the 30 explained"):
        found.plot(customer="x")


def test_lost_drivers_are_found_again(point):
    found = point.drivers()
    for path in (point.store.home / "objects").glob("*/*.npy"):
        if len(np.load(path).shape) == 2 and np.array_equal(np.load(path), found.record.segments[0].contributions.values):
            path.unlink()
    again = point.drivers()
    np.testing.assert_array_equal(again.values(0), found.values(0))


def test_a_name_is_used_everywhere(point, tmp_path, orders):
    point.name(1, "Big <b>spenders</b>")
    try:
        assert "Big <b>spenders</b>" in point.segments()["name"].tolist()
        assert "&lt;b&gt;" in point._repr_html_() and "<b>spenders" not in point._repr_html_()
        document = point.export(tmp_path / "s.parquet")
        assert "Big <b>spenders</b>" in pd.read_parquet(tmp_path / "s.parquet")["segment_name"].tolist()
        assert document == json.loads((tmp_path / "s.parquet.json").read_text())
        assert "Big <b>spenders</b>" in point.score(orders)["segment_name"].tolist()
    finally:
        point.name(1, "")
    with pytest.raises(segcore.ParameterError, match="Unknown segment 7: choose one of 0, 1, 2"):
        point.name(7, "x")


def test_scoring_gives_the_training_customers_their_own_segment(point, orders, tmp_path):
    scored = point.score(orders, out=tmp_path / "scored.csv")
    assert scored.set_index("customer_id")["segment"].to_dict() == point.labels.to_dict()
    written = pd.read_csv(tmp_path / "scored.csv", dtype={"customer_id": str})
    assert written["segment"].tolist() == scored["segment"].tolist()
    assert [found.code for found in scored.attrs["findings"]]


def test_segments_and_scores_go_into_a_table(point, orders, tmp_path):
    database = f"sqlite:///{tmp_path / 'shop.db'}"
    table = point.export(database, into="segments")["table"]
    assert (table["created"], table["added"]) == (True, 30)
    again = point.export(database, into="segments", how="merge", segments=[0])["table"]
    assert (again["unchanged"], again["kept"]) == (10, 20)
    scored = point.score(orders, out=database, into="scores")
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        assert dict(connection.execute("SELECT customer_id, segment FROM segments")) == point.labels.to_dict()
        assert dict(connection.execute("SELECT customer_id, segment FROM scores")) == scored.set_index("customer_id")["segment"].to_dict()


def test_frames_can_be_scored_up_to_a_later_day(point):
    later = small_orders()
    later["date"] += pd.Timedelta(days=300)
    with pytest.raises(segcore.DataError, match="continues|after"):
        point.score(later)
    assert len(point.score(later, as_of="2026-01-01")) == 30


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda point, path: point.score(path, category=["a"]), "Unknown option 'category'"),
        (lambda point, path: point.score(path, out="scores.txt"), "scores.txt"),
        (lambda point, path: point.export("segments.xlsx"), "segments.xlsx"),
        (lambda point, path: point.export("segments.csv", segments=[9]), "9"),
        (lambda point, path: point.export("segments.csv", into="segments"), "has no tables"),
        (lambda point, path: point.export("sqlite:///shop.db"), "name its table"),
        (lambda point, path: point.score(path, into="segments"), "has no tables"),
        (lambda point, path: point.model("model.bin"), "The model must be a file named .zip"),
    ],
)
def test_a_mistake_is_one_sentence(point, orders, call, sentence):
    with pytest.raises(segcore.SegcoreError) as raised:
        call(point, orders)
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


def test_warnings_about_new_data_are_issued(tmp_path):
    table = pd.DataFrame({"id": [f"c{n}" for n in range(40)], "age": range(20, 60), "spend": [n * n for n in range(40)]})
    point = segcore.load(table, kind="customers").plan().sweep(n_clusters=2).points[0]
    with pytest.warns(UserWarning, match="age"):
        point.score(table.assign(age=table["age"] * 1000))


def test_filled_values_are_blank_in_an_export_unless_asked_for(tmp_path, home):
    rng = np.random.default_rng(0)
    rows = pd.DataFrame({"client": [f"c{row:02d}" for row in range(40)], "age": rng.normal(40, 9, 40), "paid": rng.normal(90, 30, 40)})
    rows.loc[[3, 8], "paid"] = None
    point = segcore.load(rows).plan().sweep(n_clusters=2, evidence="none").point()

    point.export(tmp_path / "blank.csv")
    point.export(tmp_path / "filled.csv", filled=True)

    blank, filled = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("blank", "filled"))
    assert blank["customer_id"][blank["paid"].isna()].tolist() == ["c03", "c08"]
    assert filled["paid"].isna().sum() == 0
    assert filled["paid"][[3, 8]].tolist() == [rows["paid"].median()] * 2
    assert blank.drop(columns="paid").equals(filled.drop(columns="paid"))


def test_features_that_were_not_clustered_on_are_profiled_too(orders):
    data = segcore.load(orders)
    point = data.plan(["Recency", "invoices"], outliers="none").sweep(n_clusters=2, evidence="none").point()

    every = point.features(every=True)

    assert list(point.features().columns) == ["Recency", "invoices"]
    assert list(every.columns) == list(data.features.columns)
    pd.testing.assert_frame_equal(every[["Recency", "invoices"]], point.features())
    labels = point.labels
    expected = data.features.groupby(labels.reindex(data.features.index)).mean()
    np.testing.assert_allclose(every.loc[point.names()[0], "total_spend"], expected.loc[0, "total_spend"])


def test_copies_count_once_in_the_profile_of_every_feature(orders):
    data = segcore.load(orders)
    point = data.plan(["Recency", "invoices"], repeats=3).sweep(n_clusters=2, evidence="none").point()
    every = point.features(every=True)
    np.testing.assert_allclose(every.loc["All customers", "total_spend"], data.features["total_spend"].mean())


def test_a_profile_says_what_each_segment_buys(plan, tmp_path):
    """Half of the first segment's customers buy something that nobody else buys; one line of it is cancelled and so does not count."""
    lines = small_orders()
    segment = plan.sweep(n_clusters=3).points[0].labels
    mine = segment.index[segment == 0][:6]
    own = pd.DataFrame(
        {"customer_id": mine, "invoice": "X1", "date": lines["date"].min(), "item": "special", "quantity": 1, "unit_price": 0.01}
    )
    own.loc[5, "quantity"] = -1
    file = tmp_path / "more.csv"
    pd.concat([lines, own]).to_csv(file, index=False)
    point = segcore.load(file).plan("small").sweep(n_clusters=3).points[0]
    profile = point.profile()
    items = profile.items()
    special = items[items["item"] == "special"]
    holders = point.labels.loc[list(mine[:5])]
    for segment, size in point.labels.value_counts().items():
        buyers = int((holders == segment).sum())
        found = special[special["segment"] == segment]
        assert (buyers > 0) == (len(found) > 0)
        if buyers:
            [row] = found.to_dict("records")
            assert (row["buyers"], row["support"]) == (buyers, pytest.approx(buyers / size))
            assert row["index"] == pytest.approx(100 * (buyers / size) / (5 / 30))
            assert row["low"] <= row["index"] <= row["high"]
    figures = profile.figures().set_index(["name", "segment"])["value"]
    assert figures["units"].sum() == lines.dropna()["quantity"].sum() + 5 - 1
    assert figures["customers"].sum() == 30
    frame = profile.features()
    assert (frame["low"] <= frame["difference"]).all() and (frame["difference"] <= frame["high"]).all()


def test_segments_are_followed_into_a_frame_of_later_orders(point):
    later = small_orders()
    later["date"] = later["date"] + pd.Timedelta(days=250)
    later = later[later["customer_id"] != "004"]
    found = point.over_time(later)
    assert found.customers()["status"].value_counts().to_dict() == {"both": 29, "gone": 1}
    assert found.migration()["customers"].sum() == 30
    assert found.sizes()["then"].tolist() == [10, 10, 10] and found.sizes()["now"].sum() == 29
    assert found.verdict == "Keep these segments: nothing changed beyond chance." and not found.segment_again
    assert found.to_json()["verdict"]["text"] == found.verdict and found.verdict in repr(found)
    with pytest.raises(segcore.ParameterError, match="Unknown figure 'sankey'"):
        found.plot("sankey")
    with pytest.raises(segcore.ParameterError, match="Unknown option 'limit'"):
        point.over_time(later, limit=3)
