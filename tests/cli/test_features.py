import http.server
import json
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from segcore.cli import main
from segcore.features.planning.sets import FEATURE_SETS

HEADER = "customer_id,order_id,date,sku,quantity,price,country\n"


def lines(n=400):
    draw = np.random.default_rng(0)
    rows = []
    for number in range(n):
        customer = f"{draw.integers(0, 40):03d}"
        date = pd.Timestamp("2024-01-01") + pd.Timedelta(hours=int(draw.integers(0, 5000)))
        country = "FR" if number % 2 else "DE"
        rows.append(
            f"{customer},{number // 3},{date:%Y-%m-%d %H:%M},A{number % 9},{draw.integers(-1, 6)},{draw.gamma(2, 4):.2f},{country}\n"
        )
    return "".join(rows)


@pytest.fixture
def orders(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(HEADER + lines() + ",9,2024-02-01,A1,1,1.0,FR\n")
    return str(path)


@pytest.fixture
def run(capsys, tmp_path):
    def call(*arguments):
        code = main(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_features_are_written_sorted_with_the_customer_first(run, orders, tmp_path):
    out = tmp_path / "features.parquet"

    code, printed, said = run("features", orders, "--out", str(out))

    table = pd.read_parquet(out)
    assert code == 0
    assert list(table.columns) == ["customer_id", *FEATURE_SETS["value"]]
    assert list(table["customer_id"]) == sorted(table["customer_id"])
    assert "5 features written" in printed
    assert said == "note: 1 row set aside: without customer_id.\n"


def test_csv_and_parquet_hold_the_same_numbers_and_ids_keep_their_zeros(run, orders, tmp_path):
    for suffix in ("csv", "parquet"):
        assert run("features", orders, "--features", "all", "--outliers", "none", "--out", str(tmp_path / f"f.{suffix}"))[0] == 0

    csv = pd.read_csv(tmp_path / "f.csv", dtype={"customer_id": str}, float_precision="round_trip")
    parquet = pd.read_parquet(tmp_path / "f.parquet")
    assert list(csv["customer_id"]) == list(parquet["customer_id"])
    assert csv["customer_id"].str.startswith("0").all()
    np.testing.assert_array_equal(csv.drop(columns="customer_id"), parquet.drop(columns="customer_id"))
    assert {"log_spend", "rfm_recency", "share_night"} <= set(parquet.columns)
    assert not parquet.isna().any().any()


def test_copies_carry_their_number_and_the_seed_decides(run, orders, tmp_path):
    def table(name, *options):
        assert run("features", orders, "--features", "small", "--repeats", "2", *options, "--out", str(tmp_path / name))[0] == 0
        return pd.read_parquet(tmp_path / name)

    first, same, other = table("a.parquet"), table("b.parquet", "--seed", "0"), table("c.parquet", "--seed", "1")

    assert list(first.columns) == ["customer_id", "copy", "Amount", "NumberOfOrders", "Recency"]
    assert first["copy"].tolist() == [0, 1] * (len(first) // 2)
    pd.testing.assert_frame_equal(first, same)
    assert not first.equals(other)


def test_the_report_is_one_json_document_that_counts_everything(run, orders, tmp_path):
    out = tmp_path / "f.parquet"

    code, printed, _ = run("features", orders, "--where", "country = 'FR'", "--features", "Recency,Amount", "--json", "--out", str(out))

    report = json.loads(printed)
    assert code == 0
    assert report["rows"] + report["set_aside"]["customers"] == report["customers"]
    assert report["rows"] == len(pd.read_parquet(out))
    assert report["rows_read"] == report["rows_used"] + report["rows_filtered_out"] + sum(report["rows_set_aside"].values()) == 401
    assert report["features"] == ["Recency", "Amount"]
    assert report["data"]["filters"] == ["country = 'FR'"]
    assert report["set_aside"]["revenue_share"] is not None


def test_roles_and_kind_can_be_said(run, orders, tmp_path):
    out = tmp_path / "f.parquet"

    code, printed, _ = run(
        "features", orders, "--role", "customer=country", "--role", "item=", "--outliers", "none", "--json", "--out", str(out)
    )

    assert code == 0
    assert "item" not in json.loads(printed)["data"]["roles"]
    assert list(pd.read_parquet(out)["customer_id"]) == ["DE", "FR"]


def test_one_row_a_customer_is_all_its_columns_without_an_outlier_rule(run, tmp_path):
    path = tmp_path / "customers.csv"
    path.write_text("id,age,plan,spend\n" + "".join(f"c{n},{20 + n},p{n % 2},{n**3}\n" for n in range(30)))
    out = tmp_path / "f.csv"

    code, printed, _ = run("features", str(path), "--kind", "customers", "--json", "--out", str(out))

    assert code == 0
    assert json.loads(printed)["features"] == ["age", "plan=p1", "spend"]
    assert len(pd.read_csv(out)) == 30


def test_an_id_that_a_spreadsheet_would_run_is_marked_in_csv_only(run, tmp_path):
    path = tmp_path / "customers.csv"
    path.write_text("id,age\n=1+1,30\n@x,40\n-5,50\n")
    for suffix in ("csv", "parquet"):
        assert run("features", str(path), "--out", str(tmp_path / f"f.{suffix}"))[0] == 0

    assert pd.read_csv(tmp_path / "f.csv", dtype=str)["customer_id"].tolist() == ["-5", "'=1+1", "'@x"]
    assert pd.read_parquet(tmp_path / "f.parquet")["customer_id"].tolist() == ["-5", "=1+1", "@x"]


def test_polars_builds_the_same_file(run, orders, tmp_path):
    for frames in ("pandas", "polars"):
        assert run("features", orders, "--features", "all", "--frames", frames, "--out", str(tmp_path / f"{frames}.parquet"))[0] == 0

    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "pandas.parquet"), pd.read_parquet(tmp_path / "polars.parquet"), rtol=1e-9)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--features", "spend"], ["'spend'"]),
        (["--role", "customer"], ["ROLE=COLUMN"]),
        (["--role", "buyer=x"], ["'buyer'"]),
        (["--role", "customer=x"], ["no column 'x'"]),
        (["--role", "customer=sku", "--role", "customer=date"], ["twice"]),
        (["--where", "land = 'FR'"], ["'land'"]),
        (["--where", "drop table"], ["filter"]),
        (["--from", "yesterday"], ["first day must be a date"]),
        (["--from", "2024-03-01", "--to", "2024-02-01"], ["ends before"]),
        (["--from", "2030-01-01"], ["no row left"]),
        (["--repeats", "0"], ["--repeats"]),
        (["--seed", "-1"], ["--seed"]),
        (["--kind", "orders"], ["--kind"]),
    ],
)
def test_a_users_error_is_one_line_and_exit_code_2(run, orders, tmp_path, options, words):
    out = tmp_path / "f.parquet"

    code, printed, said = run("features", orders, *options, "--out", str(out))

    assert (code, printed) == (2, "")
    assert said.count("\n") == 1
    for word in words:
        assert word in said
    assert not out.exists()


def test_a_place_that_cannot_be_written_is_said_before_anything_is_read(run, orders, tmp_path):
    for out in (tmp_path / "f.xlsx", tmp_path / "no" / "f.csv"):
        code, _, said = run("features", "nothing.csv", "--out", str(out))
        assert code == 2
        assert str(out) in said
    (tmp_path / "folder.csv").mkdir()
    code, _, said = run("features", orders, "--out", str(tmp_path / "folder.csv"))
    assert (code, said.count("\n")) == (2, 2)
    assert list(tmp_path.glob(".*")) == []


def test_the_samples_are_listed(run):
    code, printed, _ = run("samples", "--json")
    listed = {sample["name"]: sample for sample in json.loads(printed)["samples"]}

    assert code == 0
    assert listed["complete-journey"]["here"] is True
    assert listed["online-retail"]["here"] is False
    assert "segcore samples get online-retail" in run("samples")[1]


@pytest.fixture
def address(orders):
    content = Path(orders).read_bytes()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/orders.csv"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_sample_is_fetched_once_and_used_by_name(run, address, tmp_path):
    code, printed, _ = run("samples", "get", "online-retail", "--url", address, "--json")

    assert code == 0
    assert json.loads(printed) == {"sample": "online-retail", "rows": 401, "here": True}
    assert json.loads(run("samples", "--json")[1])["samples"][1]["here"] is True
    assert run("features", "online-retail", "--out", str(tmp_path / "f.parquet"))[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["get", "nothing"], "complete-journey, online-retail"),
        (["get", "online-retail", "--url", "ftp://x"], "not a web address"),
        (["put"], "put"),
    ],
)
def test_a_sample_that_cannot_be_had_is_one_line(run, arguments, words):
    code, printed, said = run("samples", *arguments)

    assert (code, printed) == (2, "")
    assert said.count("\n") == 1
    assert words in said


def test_a_sample_that_comes_with_the_product_need_not_be_fetched(run):
    assert run("samples", "get", "complete-journey")[0] == 0
    assert run("samples", "get", "complete-journey", "--url", "http://127.0.0.1/x")[0] == 2


class TestReport:
    @pytest.fixture
    def written(self, run, orders, tmp_path):
        files = {name: tmp_path / f"{name}.{ending}" for name, ending in (("report", "json"), ("dictionary", "csv"), ("aside", "csv"))}
        options = [part for name, path in files.items() for part in (f"--{name}", str(path))]
        code, _, said = run("features", orders, "--out", str(tmp_path / "x.parquet"), "--where", "country = 'FR'", *options)
        assert code == 0, said
        return files

    def test_every_row_is_accounted_for(self, written):
        report = json.loads(written["report"].read_text())

        rows = report["rows"]
        assert rows["read"] == 401 == rows["used"] + rows["set_aside_total"] + rows["filtered_out"]
        assert rows["set_aside"] == {"without customer_id": 1}
        assert rows["filters"] == ["country = 'FR'"]
        assert rows["set_aside_findings"] == [
            {"reason": "without customer_id", "code": "row.missing_value", "values": {"column": "customer_id"}, "rows": 1}
        ]
        customer = report["roles"]["customer"]
        assert (customer["column"], customer["code"]) == ("customer_id", "role.name_and_values")
        assert customer["reason"].startswith("by its name")
        assert report["features"]["names"][0] == "Recency"

    def test_rows_set_aside_are_there_with_their_place_and_their_reason(self, written):
        aside = pd.read_csv(written["aside"], dtype=str)
        assert aside["Why"].tolist() == ["without customer_id"]
        assert aside["Row"].tolist() == ["line 402"]
        assert aside["sku"].tolist() == ["A1"]

    def test_the_dictionary_has_every_feature_and_why_others_are_none(self, written):
        dictionary = pd.read_csv(written["dictionary"])
        assert {"Amount", "Recency", "log_spend"} <= set(dictionary["Feature"])
        assert dictionary["Description"].str.len().min() > 10

    def test_a_place_that_cannot_be_written_to_is_said_before_the_work(self, run, orders, tmp_path):
        code, _, said = run("features", orders, "--out", str(tmp_path / "x.parquet"), "--aside", str(tmp_path / "no" / "aside.csv"))
        assert code == 2
        assert "--aside" in said and "create it first" in said
        assert not (tmp_path / "x.parquet").exists()


def test_numbers_that_may_be_codes_are_pointed_out(run, tmp_path):
    path = tmp_path / "shops.csv"
    path.write_text("id,Region,spend\n" + "".join(f"s{n},{n % 3 + 1},{n * 7 % 101 + 0.5}\n" for n in range(60)))
    code, _, said = run("features", str(path), "--out", str(tmp_path / "x.csv"))
    assert code == 0
    assert "note: Region has few different whole numbers: if they are codes, declare them with --category" in said
    assert "few different whole numbers" not in run("features", str(path), "--category", "Region", "--out", str(tmp_path / "x.csv"))[2]


def test_a_second_table_of_customers_is_in_the_dictionary_and_its_key_can_be_named(run, orders, tmp_path):
    people = tmp_path / "people.csv"
    ids = sorted(set(pd.read_csv(orders, dtype=str)["customer_id"].dropna()))
    people.write_text("nr,who,town\n" + "".join(f"{n},{who},{'Rome' if n % 2 else 'Oslo'}\n" for n, who in enumerate(ids)))
    given = ("--customers", str(people), "--dictionary", str(tmp_path / "d.csv"), "--out", str(tmp_path / "f.csv"))

    assert run("features", orders, *given, "--customers-key", "who")[0] == 0
    kinds = pd.read_csv(tmp_path / "d.csv").set_index("Feature")["Kind"]
    assert kinds["town"] == "profile"

    code, printed, said = run("features", orders, *given, "--customers-key", "town")
    assert (code, printed) == (2, "")
    assert "people.csv has no row for any customer of the data: town has values such as 'Oslo'" in said
    code, printed, said = run("features", orders, "--customers-key", "who", "--out", str(tmp_path / "f.csv"))
    assert code == 2 and "give that table with --customers" in said


def test_missions_are_a_profile_column_of_the_file(run, tmp_path):
    path = tmp_path / "baskets.csv"
    rows = [f"c{n % 9},o{n},2024-01-{n % 28 + 1:02d},{['Food', 'Toys'][n % 3 == 0]},2" for n in range(60)]
    path.write_text("\n".join(["customer_id,order_id,date,department,amount", *rows]))
    given = ("--with-profile", "--out", str(tmp_path / "f.csv"))
    code, _, said = run("features", str(path), "--missions", "2", *given)
    assert code == 0
    assert "note: 2 basket missions, found in 60 orders by their shares of spend on each department: Food (67 %); Toys (33 %)." in said
    found = pd.read_csv(tmp_path / "f.csv", dtype={"customer_id": str}).set_index("customer_id")["basket_mission"]
    assert found.to_dict() == {f"c{n}": "Toys" if n % 3 == 0 else "Food" for n in range(9)}
    code, printed, said = run("features", str(path), "--missions", "1", *given)
    assert (code, printed) == (2, "")
    assert said.endswith("The number of basket missions must be between 2 and 20, got 1.\n")


@pytest.fixture
def ratings(tmp_path):
    draw = np.random.default_rng(0)
    pairs = [(who, what) for who in range(60) for what in range(20) if draw.random() < 0.4]
    text = "".join(f"u{who:02d},i{what:02d},{1 + (who * what + draw.integers(0, 2)) % 5}\n" for who, what in pairs)
    (tmp_path / "ratings.csv").write_text("user,item,rating\n" + text)
    (tmp_path / "films.csv").write_text("item,title\n" + "".join(f"i{what:02d},Film {what}\n" for what in range(20)))
    return str(tmp_path / "ratings.csv")


def test_components_are_features_by_their_number_and_kind(run, ratings, tmp_path):
    out, films = tmp_path / "f.csv", str(tmp_path / "films.csv")
    options = ("--kind", "ratings", "--items", films, "--features", "components=3", "--matrix", "zero", "--components", "svd")

    code, printed, _ = run(
        "features", ratings, *options, "--least-items", "2", "--out", str(out), "--dictionary", str(tmp_path / "d.csv"), "--json"
    )

    document = json.loads(printed)
    assert code == 0
    assert document["data"]["taste"] == {
        "of": "item",
        "matrix": "zero",
        "components": "svd",
        "n": 3,
        "least_items": 2,
        "least_customers": 1,
        "seed": 0,
        "lengths": "kept",
    }
    assert document["features"] == ["component_1", "component_2", "component_3"]
    # The first singular vector of positive values follows how much somebody rates.
    frame = pd.read_csv(ratings).pivot(index="user", columns="item", values="rating").fillna(0)
    np.testing.assert_allclose(pd.read_csv(out)["component_1"], np.abs(np.linalg.svd(frame)[0][:, 0] * np.linalg.svd(frame)[1][0]))
    dictionary = pd.read_csv(tmp_path / "d.csv").set_index("Feature")
    assert dictionary.loc["component_1", "Title"].startswith("Taste 1: Film ")


def test_items_are_features_themselves_when_asked_for(run, ratings, tmp_path):
    code, *_ = run("features", ratings, "--kind", "ratings", "--features", "raw", "--out", str(tmp_path / "f.csv"))

    assert code == 0
    assert list(pd.read_csv(tmp_path / "f.csv").columns) == ["customer_id", *(f"item=i{what:02d}" for what in range(20))]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--features", "components=3", "--components", "nmf"), "(NMF) cannot be computed on Spark: choose components pca or svd"),
        (("--features", "raw"), "Spark does not make items features: choose features components=10"),
    ],
)
def test_spark_is_for_components_before_anything_is_read(run, tmp_path, options, words):
    code, _, said = run("features", str(tmp_path / "not read.csv"), "--frames", "spark", *options, "--out", str(tmp_path / "f.csv"))

    assert code == 2
    assert said.startswith("segcore: ") and said.endswith(f"{words}, or leave out --frames spark.\n") and said.count("\n") == 1


def test_options_of_components_need_components(run, ratings, tmp_path):
    code, _, said = run("features", ratings, "--kind", "ratings", "--matrix", "log", "--out", str(tmp_path / "f.csv"))

    assert code == 2
    assert said == "segcore: --matrix 'log' is about components or items as features: also choose features components=10 or raw.\n"
