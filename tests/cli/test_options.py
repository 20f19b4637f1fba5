import argparse
from dataclasses import replace

import numpy as np
import pytest

from segcore.cli.meaning import parse_roles
from segcore.cli.options import add_data_options, add_sweep_options, plan_from, print_notes, request_from
from segcore.errors import ParameterError
from segcore.features.planning.sets import FEATURE_SETS
from segcore.records.data_rules import ColumnRules, ReadOptions, RowRules
from segcore.records.feature_table import FeatureEntry, FeatureTable
from segcore.records.finding import Finding
from segcore.records.intake import DataRequest, Intake
from segcore.records.plan import Plan


def parse(*arguments, sweep=False):
    parser = argparse.ArgumentParser()
    add_data_options(parser)
    if sweep:
        add_sweep_options(parser)
    return parser.parse_args(arguments)


def intake_of(kind):
    return Intake("t", {}, kind, {}, (), 1, 1, {}, 0, (), "p", 1, None, None, None)


def table_of(names):
    entries = tuple(FeatureEntry(name, name, "", "") for name in names)
    return FeatureTable(np.zeros((1, len(names))), tuple(names), np.array(["1"], dtype=object), np.zeros(1, dtype=np.int32), entries)


def test_what_is_left_out_is_left_to_the_data():
    assert request_from(parse("orders.csv")) == DataRequest("orders.csv")


def test_every_option_reaches_the_request():
    args = parse(
        *("x.csv", "--kind", "transactions", "--role", "customer=Customer ID", "--role", "item=", "--where", "a = 1", "--where", "b = 2"),
        *("--from", "2011-01-01", "--to", "2011-02-01", "--frames", "polars"),
    )

    assert request_from(args) == DataRequest(
        "x.csv",
        kind="transactions",
        roles={"customer": "Customer ID", "item": ""},
        where=("a = 1", "b = 2"),
        date_from="2011-01-01",
        date_to="2011-02-01",
        frames="polars",
    )


def test_a_column_may_contain_an_equals_sign():
    assert parse_roles(["amount=a=b"]) == {"amount": "a=b"}


@pytest.mark.parametrize("texts", [["customer"], ["buyer=x"], ["customer=x", "customer=y"], ["=x"]])
def test_a_malformed_role_is_refused(texts):
    with pytest.raises(ParameterError):
        parse_roles(texts)


def test_defaults_are_those_of_the_datas_kind():
    transactions = plan_from(parse("x"), intake_of("transactions"), table_of([*FEATURE_SETS["value"], "NumberOfOrders"]))
    customers = plan_from(parse("x"), intake_of("customers"), table_of(["age", "spend"]))

    assert transactions == Plan(FEATURE_SETS["value"], ideas="once")
    assert customers == Plan(("age", "spend"), ideas="once")


def test_a_setting_is_the_beginning_of_which_other_options_change_parts():
    table, kind = table_of([*FEATURE_SETS["kit"], "invoices"]), intake_of("transactions")
    kit = Plan(FEATURE_SETS["kit"], "kit")

    assert plan_from(parse("x", "--setting", "kit"), kind, table) == kit
    assert plan_from(parse("x"), kind, table, usual="kit") == kit
    assert plan_from(parse("x"), intake_of("customers"), table_of(["age"]), usual="kit") == Plan(("age",), ideas="once")
    asked = parse(
        "x", "--setting", "kit", "--features", "invoices", "--outliers", "none", "--algo", "kmeans", "--ideas", "once", sweep=True
    )
    assert plan_from(asked, kind, table) == Plan(("invoices",), ideas="once")
    with pytest.raises(ParameterError, match="for customers, not for transactions"):
        plan_from(parse("x", "--setting", "minmax"), kind, table)


def test_skewed_features_are_logged_unless_transforms_are_named_or_none():
    values = np.random.default_rng(0).lognormal(size=(300, 2))
    table = replace(table_of(["debt", "spend"]), values=values)

    def transforms(*options):
        return plan_from(parse("x", "--algo", "kmeans", *options, sweep=True), intake_of("customers"), table).transforms

    assert transforms() == {"debt": "log", "spend": "log"}
    assert transforms("--transform", "none") == {}
    assert transforms("--transform", "power=debt") == {"debt": "power"}
    assert transforms("--setting", "minmax") == {}


def test_what_is_asked_for_counts_for_every_kind():
    options = (
        "--features",
        "age",
        "--outliers",
        "none",
        "--repeats",
        "3",
        "--seed",
        "5",
        "--priority",
        "high=age",
        "--transform",
        "log=age",
    )
    args = parse("x", "--algo", "kmeans", "--scaler", "robust", *options, sweep=True)

    options = plan_from(args, intake_of("customers"), table_of(["age", "spend"]))

    assert (options.features, options.outliers, options.repeats, options.seed) == (("age",), "none", 3, 5)
    assert (options.scaler, options.weights, options.transforms) == ("robust", {"age": 4.0}, {"age": "log"})


def test_what_is_said_of_the_file_its_rows_and_its_columns_is_asked():
    file = ("--delimiter", "\\t", "--encoding", "cp1252", "--sheet", "A", "--sheet", "B", "--header-row", "3", "--guess")
    rows = ("--date-order", "dmy", "--set-aside", "--cancelled", "aside", "--duplicates", "aside")
    columns = ("--exclude", 'a,"b, c"', "--exclude", "d", "--category", "e", "--min-share", "0.05", "--max-categories", "4")

    asked = request_from(parse("x", *file, *rows, *columns))

    assert asked.reading == ReadOptions("tab", "cp1252", ("A", "B"), 3)
    assert asked.rows == RowRules("dmy", set_aside=True, cancelled="aside", duplicates="aside")
    assert asked.columns == ColumnRules(exclude=("a", "b, c", "d"), category=("e",), min_share=0.05, max_categories=4)
    assert asked.afresh


@pytest.mark.parametrize(
    "option",
    [("--delimiter", "ab"), ("--header-row", "0"), ("--min-share", "1"), ("--max-categories", "0"), ("--exclude", "a", "--profile", "a")],
)
def test_what_cannot_be_is_refused_before_anything_is_read(option):
    with pytest.raises(ParameterError):
        request_from(parse("x", *option))


@pytest.mark.parametrize("option", [("--repeats", "0"), ("--repeats", "1001"), ("--seed", "-1"), ("--seed", str(2**32))])
def test_numbers_outside_their_domain_are_refused_before_anything_is_read(option):
    with pytest.raises(ParameterError, match=option[0]):
        request_from(parse("x", *option))


def test_a_sweep_has_a_grid_a_scaler_and_an_engine():
    args = parse("x", "--algo", "kmeans", "--grid", "n_clusters=2,3", "--grid", "tol=1e-3", sweep=True)

    assert (args.algo, args.grid, args.scaler, args.engine) == ("kmeans", ["n_clusters=2,3", "tol=1e-3"], None, None)


def test_notes_go_to_standard_error_with_how_loud_they_are(capsys):
    print_notes([Finding("text", "info", {"text": "One."}), Finding("text", "warning", {"text": "Two."})])

    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "note: One.\nwarning: Two.\n")
