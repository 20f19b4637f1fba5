import csv
import json
import operator

import duckdb
import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfTransformer

from segcore.cli import main
from segcore.export.model import model_zip
from segcore.store.store import Store


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def shop(seed=0, days=100, customers=60):
    """Return lines of a shop: customers with ids that are no numbers, some of whom buy a hundred times as much."""
    dice = np.random.default_rng(seed)
    lines = 1500
    who = dice.integers(0, customers, lines)
    when = pd.Timestamp("2011-01-01") + pd.to_timedelta(dice.integers(0, days * 24 * 60, lines), unit="min")
    return pd.DataFrame(
        {
            "Who": [f"{number:05d}" for number in who],
            "Receipt": [f"R{number}" for number in dice.integers(0, 400, lines)],
            "Moment": when.strftime("%Y-%m-%d %H:%M:%S"),
            "Pieces": np.where(who == 7, 900, dice.integers(1, 9, lines)),
            "Each": np.where(who % 2 == 0, 1.5, 40.25),
            "Land": np.where(who % 3 == 0, "France", "Norway"),
        }
    )


METS = {"<=": operator.le, ">": operator.gt, "=": operator.eq, "!=": operator.ne}
ROLES = ("customer=Who", "order=Receipt", "time=Moment", "quantity=Pieces", "price=Each")


@pytest.fixture
def shop_csv(tmp_path):
    shop().to_csv(tmp_path / "shop.csv", index=False)
    return tmp_path / "shop.csv"


def with_roles(*roles):
    return [part for role in roles for part in ("--role", role)]


@pytest.fixture
def swept(shop_csv, capsys):
    """Return the document of a k-means sweep of the shop, with the outlier rule on."""
    command = [
        "sweep",
        str(shop_csv),
        *with_roles(*ROLES),
        "--algo",
        "kmeans",
        "--features",
        "Amount,Recency,NumberOfOrders",
        "--outliers",
        "kit",
    ]
    assert main([*command, "--grid", "n_clusters=2,3", "--grid", "tol=1e-3", "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_an_export_adds_up_to_the_sizes_of_the_sweep(swept, tmp_path, capsys):
    out = tmp_path / "out.csv"
    assert main(["export", swept["sweep"][:8], "--point", "n_clusters=3", "--out", str(out), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    rows, point = read(out), swept["points"][1]
    assert list(rows[0]) == ["customer_id", "segment", "segment_name", "Amount", "Recency", "NumberOfOrders"]
    assert [row["customer_id"] for row in rows] == sorted({row["customer_id"] for row in rows})
    sizes = [sum(row["segment"] == str(label) for row in rows) for label in range(3)]
    assert sizes == point["sizes"] == [entry["rows"] for entry in document["segments"]]
    assert len(rows) == document["rows"] == swept["rows"]
    assert json.loads((tmp_path / "out.csv.json").read_text()) == document
    assert document["data"]["roles"]["customer"] == "Who"


def test_an_export_can_add_whom_the_outlier_rule_set_aside(swept, tmp_path, capsys):
    out = tmp_path / "out.csv"
    assert swept["set_aside"]["customers"] == 1
    assert main(["export", swept["sweep"], "--point", "n_clusters=2,tol=0.001", "--out", str(out), "--with-set-aside"]) == 0
    assert "60 rows written" in capsys.readouterr().out
    assert [row["customer_id"] for row in read(out) if row["set_aside"] == "true"] == ["00007"]


def test_an_export_can_bring_the_model(swept, tmp_path, capsys):
    model = tmp_path / "model.zip"
    command = ["export", swept["sweep"], "--point", "n_clusters=3", "--out", str(tmp_path / "out.csv"), "--model"]
    assert main([*command, str(model)]) == 0
    assert f"The model is in {model}." in capsys.readouterr().out
    assert model.read_bytes() == model_zip(Store(), swept["sweep"], 1)
    assert main([*command, str(tmp_path / "model.bin")]) == 2
    assert "must be a file named .zip" in capsys.readouterr().err


def test_an_export_of_some_segments_to_parquet(swept, tmp_path):
    out = tmp_path / "out.parquet"
    assert main(["export", swept["sweep"], "--point", "n_clusters=3", "--segments", "2,0", "--out", str(out)]) == 0
    frame = pd.read_parquet(out)
    assert set(frame["segment"]) == {0, 2}
    assert len(frame) == swept["points"][1]["sizes"][0] + swept["points"][1]["sizes"][2]
    assert json.loads((tmp_path / "out.parquet.json").read_text())["rows"] == len(frame)


def test_scoring_the_training_rows_gives_the_training_labels_and_drops_nobody(swept, shop_csv, tmp_path, capsys):
    """The sweep's roles are applied without being given again, though no header says what it is."""
    exported, scored = tmp_path / "exported.csv", tmp_path / "scored.csv"
    assert main(["export", swept["sweep"], "--point", "n_clusters=3", "--out", str(exported), "--with-set-aside"]) == 0
    capsys.readouterr()
    assert main(["score", swept["sweep"], "--point", "n_clusters=3", str(shop_csv), "--out", str(scored), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    rows = read(scored)
    assert list(rows[0]) == ["customer_id", "segment", "segment_name", "set_aside"]
    keys = ("customer_id", "segment", "segment_name", "set_aside")
    assert rows == [{key: row[key] for key in keys} for row in read(exported)]
    assert len(rows) == document["rows"] == 60
    assert document["set_aside_rows"] == 1
    assert document["scored"]["name"] == "shop.csv"


def test_a_part_of_the_data_can_be_scored_and_named_segments_keep_their_names(swept, shop_csv, tmp_path, capsys):
    store = Store()
    store.name_segment(swept["sweep"], "n_clusters=2,tol=0.001,n_init=10", 0, "Regulars")
    command = ["score", swept["sweep"], "--point", "n_clusters=2", str(shop_csv), "--where", "Land = 'France'"]
    assert main([*command, "--out", str(tmp_path / "out.csv")]) == 0
    rows = read(tmp_path / "out.csv")
    assert len(rows) == 20
    assert len({row["segment_name"] for row in rows} - {"Regulars"}) == 1
    assert "20 customers written" in capsys.readouterr().out


def test_later_data_need_a_date_and_columns_of_other_names_their_roles(swept, tmp_path, capsys):
    later = shop(seed=1, days=150).rename(columns={"Who": "Client"})
    later.loc[0, "Client"] = None  # of which there is a note, but not beside an error
    later.to_csv(tmp_path / "later.csv", index=False)
    command = ["score", swept["sweep"], "--point", "n_clusters=2", str(tmp_path / "later.csv"), "--out", str(tmp_path / "out.csv")]
    renamed = with_roles("customer=Client", *ROLES[1:])
    assert main([*command, *renamed]) == 2
    error = capsys.readouterr().err
    assert "give --as-of" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out.csv").exists()
    assert main([*command, *renamed, "--as-of", "2011-12-31", "--json"]) == 0
    assert len(read(tmp_path / "out.csv")) == 60
    shown = capsys.readouterr()
    notes = json.loads(shown.out)["notes"]
    assert notes
    assert [f"{'warning' if note['level'] == 'warning' else 'note'}: {note['text']}" for note in notes] == shown.err.splitlines()


def test_a_role_given_on_the_command_line_comes_before_the_sweeps(swept, shop_csv, tmp_path):
    command = ["score", swept["sweep"], "--point", "n_clusters=2", str(shop_csv), "--role", "customer=Land"]
    assert main([*command, "--out", str(tmp_path / "out.csv")]) == 0
    assert [row["customer_id"] for row in read(tmp_path / "out.csv")] == ["France", "Norway"]


def test_dbscan_scores_its_own_noise_as_noise(shop_csv, tmp_path, capsys):
    command = ["sweep", str(shop_csv), *with_roles(*ROLES), "--algo", "dbscan", "--features", "Amount,Recency", "--outliers", "none"]
    assert main([*command, "--grid", "min_samples=3", "--grid", "eps=0.4", "--json"]) == 0
    swept = json.loads(capsys.readouterr().out)
    assert swept["points"][0]["n_noise"] > 0
    for name, options in (("export", ()), ("score", (str(shop_csv),))):
        out = tmp_path / f"{name}.csv"
        assert main([name, swept["sweep"], "--point", "eps=0.4", *options, "--out", str(out)]) == 0
    exported, scored = read(tmp_path / "export.csv"), read(tmp_path / "score.csv")
    assert [row["segment"] for row in scored] == [row["segment"] for row in exported]
    assert {row["segment_name"] for row in scored if row["segment"] == "-1"} == {"Noise"}
    assert main(["export", swept["sweep"], "--point", "eps=0.4", "--segments", "noise", "--out", str(tmp_path / "noise.csv")]) == 0
    assert len(read(tmp_path / "noise.csv")) == swept["points"][0]["n_noise"]
    assert model_zip(Store(), swept["sweep"], 0)[:2] == b"PK"


def test_one_row_a_customer_is_scored_by_the_same_columns(tmp_path, capsys):
    dice = np.random.default_rng(0)
    values = np.repeat([[0.0, 0.0], [10.0, 10.0]], 20, axis=0) + dice.normal(size=(40, 2))
    frame = pd.DataFrame({"id": [f"=c{row:02d}" for row in range(40)], "a": values[:, 0], "b": values[:, 1], "note": "-x"})
    frame.to_csv(tmp_path / "table.csv", index=False)
    options = ["--kind", "customers", "--role", "customer=id", "--profile", "note"]
    command = ["sweep", str(tmp_path / "table.csv"), *options, "--algo", "kmeans", "--grid", "n_clusters=2", "--grid", "tol=1e-3"]
    assert main([*command, "--json"]) == 0
    sweep = json.loads(capsys.readouterr().out)["sweep"]
    frame.iloc[::-1].head(5).to_csv(tmp_path / "new.csv", index=False)
    assert main(["score", sweep, "--point", "n_clusters=2", str(tmp_path / "new.csv"), "--out", str(tmp_path / "scored.csv")]) == 0
    scored = read(tmp_path / "scored.csv")
    assert [row["customer_id"] for row in scored] == [f"'=c{row}" for row in range(35, 40)]
    assert len({row["segment"] for row in scored}) == 1
    assert main(["export", sweep, "--point", "n_clusters=2", "--profile", "--out", str(tmp_path / "exported.csv")]) == 0
    exported = read(tmp_path / "exported.csv")
    assert list(exported[0])[:5] == ["customer_id", "segment", "segment_name", "a", "b"]
    assert {row["note"] for row in exported} == {"'-x"}
    assert np.array([float(row["a"]) for row in exported]).tobytes() == frame["a"].to_numpy().tobytes()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--point", "n_clusters=9", "--out", "out.csv"), "has no solution with n_clusters=9"),
        (("--point", "five", "--out", "out.csv"), "A solution is named by name=value"),
        (("--point", "n_clusters=2", "--out", "out.txt"), "must end in .csv or .parquet"),
        (("--point", "n_clusters=2", "--out", "no/such/out.csv"), "cannot be written"),
        (("--point", "n_clusters=2", "--out", "out.csv", "--segments", "9"), "has no segment 9: choose among 0, 1."),
        (("--point", "n_clusters=2", "--out", "out.csv", "--segments", "one"), "--segments must be numbers"),
    ],
    ids=str,
)
def test_a_users_error_is_one_line(swept, tmp_path, monkeypatch, capsys, options, said):
    monkeypatch.chdir(tmp_path)
    assert main(["export", swept["sweep"], *options]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert said in shown.err
    assert not (tmp_path / "out.csv").exists()


def test_a_sweep_that_is_not_there_is_one_line(tmp_path, capsys):
    assert main(["export", "abc", "--point", "n_clusters=2", "--out", str(tmp_path / "out.csv")]) == 2
    assert "There is no sweep 'abc'" in capsys.readouterr().err


def test_two_solutions_are_compared_and_who_moved_is_written(swept, tmp_path, capsys):
    command = ["compare", swept["sweep"][:10], "--point", "n_clusters=2", swept["sweep"][:10], "--point", "n_clusters=3"]
    assert main([*command, "--json", "--moved", str(tmp_path / "moved.csv")]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["customers"] == sum(flow["customers"] for flow in document["flow"]) == 59
    assert document["before"]["measures"]["segments"] == 2 and document["after"]["measures"]["segments"] == 3
    assert len(read(tmp_path / "moved.csv")) == document["moved"]
    assert {row["after_name"] for row in read(tmp_path / "moved.csv")} <= {flow["after_name"] for flow in document["flow"]}
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert document["fates"][0]["text"] in shown and "Adjusted Rand index" in shown
    assert main(command[:-2]) == 2
    assert "needs two solutions" in capsys.readouterr().err


def test_solutions_of_two_sweeps_are_compared_by_the_customers_in_both(swept, shop_csv, capsys):
    command = ["sweep", str(shop_csv), *with_roles(*ROLES), "--algo", "kmeans", "--grid", "n_clusters=2,3", "--json"]
    assert main(command) == 0
    every = json.loads(capsys.readouterr().out)["sweep"]
    assert main(["compare", every, "--point", "n_clusters=3", swept["sweep"], "--point", "n_clusters=3", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["customers"], document["only_before"], document["only_after"]) == (59, 1, 0)
    assert main(["compare", every, "--point", "n_clusters=3", swept["sweep"], "--point", "n_clusters=3"]) == 0
    assert "1 customer only in the first solution, not compared." in capsys.readouterr().out


def explained(sweep, capsys, *more):
    assert main(["explain", sweep, "--point", "n_clusters=3", "--json", *more]) == 0
    return json.loads(capsys.readouterr().out)["segments"]


def test_an_explanation_equals_what_pandas_computes_from_the_lines(swept, tmp_path, capsys):
    segments = explained(swept["sweep"], capsys)
    assert main(["export", swept["sweep"], "--point", "n_clusters=3", "--out", str(tmp_path / "o.csv"), "--profile"]) == 0
    capsys.readouterr()
    customers = pd.read_csv(tmp_path / "o.csv", dtype={"customer_id": str}).set_index("customer_id")
    lines = shop().assign(money=lambda frame: frame["Pieces"] * frame["Each"])
    assert [entry["customers"] for entry in segments] == sorted((entry["customers"] for entry in segments), reverse=True)
    for entry in segments:
        mine = customers[customers["segment"] == entry["label"]]
        rest = customers[customers["segment"] != entry["label"]]
        bought = lines[lines["Who"].isin(mine.index)]
        kpi = {name: figure["value"] for name, figure in entry["kpi"].items()}
        orders = bought.groupby("Who")["Receipt"].nunique().sum()
        assert (kpi["customers"], kpi["orders"], kpi["units"]) == (len(mine), orders, bought["Pieces"].sum())
        assert kpi["revenue"] == pytest.approx(bought["money"].sum())
        assert kpi["price_per_unit"] == pytest.approx(bought["money"].sum() / bought["Pieces"].sum())
        assert entry["kpi"]["units"]["share"] == pytest.approx(bought["Pieces"].sum() / lines["Pieces"].sum())
        assert entry["kpi"]["revenue_per_order"]["share"] is None
        for feature in entry["features"]:
            name = feature["name"]
            assert feature["mean"] == pytest.approx(mine[name].mean())
            assert feature["difference"] == pytest.approx((mine[name].mean() - rest[name].mean()) / customers[name].std(ddof=0))
            assert feature["low"] <= feature["difference"] <= feature["high"]
        for rule in entry["rules"]:
            assert 1 <= len(rule["conditions"]) <= 3
            found = customers
            for condition in rule["conditions"]:
                column, value = found[condition["feature"]], condition["value"]
                found = found[METS[condition["op"]](column, value)]
            share = (found["segment"] == entry["label"]).mean()
            assert rule["precision"]["low"] - 0.1 <= share <= rule["precision"]["high"] + 0.1  # measured on half of the customers
        assert entry["rules"] or entry["no_rule"]
        for category in entry["categories"]:
            made_of_recency = category["column"] == "rfm_segment"
            assert made_of_recency or category["column"] == "Land"
            assert (category["by_construction"], category["p"] is None) == (made_of_recency, made_of_recency)
            share = (mine[category["column"]] == category["value"]).mean()
            if category["value"] != "(other)":
                assert category["share"] == pytest.approx(share)
                assert category["index"] == pytest.approx(100 * share / (customers[category["column"]] == category["value"]).mean())
            assert category["low"] <= category["index"] <= category["high"]


def test_an_explanation_ranks_categories_by_spend(shop_csv, capsys):
    roles = with_roles(*ROLES, "category=Land")
    assert main(["sweep", str(shop_csv), *roles, "--algo", "kmeans", "--grid", "n_clusters=2", "--evidence", "none", "--json"]) == 0
    sweep = json.loads(capsys.readouterr().out)["sweep"]
    assert main(["explain", sweep, "--point", "n_clusters=2", "--json"]) == 0
    segments = json.loads(capsys.readouterr().out)["segments"]
    lands = [[(row["category"], row["rank"]) for row in entry["spend"]] for entry in segments]
    assert all(sorted(name for name, _ in found) == ["France", "Norway"] and [rank for _, rank in found] == [1, 2] for found in lands)
    assert all(sum(row["share"] for row in entry["spend"]) == pytest.approx(1) for entry in segments)
    assert main(["explain", sweep, "--point", "n_clusters=2"]) == 0
    assert "spends on" in capsys.readouterr().out


def test_an_explanation_of_one_segment_is_that_of_the_whole_and_reads_as_text(swept, capsys):
    everyone = explained(swept["sweep"], capsys)
    assert explained(swept["sweep"], capsys, "--segment", "1") == [entry for entry in everyone if entry["label"] == 1]
    assert main(["explain", swept["sweep"], "--point", "n_clusters=3"]) == 0
    text = capsys.readouterr().out
    for entry in everyone:
        assert f"{entry['name']}: {entry['customers']} customer" in text
        assert entry["sentence"] in text
    assert "Orders per customer" in text and "Price per unit" in text


@pytest.mark.parametrize(("asked", "said"), [("9", "9"), ("x", "--segment"), ("0,1", "--segment must be one segment"), ("noise", "-1")])
def test_a_segment_that_is_not_there_is_refused_in_one_line(swept, capsys, asked, said):
    assert main(["explain", swept["sweep"], "--point", "n_clusters=3", "--segment", asked]) == 2
    printed = capsys.readouterr().err
    assert said in printed and printed.count("\n") == 1


def test_naive_bayes_is_told_as_a_matrix_of_all_customers(swept, capsys):
    assert main(["validate", swept["sweep"], "--point", "n_clusters=3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["naive_bayes"]
    assert [sum(row) for row in found["matrix"]] == swept["points"][1]["sizes"]
    right = sum(found["matrix"][position][position] for position in range(3))
    assert found["accuracy"]["value"] == pytest.approx(right / swept["rows"])
    assert found["majority"] == pytest.approx(max(swept["points"][1]["sizes"]) / swept["rows"])
    assert main(["validate", swept["sweep"], "--point", "n_clusters=3"]) == 0
    text = capsys.readouterr().out
    assert "predicted as" in text and "not whether they exist" in text


def test_drivers_are_told_with_their_accuracy_and_written_as_tables(swept, tmp_path, capsys):
    point = [swept["sweep"], "--point", "n_clusters=3"]
    out = tmp_path / "drivers.csv"
    assert main(["drivers", *point, "--json", "--out", str(out)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert sorted(one["customers"] for one in found["segments"]) == sorted(swept["points"][1]["sizes"])
    assert found["notes"][0]["code"] == "drivers.by_construction"
    table = pd.read_csv(out)
    predicted = [one for one in found["segments"] if one["predicted"]]
    assert predicted
    for one in predicted:
        own = table[table["segment"] == one["segment"]]
        assert own["importance"].tolist() == pytest.approx([row["importance"] for row in one["drivers"]])
        assert own["importance"].is_monotonic_decreasing

    label, name = predicted[0]["segment"], predicted[0]["name"]
    assert main(["drivers", *point, "--segment", str(label), "--out", str(out)]) == 0
    text = capsys.readouterr().out
    assert "the model recognises" in text and f"“{name}”" in text and "mean |SHAP|, log-odds" in text
    values = pd.read_csv(out, dtype={"customer_id": str})
    assert len(values) == swept["rows"]
    np.testing.assert_allclose(values["base"] + values.filter(like="shap_").sum(axis=1), values["log_odds"], atol=1e-6)

    customer = values.loc[values["segment"] == label, "customer_id"].iloc[0]
    assert main(["drivers", *point, "--customer", customer, "--json"]) == 0
    one = json.loads(capsys.readouterr().out)["customer"]
    assert (one["customer_id"], one["explained_segment"]) == (customer, label)
    assert one["base"] + sum(row["contribution"] for row in one["contributions"]) == pytest.approx(one["log_odds"], abs=1e-6)
    assert main(["drivers", *point, "--customer", customer]) == 0
    assert f"Customer {customer}: log-odds " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--out", "x.html"], "--out x.html must end in .csv or .parquet"),
        (["--segment", "7"], "There is no segment 7: choose one of"),
        (["--customer", "nobody"], "Customer 'nobody' is not among the"),
    ],
)
def test_drivers_that_cannot_be_told_are_one_line(swept, capsys, options, said):
    assert main(["drivers", swept["sweep"], "--point", "n_clusters=3", *options]) == 2
    printed = capsys.readouterr().err
    assert said in printed and printed.count("\n") == 1


def test_a_map_is_a_page_or_a_table_of_all_customers(swept, tmp_path, capsys):
    point = [swept["sweep"], "--point", "n_clusters=3"]
    page, table = tmp_path / "map.html", tmp_path / "map.csv"
    assert main(["map", *point, "--method", "pca", "--out", str(page)]) == 0
    assert f"{swept['rows']} customers mapped in {page}. The map shows " in capsys.readouterr().out
    assert "Plotly.newPlot" in page.read_text() and "https://cdn" not in page.read_text()[:2_000]
    assert main(["map", *point, "--out", str(table)]) == 0
    rows = pd.read_csv(table, dtype={"customer_id": str})
    assert rows.columns.tolist() == ["customer_id", "x", "y", "segment", "segment_name"]
    assert rows["segment"].value_counts().sort_index().tolist() == swept["points"][1]["sizes"]
    assert rows[["x", "y"]].mean().abs().max() < 1e-9
    capsys.readouterr()
    assert main(["explain", *point, "--json"]) == 0
    names = {entry["label"]: entry["name"] for entry in json.loads(capsys.readouterr().out)["segments"]}
    assert dict(zip(rows["segment"], rows["segment_name"], strict=True)) == names


def test_a_map_of_neighbours_is_made_once_for_all_solutions(swept, tmp_path, capsys, monkeypatch):
    tables = []
    for point in ("n_clusters=2", "n_clusters=3"):
        out = tmp_path / f"{point}.csv"
        assert main(["map", swept["sweep"], "--point", point, "--method", "tsne", "--out", str(out)]) == 0
        assert "t-SNE map keeps customers together who are alike" in capsys.readouterr().out
        tables.append(pd.read_csv(out, dtype={"customer_id": str}))
        monkeypatch.setattr("segcore.jobs.start_task", None)
    pd.testing.assert_frame_equal(tables[0][["customer_id", "x", "y"]], tables[1][["customer_id", "x", "y"]])
    assert len(tables[0]) == swept["rows"] and tables[1]["segment"].nunique() == 3


def test_a_page_is_coloured_by_a_feature_and_a_table_has_no_colours(swept, tmp_path, capsys):
    command = ["map", swept["sweep"], "--point", "n_clusters=3", "--out"]
    page = tmp_path / "map.html"
    assert main([*command, str(page), "--colour", "Recency"]) == 0
    assert "Colours go from" in page.read_text()
    capsys.readouterr()
    assert main([*command, str(page), "--colour", "Recensy"]) == 2
    assert "Unknown feature 'Recensy'" in capsys.readouterr().err
    assert main([*command, str(tmp_path / "map.csv"), "--colour", "Recency"]) == 2
    assert "--colour is for a page" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("out", "said"),
    [("map.png", "--out must be a file named .html or .csv, got"), ("nowhere/map.csv", "is in a folder that does not exist")],
)
def test_a_map_that_cannot_be_written_is_refused_in_one_line(swept, tmp_path, capsys, out, said):
    assert main(["map", swept["sweep"], "--point", "n_clusters=3", "--out", str(tmp_path / out)]) == 2
    printed = capsys.readouterr().err
    assert said in printed and printed.count("\n") == 1


def test_rules_and_the_tree_are_printed_in_words_and_their_sql_selects_the_same_customers(swept, shop_csv, tmp_path, capsys):
    point = [swept["sweep"], "--point", "n_clusters=3"]
    out = tmp_path / "all.csv"
    assert main(["export", *point, "--out", str(out), "--profile"]) == 0
    capsys.readouterr()
    assert main(["explain", *point, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert main(["rules", *point]) == 0
    words = capsys.readouterr().out
    names = {entry["label"]: entry["name"] for entry in document["segments"]}
    assert [line.split(":")[0] for line in words.splitlines()] == [names[0], names[1], names[2]]
    assert main(["rules", *point, "--what", "tree"]) == 0
    assert "of the customers into their own segment" in capsys.readouterr().out
    assert (
        3 <= document["tree"]["leaves"] <= 6
        and sum(document["tree"]["text"].count(f"{name}") for name in names.values()) >= document["tree"]["leaves"]
    )
    sql = tmp_path / "tree.sql"
    assert main(["rules", *point, "--what", "tree", "--sql", "--table", str(out), "--out", str(sql)]) == 0
    capsys.readouterr()
    found = duckdb.connect().execute(sql.read_text()).fetchdf()
    exported = pd.read_csv(out)
    agreement = (found.sort_values("customer_id")["segment"].to_numpy() == exported.sort_values("customer_id")["segment"].to_numpy()).mean()
    assert list(found) == ["customer_id", "segment"] and agreement > 0.85
    [segment] = [entry for entry in document["segments"] if entry["label"] == 0]
    assert main(["rules", *point, "--segment", "0", "--sql", "--table", str(out)]) == 0
    ids = duckdb.connect().execute(capsys.readouterr().out).fetchdf()["customer_id"]
    chosen = exported
    for condition in segment["rules"][0]["conditions"]:
        chosen = chosen[METS[condition["op"]](chosen[condition["feature"]], condition["value"])]
    assert sorted(map(int, ids)) == sorted(chosen["customer_id"])
    assert main(["rules", *point, "--segment", "0", "--filter"]) == 0
    kept = tmp_path / "kept.csv"
    command = ["features", str(shop_csv), *with_roles(*ROLES), "--where", capsys.readouterr().out.strip(), "--out", str(kept)]
    assert main(command) == 0
    assert " customers meet customer." in capsys.readouterr().err
    assert set(pd.read_csv(kept)["customer_id"]) & set(exported["customer_id"]) == set(chosen["customer_id"])
    assert main(["score", *point, str(shop_csv), *with_roles(*ROLES), "--where", "customer.Recency > 5", "--out", str(kept)]) == 2
    assert "scoring includes all customers of the rows" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--dialect", "spark"], "add --sql"),
        (["--sql", "--segment", "9"], "9"),
        (["--what", "tree", "--segment", "0"], "all segments at once"),
        (["--what", "tree", "--sql", "--segment", "0"], "all segments at once"),
        (["--sql", "--out", "nowhere/x.sql"], "nowhere"),
        (["--sql", "--filter"], "leave out --sql"),
    ],
)
def test_rules_that_cannot_be_printed_are_refused_in_one_line(swept, capsys, more, said):
    assert main(["rules", swept["sweep"], "--point", "n_clusters=3", *more]) == 2
    printed = capsys.readouterr().err
    assert said in printed and printed.count("\n") == 1


def test_noise_alone_is_explained_without_rules_or_a_tree(shop_csv, capsys):
    grid = ["--grid", "eps=1e-9", "--grid", "min_samples=5"]
    assert main(["sweep", str(shop_csv), *with_roles(*ROLES), "--algo", "dbscan", *grid, "--evidence", "none", "--json"]) == 0
    point = [json.loads(capsys.readouterr().out)["sweep"], "--point", "eps=1e-9,min_samples=5"]
    assert main(["explain", *point, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["tree"] is None and [(entry["label"], entry["rules"]) for entry in document["segments"]] == [(-1, [])]
    for more in ([], ["--sql"], ["--what", "tree"], ["--what", "tree", "--sql"]):
        assert main(["rules", *point, *more]) == 2
        assert "all customers are noise" in capsys.readouterr().err


def test_the_items_of_each_segment_are_listed_by_tf_idf(tmp_path, capsys):
    draw = np.random.default_rng(2)
    user = np.repeat(np.arange(60), 8)
    likes = np.where(user % 2 == 0, draw.choice(list("abcd"), len(user)), draw.choice(list("wxyz"), len(user)))
    ratings = pd.DataFrame({"user": user, "item": likes, "rating": draw.integers(1, 6, len(user))}).drop_duplicates(["user", "item"])
    ratings["rating"] = np.where(ratings["user"] % 2 == 0, 5, ratings["rating"].clip(upper=2))
    ratings.to_csv(tmp_path / "r.csv", index=False)
    pd.DataFrame({"item": list("abcdwxyz"), "title": [f"Film {name.upper()}" for name in "abcdwxyz"]}).to_csv(
        tmp_path / "i.csv", index=False
    )
    command = ["sweep", str(tmp_path / "r.csv"), "--kind", "ratings", "--items", str(tmp_path / "i.csv"), "--algo", "kmeans"]
    assert main([*command, "--grid", "n_clusters=2", "--features", "mean_rating", "--evidence", "none", "--json"]) == 0
    point = [json.loads(capsys.readouterr().out)["sweep"], "--point", "n_clusters=2"]
    assert main(["items", *point, "--top", "3", "--json"]) == 0
    segments = json.loads(capsys.readouterr().out)["segments"]
    assert [segment["customers"] for segment in segments] == [30, 30]
    matrix = ratings.pivot(index="user", columns="item", values="rating").fillna(0)
    weights = TfidfTransformer().fit_transform(matrix).toarray()
    for segment in segments:
        even = segment["top"][0]["item"] in "abcd"
        mean = pd.Series(weights[::2].mean(axis=0) if even else weights[1::2].mean(axis=0), index=matrix.columns)
        assert [one["tfidf"] for one in segment["top"]] == pytest.approx(mean.sort_values(ascending=False)[:3].tolist())
        assert [one["tfidf"] for one in segment["top"]] == pytest.approx([mean[one["item"]] for one in segment["top"]])
        assert [one["title"] for one in segment["top"]] == [f"Film {one['item'].upper()}" for one in segment["top"]]
        assert segment["n_items"] == 4 and all(one["low"] > 100 for one in segment["top"])
    assert main(["items", *point]) == 0
    assert f"{segments[0]['top'][0]['title']} (" in capsys.readouterr().out
    assert main(["items", *point, "--what", "category"]) == 2
    assert "no column with the role category" in capsys.readouterr().err
    assert main(["items", *point, "--top", "0"]) == 2


@pytest.fixture
def later_csv(tmp_path):
    """Return the shop's next hundred days, with some customers who are new and without some who are gone."""
    lines = shop(seed=1)
    lines["Moment"] = (pd.to_datetime(lines["Moment"]) + pd.Timedelta(days=100)).dt.strftime("%Y-%m-%d %H:%M:%S")
    lines["Who"] = [f"{int(who) + (60 if int(who) < 4 else 0):05d}" for who in lines["Who"]]
    lines.to_csv(tmp_path / "later.csv", index=False)
    return tmp_path / "later.csv"


@pytest.mark.parametrize("command", ["score", "over-time"])
def test_order_lines_that_do_not_fit_into_memory_can_be_scored_and_followed(swept, later_csv, tmp_path, capsys, command):
    lines = pd.read_csv(later_csv, dtype={"Who": str, "Doc": str}, parse_dates=["Moment"])
    lines.to_parquet(tmp_path / "later.parquet")
    options = ["--point", "n_clusters=3", str(tmp_path / "later.parquet"), "--as-of", "2011-08-01"]
    for frames in ("pandas", "duckdb"):
        assert main([command, swept["sweep"], *options, "--frames", frames, "--out", str(tmp_path / f"{frames}.csv")]) == 0
    assert capsys.readouterr().err.count("Traceback") == 0
    rows = read(tmp_path / "duckdb.csv")
    assert rows == read(tmp_path / "pandas.csv") and len(rows) >= 60


def test_segments_are_followed_into_later_data(swept, later_csv, tmp_path, capsys):
    command = ["over-time", swept["sweep"][:10], "--point", "n_clusters=3", str(later_csv)]
    assert main([*command, "--json", "--out", str(tmp_path / "followed.csv")]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["customers"] == {"both": 55, "new": 4, "gone": 4, "aside": 1}
    rows = read(tmp_path / "followed.csv")
    assert len(rows) == 64 and sum(row["status"] == "new" for row in rows) == 4
    assert sum(row["cause"] == "behaviour" for row in rows) == document["moved"]
    assert sum(one["customers"] for one in document["migration"]) == 63
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(document["verdict"]["text"])
    assert all(one["text"] in shown for one in document["verdict"]["reasons"])
    assert all(fate["text"] in shown for fate in document["refit"]["fates"])


def test_what_was_asked_before_is_answered_from_the_store(swept, later_csv, capsys, monkeypatch):
    command = ["over-time", swept["sweep"], "--point", "n_clusters=3", str(later_csv), "--json"]
    assert main(command) == 0
    first = capsys.readouterr().out
    monkeypatch.setattr("segcore.segments.over_time.changes.compare_later", None)
    assert main(command) == 0
    assert capsys.readouterr().out == first


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--as-of", "2011-01-05"), "which is before the sweep's date"),
        (("--as-of", "soon"), "must be a date"),
        (("--out", "followed.txt"), "must end in .csv or .parquet"),
        (("--to", "2011-04-05"), "No customer"),
        (("--as-of", "2013-01-01"), "share 56 customers, but each is set aside in one of them"),
    ],
)
def test_what_cannot_be_followed_is_one_line(more, told, swept, later_csv, capsys):
    if told == "No customer":
        later_csv.write_text(later_csv.read_text().replace("\n00", "\nX0"))
        more = ()
    assert main(["over-time", swept["sweep"], "--point", "n_clusters=3", str(later_csv), *more]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert told in error[-1]


def labels_of(sql, table):
    """Return the segment of each customer that DuckDB finds in a file of features."""
    connection = duckdb.connect()
    connection.execute(f"CREATE VIEW customers AS FROM '{table}'")
    return dict(connection.execute(sql.read_text()).fetchall())


def test_sql_scores_the_features_of_a_later_month_as_score_does(swept, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    later = shop(seed=8, days=130)
    later["Each"] *= 1.2
    later.to_csv("later.csv", index=False)
    sweep, point = swept["sweep"][:8], ("--point", "n_clusters=3")
    assert main(["export", sweep, *point, "--sql", "--out", "score.sql"]) == 0
    assert capsys.readouterr().out == "SQL that scores customers of customers in DuckDB written to score.sql.\n"
    dated = ("--as-of", "2011-05-15")
    assert main(["features", "later.csv", "--like", sweep, *dated, "--out", "later.parquet", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert main(["score", sweep, *point, "later.csv", *dated, "--out", "scored.csv"]) == 0
    scored = {row["customer_id"]: int(row["segment"]) for row in read(tmp_path / "scored.csv")}
    assert labels_of(tmp_path / "score.sql", "later.parquet") == scored
    assert set(scored.values()) == {0, 1, 2}
    assert (document["customers"], document["reference_date"]) == (len(scored), "2011-05-15T23:59:59")
    assert main(["features", "shop.csv", "--features", "all", *with_roles(*ROLES), "--out", "all.parquet"]) == 0
    assert main(["features", "shop.csv", "--like", sweep, "--out", "again.parquet"]) == 0
    pd.testing.assert_frame_equal(pd.read_parquet("all.parquet"), pd.read_parquet("again.parquet"))


def test_features_like_those_of_a_sweep_keep_its_categories_and_fill_values(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    dice = np.random.default_rng(0)
    frame = pd.DataFrame({"id": [f"c{row:03d}" for row in range(120)], "spend": dice.lognormal(3, 1, 120), "age": dice.normal(40, 9, 120)})
    frame["city"] = dice.choice(["O'Brien; --", "b", 'c"'], 120)
    frame.loc[::4, "age"] = None
    frame.to_csv("first.csv", index=False)
    command = ["sweep", "first.csv", "--kind", "customers", "--role", "customer=id", "--algo", "gaussian_mixture"]
    assert main([*command, "--grid", "n_components=3", "--grid", "covariance_type=full", "--json"]) == 0
    sweep = json.loads(capsys.readouterr().out)["sweep"]
    later = frame.assign(city=np.where(frame.index % 5 == 0, "new", frame["city"]), spend=frame["spend"] * 1.5)
    later.loc[:, "age"] = np.where(frame.index % 3 == 0, np.nan, later["age"] + 30)
    later.to_csv("later.csv", index=False)
    assert main(["features", "later.csv", "--like", sweep, "--out", "later.parquet", "--dictionary", "dictionary.csv"]) == 0
    capsys.readouterr()
    built = pd.read_parquet("later.parquet").set_index("customer_id")
    assert (built.loc[frame["id"][::3], "age"] == frame["age"].median()).all()
    assert built.filter(like="city=").loc[frame["id"][::5]].sum().sum() == 0
    assert main(["export", sweep, "--point", "n_components=3", "--sql", "--out", "score.sql"]) == 0
    assert main(["score", sweep, "--point", "n_components=3", "later.csv", "--out", "scored.csv"]) == 0
    assert labels_of(tmp_path / "score.sql", "later.parquet") == {
        r["customer_id"]: int(r["segment"]) for r in read(tmp_path / "scored.csv")
    }
    later.drop(columns="city").to_csv("lacking.csv", index=False)
    capsys.readouterr()
    assert main(["features", "lacking.csv", "--like", sweep, "--out", "no.parquet"]) == 2
    assert "city" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("export", "SWEEP", "--sql", "--out", "score.csv"), "score.csv must end in .sql"),
        (("export", "SWEEP", "--dialect", "spark", "--out", "a.csv"), "--dialect is for SQL: add --sql."),
        (
            ("export", "SWEEP", "--sql", "--model", "m.zip", "--copies", "--out", "a.sql"),
            "leave out --copies, --model, or leave out --sql.",
        ),
        (("export", "SWEEP", "--sql", "--out", "no/such/a.sql"), "cannot be written"),
        (("features", "shop.csv", "--as-of", "2011-05-15", "--out", "a.csv"), "add --like SWEEP"),
        (("features", "shop.csv", "--like", "abc", "--out", "a.csv"), "There is no sweep 'abc'"),
        (
            ("features", "shop.csv", "--like", "SWEEP", "--features", "kit", "--seed", "3", "--out", "a.csv"),
            "leave out --features, --seed.",
        ),
        (("features", "shop.csv", "--like", "SWEEP", "--as-of", "2010-01-01", "--out", "a.csv"), "after the as-of date 2010-01-01"),
    ],
    ids=str,
)
def test_what_sql_or_features_cannot_be_is_one_line(swept, tmp_path, monkeypatch, capsys, command, said):
    monkeypatch.chdir(tmp_path)
    point = ("--point", "n_clusters=2") if command[0] == "export" else ()
    assert main([*(swept["sweep"] if word == "SWEEP" else word for word in command), *point]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert said in shown.err
    assert not list(tmp_path.glob("a.*"))
