"""Command ``targets``: whom to reach with a limited budget, and how many will answer."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segcore.cli.jobs import wait_for
from segcore.cli.meaning import add_meaning_options, column_rules
from segcore.cli.options import DATA_HELP, add_database_options, add_second_tables, print_notes, request_for_rows
from segcore.errors import ParameterError
from segcore.records.target_question import METHODS, WINDOW_DAYS, TargetQuestion, TargetsAnswer
from segcore.wording.terminal import say, say_json

if TYPE_CHECKING:
    from segcore.records.intake import DataRequest, Intake
    from segcore.store.store import Store


def add_commands(subparsers: Any) -> None:
    """Add ``targets``."""
    parser = subparsers.add_parser(
        "targets",
        help="rank whom to contact about a promotion, and say how many will buy",
        description="Learn from earlier customers who buys what is promoted, judge that on a later period, and write the list of customers "
        "to contact, and a random hold-out that is not contacted. With --promote COLUMN alone, every value of it is judged instead.",
    )
    parser.add_argument("data", metavar="DATA", help=DATA_HELP)
    _add_question(parser.add_argument_group("the question"))
    add_meaning_options(parser)
    add_second_tables(parser.add_argument_group("more about items"), ("items",))
    add_database_options(parser)
    parser.add_argument("--out", metavar="FILE", help="file for the list, .csv or .parquet")
    parser.add_argument("--candidates", metavar="FILE", help="file for the features that the rules' SQL reads, one row per candidate")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run_targets, frames="pandas", customers=None, customers_key=None)


def _add_question(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--promote",
        metavar="COLUMN=VALUE",
        help="what is promoted: a value of a column of the order lines, such as department=MEAT, or campaign=NAME for responses to it",
    )
    group.add_argument("--outcome", metavar="COLUMN", help="column of a customer table with the outcome; blank where it is not known yet")
    group.add_argument("--yes", metavar="VALUE", help="the wanted outcome (default: detected)")
    group.add_argument("--treatment", metavar="COLUMN", help="column that says who was contacted, drawn at random: measures uplift")
    group.add_argument("--contacts", metavar="FILE", help="file of contacts: columns campaign, sent, responded, and the customers' ids")
    group.add_argument("--budget", type=int, metavar="N", help="customers who can be contacted")
    group.add_argument("--money", type=float, metavar="M", help="money to spend; needs --cost")
    group.add_argument("--cost", type=float, metavar="C", help="cost of one contact")
    group.add_argument("--value", type=float, metavar="V", help="value of one buyer, in the same currency")
    group.add_argument(
        "--window", type=int, default=WINDOW_DAYS, metavar="DAYS", help=f"days in which a purchase counts (default: {WINDOW_DAYS})"
    )
    group.add_argument("--again", action="store_true", help="include customers who bought it before (default: new buyers only)")
    group.add_argument("--method", choices=METHODS, default="model", help="what ranks the customers on the list (default: model)")
    group.add_argument("--holdout", default="auto", metavar="auto|N", help="size of the random hold-out (default: auto)")
    group.add_argument("--seed", type=int, default=0, help="seed of every random draw (default: 0)")


def run_targets(args: argparse.Namespace) -> int:
    """Answer the question, and write the list."""
    question, promoted = _question(args)
    request = request_for_rows(args, columns=column_rules(args), afresh=args.guess)

    from segcore.cli.tables import targets_text
    from segcore.export.tables import check_table_path, write_table
    from segcore.intake.child import from_database_apart, take_in_apart
    from segcore.jobs.tasks.finding_targets import targets_by_job
    from segcore.store.store import Store
    from segcore.targets.contact_list import list_rows

    for option in ("out", "candidates"):
        if getattr(args, option) is not None:
            check_table_path(Path(getattr(args, option)), f"--{option}")
    if args.candidates is not None and args.outcome is not None:
        raise ParameterError("--candidates is for order lines: the SQL of an outcome's rules reads what 'features --features all' writes.")
    store = Store()
    request = from_database_apart(store, request)
    intake = take_in_apart(store, request)
    asked = question if promoted is None else question.promoting(promoted, [*intake.columns, "campaign"])
    if asked.compares:
        return _run_compared(args, store, intake, request, asked)
    answer = targets_by_job(store, intake, request, asked, lambda begin: wait_for(store, begin))
    print_notes((*intake.notes, *answer.notes))
    if args.json:
        say_json(_report(store, intake, answer))
    else:
        say(targets_text(answer))
    if args.out is not None:
        write_table(list_rows(store.frame(answer.contacts)), Path(args.out))
    if args.candidates is not None:
        if "candidates" not in answer.parts:
            raise ParameterError(
                "--candidates is for order lines: the SQL of an outcome's rules reads what 'features --features all' writes."
            )
        write_table(list_rows(store.frame(answer.parts["candidates"])), Path(args.candidates))
    return 0


def _report(store: Store, intake: Intake, answer: TargetsAnswer) -> dict[str, Any]:
    """Return the document with the SQL of each rule.

    It reads the table that ``features --features all`` writes. Features of order lines describe other days than that table does, so that
    their rules read a table "candidates", which ``--candidates`` writes.
    """
    from segcore.export.sql import SqlTable, conditions_sql
    from segcore.segments.rules.condition import Condition

    report = answer.to_report()
    if "candidates" in answer.parts:
        table = SqlTable("candidates", {name: name for name in store.frame(answer.parts["candidates"]).columns})
    else:
        table = SqlTable.of(store.feature_table(intake.table))

    def sql(rule: Mapping[str, Any]) -> str | None:
        conditions = [Condition(**one) for one in rule["conditions"]]
        return conditions_sql(conditions, table) if all(one.feature in table.columns for one in conditions) else None

    return {**report, "rules": [{**rule, "sql": sql(rule)} for rule in report["rules"]]}


def _run_compared(args: argparse.Namespace, store: Store, intake: Intake, request: DataRequest, question: TargetQuestion) -> int:
    from segcore.cli.tables import promotions_text
    from segcore.jobs.tasks.finding_targets import promotions_by_job

    if args.out is not None or args.candidates is not None:
        raise ParameterError("--out and --candidates write the list for one value: give --promote COLUMN=VALUE.")
    found = promotions_by_job(store, intake, request, question, lambda begin: wait_for(store, begin))
    print_notes(intake.notes)
    if args.json:
        say_json({"promotions": found})
    else:
        say(promotions_text(found))
    return 0


def _question(args: argparse.Namespace) -> tuple[TargetQuestion, str | None]:
    """Return the question, and what is promoted as it was written, which only the columns of the data take apart."""
    return (
        TargetQuestion(
            promote=args.promote,
            outcome=args.outcome,
            yes=args.yes,
            treatment=args.treatment,
            budget=args.budget,
            money=args.money,
            cost=args.cost,
            worth=args.value,
            window_days=args.window,
            again=args.again,
            method=args.method,
            holdout=_holdout(args.holdout),
            keep=column_rules(args).keep,
            contacts=args.contacts,
            seed=args.seed,
        ),
        args.promote,
    )


def _holdout(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isdecimal():
        raise ParameterError(f"--holdout must be auto or a number of customers, got {text!r}.")
    return int(text)
