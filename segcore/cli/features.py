"""Commands ``features``, ``neighbours`` and ``vectors-check``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segcore.cli.jobs import wait_for
from segcore.cli.options import add_data_options, plan_from, print_notes, request_for_rows, request_from
from segcore.errors import ParameterError
from segcore.wording.findings import counts_json, note_json, refusal, rows_by_label
from segcore.wording.numbers import counted, percent_text
from segcore.wording.terminal import say, say_json

if TYPE_CHECKING:
    from segcore.features.assemble import Assembled
    from segcore.records.feature_table import FeatureTable
    from segcore.records.intake import DataRequest, Intake
    from segcore.records.plan import Plan
    from segcore.store.store import Store


_FITTING = (
    *("setting", "features", "outliers", "repeats", "seed", "matrix", "components", "lengths", "of", "least_items", "least_customers"),
    *("cust2vec", "missions", "customers", "customers_key", "exclude", "category", "number", "profile", "keep", "zero", "min_share"),
    *("max_categories", "guess", "with_profile", "report", "aside"),
)
"""Options that say what is fitted to the data, or that are about data that is taken in."""


def add_commands(subparsers: Any) -> None:
    """Add ``features``, ``neighbours`` and ``vectors-check``."""
    features = subparsers.add_parser(
        "features",
        help="build a table of features, one row per customer",
        description="Build the features of customers and write them to a file, sorted by its first column, customer_id.",
    )
    add_data_options(features)
    features.add_argument(
        "--like",
        metavar="SWEEP",
        help="build every feature of that sweep's data, with its categories, cut-points and fill values; nothing is fitted to DATA",
    )
    features.add_argument("--as-of", metavar="DATE", help="with --like: count days up to this one (default: the sweep's)")
    features.add_argument("--out", required=True, metavar="FILE", help="file to write, .parquet or .csv")
    features.add_argument("--with-profile", action="store_true", help="also write the profile columns, which are not features")
    features.add_argument("--report", metavar="FILE", help="data report to write, JSON: what became of every row and column")
    features.add_argument("--dictionary", metavar="FILE", help="data dictionary to write, .csv or .parquet: the definition of each feature")
    features.add_argument("--aside", metavar="FILE", help="rows that were set aside, with place and reason, .csv or .parquet")
    features.add_argument("--json", action="store_true", help="print one JSON document with the counts")
    features.set_defaults(run=run_features, fitting={name: features.get_default(name) for name in _FITTING})

    neighbours = subparsers.add_parser(
        "neighbours",
        help="list the products or customers nearest to one, by their vectors",
        description="List the products and the customers whose vectors are nearest to that of a product or of a customer: "
        "'neighbours orders.csv --features cust2vec=64 --item 1029743'.",
    )
    add_data_options(neighbours)
    of = neighbours.add_mutually_exclusive_group(required=True)
    of.add_argument("--item", metavar="X", help="id of a product, or a title that only one product has")
    of.add_argument("--customer", metavar="Y", help="id of a customer")
    neighbours.add_argument("--top", type=int, default=10, metavar="N", help="how many of each (default: 10)")
    neighbours.add_argument("--json", action="store_true", help="print one JSON document")
    neighbours.set_defaults(run=run_neighbours)

    check = subparsers.add_parser(
        "vectors-check",
        help="check whether vectors predict better than plain rivals",
        description="Check whether vectors predict each customer's next order, and attributes of customers, better than shares of products "
        "in as many dimensions, the customer's own favourites and the most popular products. Trains a second model.",
    )
    add_data_options(check)
    check.add_argument("--json", action="store_true", help="print one JSON document")
    check.set_defaults(run=run_check)


def run_features(args: argparse.Namespace) -> int:
    """Build the features and write them."""
    if args.like is not None:
        return _run_like(args)
    if args.as_of is not None:
        raise refusal("score.as_of_alone", kind=ParameterError)
    request = request_from(args)

    from segcore.export.tables import check_folder, check_table_path, write_table, write_text
    from segcore.features.assemble import assemble
    from segcore.features.output import rows_for_file
    from segcore.intake.child import from_database_apart
    from segcore.jobs.tasks.making_vectors import take_in_with_vectors
    from segcore.store.store import Store

    files = {name: Path(path) for name, path in vars(args).items() if name in ("out", "report", "dictionary", "aside") and path is not None}
    for name, path in files.items():
        (check_folder if name == "report" else check_table_path)(path, f"--{name}")
    store = Store()
    request = from_database_apart(store, request)
    intake = take_in_with_vectors(store, request, follow=lambda begin: wait_for(store, begin))
    table = store.feature_table(intake.table)
    plan = plan_from(args, intake, table)
    assembled = assemble(table, plan)
    rows = rows_for_file(assembled.table, profile=args.with_profile)
    print_notes(intake.notes)
    write_table(rows, files["out"])
    if "report" in files:
        report = _report(intake, plan, assembled)
        write_text(json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n", files["report"])
    _write_others(store, intake, table, files)
    if args.json:
        say_json({**_summary(intake, plan, assembled), "out": args.out})
    else:
        what = f"{counted(rows.num_rows, 'row')} and {counted(len(plan.features), 'feature')}"
        say(f"{what} written to {args.out}.{_set_aside_sentence(assembled)}")
    return 0


def _run_like(args: argparse.Namespace) -> int:
    """Build the features of a sweep for other data, and write them."""
    given = [f"--{name.replace('_', '-')}" for name, usual in args.fitting.items() if getattr(args, name) != usual]
    if given:
        raise refusal("score.not_for_like", kind=ParameterError, options=given)
    request = request_for_rows(args)

    from segcore.export.tables import check_table_path, write_table
    from segcore.features.output import data_dictionary, rows_for_file
    from segcore.intake.child import from_database_apart
    from segcore.intake.trained_rows import read_like_trained
    from segcore.segments.scoring import features_like
    from segcore.store.store import Store

    files = {name: Path(path) for name, path in (("out", args.out), ("dictionary", args.dictionary)) if path is not None}
    for name, path in files.items():
        check_table_path(path, f"--{name}")
    store = Store()
    sweep = store.resolve(args.like)
    with read_like_trained(store, store.spec(sweep).data, from_database_apart(store, request)) as dataset:
        table, notes = features_like(store, sweep, dataset, as_of=args.as_of)
    notes = (*dataset.notes, *notes)
    print_notes(notes)
    write_table(rows_for_file(table), files["out"])
    if "dictionary" in files:
        write_table(data_dictionary(store.feature_table(store.spec(sweep).table)), files["dictionary"])
    if args.json:
        say_json(
            {
                "like": sweep,
                "data": {"name": dataset.name, "fingerprint": dataset.fingerprint, "filters": list(dataset.filters)},
                "customers": len(table),
                "features": list(table.names),
                "reference_date": table.reference_date,
                "notes": [note_json(note) for note in notes],
                "out": args.out,
            }
        )
    else:
        what = f"{counted(len(table), 'row')} and {counted(len(table.names), 'feature')}"
        say(f"{what} written to {args.out}, made as those of sweep {sweep[:12]} were.")
    return 0


def run_neighbours(args: argparse.Namespace) -> int:
    """List the neighbours of a product or of a customer."""
    if args.top < 1:
        raise ParameterError.out_of_range("--top", args.top, 1, None)
    request = _request_with_vectors(args)

    from segcore.cli.tables import neighbours_text
    from segcore.features.vectors.neighbours import stored_neighbours
    from segcore.intake.child import from_database_apart
    from segcore.jobs.tasks.making_vectors import take_in_with_vectors
    from segcore.store.store import Store

    store = Store()
    request = from_database_apart(store, request)
    intake = take_in_with_vectors(store, request, follow=lambda begin: wait_for(store, begin))
    found = stored_neighbours(store, intake.table, item=args.item, customer=args.customer, top=args.top)
    print_notes(intake.notes)
    if args.json:
        say_json(found.to_json())
    else:
        say(neighbours_text(found))
    return 0


def run_check(args: argparse.Namespace) -> int:
    """Check vectors."""
    request = _request_with_vectors(args)

    from segcore.cli.tables import vectors_check_text
    from segcore.intake.child import from_database_apart
    from segcore.jobs.tasks.making_vectors import check_by_job, take_in_with_vectors
    from segcore.store.store import Store
    from segcore.wording.vectors import check_notes, verdict_text

    store = Store()
    request = from_database_apart(store, request)
    intake = take_in_with_vectors(store, request, follow=lambda begin: wait_for(store, begin))
    print_notes(intake.notes)
    found = check_by_job(store, intake, lambda begin: wait_for(store, begin))
    if args.json:
        document = {**found.to_json(), "sentence": verdict_text(found), "notes": check_notes(found)}
        say_json(document)
    else:
        say(vectors_check_text(found))
    return 0


def _request_with_vectors(args: argparse.Namespace) -> DataRequest:
    request = request_from(args)
    if request.vectors is None:
        raise refusal("vectors.needed", kind=ParameterError, asked=args.command)
    return request


def _write_others(store: Store, intake: Intake, table: FeatureTable, files: Mapping[str, Path]) -> None:
    """Write the data dictionary and the rows set aside, if asked for."""
    from segcore.export.tables import write_table
    from segcore.features.output import data_dictionary
    from segcore.intake.report import rows_aside

    if "dictionary" in files:
        write_table(data_dictionary(table), files["dictionary"])
    if "aside" in files:
        write_table(rows_aside(store, intake), files["aside"])


def _summary(intake: Intake, plan: Plan, assembled: Assembled) -> dict[str, Any]:
    return {
        "data": dict(intake.data),
        "rows_read": intake.rows_read,
        "rows_used": intake.rows_used,
        "rows_set_aside": rows_by_label(intake.set_aside),
        "rows_set_aside_findings": counts_json(intake.set_aside),
        "rows_filtered_out": intake.filtered_out,
        "customers": intake.n_customers,
        "rows": len(assembled.table),
        "features": list(plan.features),
        "outliers": plan.outliers,
        "repeats": plan.repeats,
        "seed": plan.seed,
        "set_aside": {"customers": assembled.set_aside_customers, "revenue_share": assembled.set_aside_revenue_share},
        "reference_date": assembled.table.reference_date,
        "notes": [note_json(note) for note in intake.notes],
    }


def _report(intake: Intake, plan: Plan, assembled: Assembled) -> dict[str, Any]:
    from segcore.intake.report import data_report

    return {
        **data_report(intake),
        "features": {
            "names": list(plan.features),
            "rows": len(assembled.table),
            "outliers": plan.outliers,
            "repeats": plan.repeats,
            "seed": plan.seed,
            "set_aside": {"customers": assembled.set_aside_customers, "revenue_share": assembled.set_aside_revenue_share},
            "reference_date": assembled.table.reference_date,
        },
    }


def _set_aside_sentence(assembled: Assembled) -> str:
    if not assembled.set_aside_customers:
        return ""
    share = assembled.set_aside_revenue_share
    with_share = "" if share is None else f" with {percent_text(share)} of net revenue"
    who = counted(assembled.set_aside_customers, "customer")
    return f" The outlier rule set {who}{with_share} aside."
