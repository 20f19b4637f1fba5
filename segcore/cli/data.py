"""Commands ``samples`` and ``features``."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segcore.cli.options import add_data_options, plan_from, print_notes, request_from
from segcore.cli.taking import taken_in
from segcore.errors import ParameterError
from segcore.wording.findings import counts_json, note_json, rows_by_label
from segcore.wording.numbers import counted, percent_text

if TYPE_CHECKING:
    from segcore.features.assemble import Assembled
    from segcore.records.feature_table import FeatureTable
    from segcore.records.intake import Intake
    from segcore.records.plan import Plan
    from segcore.store.store import Store


def add_commands(subparsers: Any) -> None:
    """Add ``samples`` and ``features``."""
    samples = subparsers.add_parser("samples", help="list the sample data sets, or download one", description="List the sample data sets.")
    samples.add_argument("--json", action="store_true", help="print one JSON document")
    actions = samples.add_subparsers(dest="action", metavar="get")
    get = actions.add_parser("get", help="download a sample", description="Download a sample and store it.")
    get.add_argument("name", metavar="NAME", help="online-retail")
    get.add_argument("--url", help="another address of the same data, as zip, XLSX, CSV, CSV.gz or Parquet")
    get.add_argument("--json", action="store_true", help="print one JSON document")
    get.set_defaults(run=run_get)
    samples.set_defaults(run=run_samples)

    features = subparsers.add_parser(
        "features",
        help="build a table of features, one row per customer",
        description="Build the features of customers and write them to a file, sorted by its first column, customer_id.",
    )
    add_data_options(features)
    features.add_argument("--out", required=True, metavar="FILE", help="file to write, .parquet or .csv")
    features.add_argument("--report", metavar="FILE", help="data report to write, JSON: what became of every row and column")
    features.add_argument("--dictionary", metavar="FILE", help="data dictionary to write, .csv or .parquet: the definition of each feature")
    features.add_argument("--aside", metavar="FILE", help="rows that were set aside, with place and reason, .csv or .parquet")
    features.add_argument("--json", action="store_true", help="print one JSON document with the counts")
    features.set_defaults(run=run_features)


def run_samples(args: argparse.Namespace) -> int:
    """Print the samples and whether each is on this machine."""
    from segcore.data.samples.registry import SAMPLES
    from segcore.errors import SourceError
    from segcore.intake.take_in import samples_folder
    from segcore.store.store import Store

    folder = samples_folder(Store())
    listed = []
    for sample in SAMPLES:
        try:
            sample.version(folder)
            here = True
        except SourceError:
            here = False
        listed.append(
            {
                "name": sample.name,
                "title": sample.title,
                "description": sample.description,
                "licence": sample.licence,
                "download": sample.download,
                "here": here,
            }
        )
    if args.json:
        print(json.dumps({"samples": listed}, ensure_ascii=False))
        return 0
    for entry in listed:
        state = "here" if entry["here"] else f"get it with 'segcore samples get {entry['name']}'"
        print(f"{entry['name']}  ({state})\n    {entry['title']}. {entry['description']} {entry['licence']}.")
    return 0


def run_get(args: argparse.Namespace) -> int:
    """Download a sample."""
    from segcore.data.samples.online_retail import URL, cached_path, download_online_retail
    from segcore.data.samples.registry import SAMPLES, find_sample
    from segcore.intake.take_in import samples_folder
    from segcore.store.store import Store

    sample = find_sample(args.name)
    if sample is None:
        raise ParameterError.unknown("sample", args.name, (known.name for known in SAMPLES))
    if not sample.download:
        if args.url:
            raise ParameterError(f"{sample.name} is included and not downloaded: omit --url.")
        print(json.dumps({"sample": sample.name, "rows": None, "here": True}) if args.json else f"{sample.name} is already here.")
        return 0
    folder = samples_folder(Store())
    with _progress() as progress:
        rows = download_online_retail(folder, url=args.url or URL, progress=progress)
    if args.json:
        print(json.dumps({"sample": sample.name, "rows": rows, "here": True}))
    else:
        print(f"{sample.name}: {counted(rows, 'row')}, stored in {cached_path(folder)}.")
    return 0


@contextlib.contextmanager
def _progress() -> Iterator[Any]:
    """Yield a function that shows a download's progress on one line of a terminal, or None without a terminal."""
    if not sys.stderr.isatty():
        yield None
        return

    def show(received: int, expected: int | None) -> None:
        of = f" of {expected / 1e6:.1f}" if expected else ""
        print(f"\r{received / 1e6:.1f}{of} MB", end="", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        print(file=sys.stderr)


def run_features(args: argparse.Namespace) -> int:
    """Build the features and write them."""
    request = request_from(args)

    from segcore.export.tables import check_folder, check_table_path, write_table, write_text
    from segcore.features.assemble import assemble
    from segcore.features.output import rows_for_file
    from segcore.store.store import Store

    files = {name: Path(path) for name, path in vars(args).items() if name in ("out", "report", "dictionary", "aside") and path is not None}
    for name, path in files.items():
        (check_folder if name == "report" else check_table_path)(path, f"--{name}")
    store = Store()
    intake = taken_in(store, request)
    table = store.feature_table(intake.table)
    plan = plan_from(args, intake, table)
    assembled = assemble(table, plan)
    rows = rows_for_file(assembled.table)
    print_notes(intake.notes)
    write_table(rows, files["out"])
    if "report" in files:
        report = _report(intake, plan, assembled)
        write_text(json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n", files["report"])
    _write_others(store, intake, table, files)
    if args.json:
        print(json.dumps({**_summary(intake, plan, assembled), "out": args.out}, ensure_ascii=False, allow_nan=False))
    else:
        what = f"{counted(rows.num_rows, 'row')} and {counted(len(plan.features), 'feature')}"
        print(f"{what} written to {args.out}.{_set_aside_sentence(assembled)}")
    return 0


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
