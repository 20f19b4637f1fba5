"""Options that several commands share: which data, which features, which sweep."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from segcore.cli.meaning import add_meaning_options, column_rules, parse_roles, read_options, row_rules
from segcore.clustering.algorithms.registry import algorithms
from segcore.errors import ParameterError
from segcore.records.feature_table import FeatureTable
from segcore.records.finding import Finding
from segcore.records.plan import MAX_SEED, Plan
from segcore.records.preparation import OUTLIERS, SCALERS
from segcore.records.solution import ENGINES
from segcore.wording.findings import sentence

if TYPE_CHECKING:
    from segcore.records.intake import DataRequest, Intake

_MAX_REPEATS = 1_000


def add_data_options(parser: argparse.ArgumentParser, *, data: bool = True, features: bool = True) -> None:
    """Add the data and the options that say what it means, which rows count and which features are made.

    Parameters
    ----------
    parser : ArgumentParser
    data : bool
        Whether to add the positional ``DATA`` too.
    features : bool
        Whether to ask for features too; scoring takes those of the sweep.
    """
    if data:
        parser.add_argument("data", metavar="DATA", help="a sample's name ('segcore samples' lists them) or a file's path")
    add_meaning_options(parser, columns=features)
    if features:
        _add_feature_options(parser)


def _add_feature_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("which features")
    group.add_argument(
        "--features", metavar="SET|NAME,...", help="kit, small, behaviour, all, or names with commas (kit; with one row a customer all)"
    )
    group.add_argument("--outliers", choices=OUTLIERS, help="outlier rule (kit; with one row a customer none)")
    group.add_argument("--repeats", type=int, default=1, metavar="R", help="copies of each customer, jittered where more than one (1)")
    group.add_argument("--seed", type=int, default=0, help="of the jitter and of the clustering (0)")
    group.add_argument("--frames", choices=("pandas", "polars", "modin"), default="pandas", help="what builds the features (pandas)")


def add_sweep_options(parser: argparse.ArgumentParser, *, engine: bool = True) -> None:
    """Add algorithm, grid and scaler, and the engine where there is one only."""
    group = parser.add_argument_group("what is tried")
    group.add_argument("--algo", required=True, choices=[spec.name for spec in algorithms()], help="clustering algorithm")
    group.add_argument(
        "--grid",
        action="append",
        default=[],
        metavar="NAME=VALUE,...",
        help="values of one parameter, such as n_clusters=2,3,4; again for others; the Intel kit's where left out",
    )
    group.add_argument("--scaler", choices=SCALERS, help="how features are scaled (standard; with one row a customer minmax)")
    group.add_argument(
        "--priority",
        action="append",
        default=[],
        metavar="LEVEL=NAME,...",
        help="features or columns that weigh more: high, medium, low or a factor, such as high=age,job; again for others",
    )
    group.add_argument(
        "--transform", action="append", default=[], metavar="KIND=NAME,...", help="log or power of skewed features, before they are scaled"
    )
    if engine:
        group.add_argument("--engine", choices=ENGINES, help="who computes (shared, which gives stock's labels)")


def request_from(args: argparse.Namespace) -> DataRequest:
    """Return what the options ask of the data.

    Raises
    ------
    ParameterError
        Where an option is malformed: said before anything is read.
    """
    from segcore.records.intake import DataRequest

    _check_numbers(args)
    return DataRequest(
        data=args.data,
        kind=args.kind,
        roles=parse_roles(args.role),
        where=tuple(args.where),
        date_from=args.date_from,
        date_to=args.date_to,
        frames=args.frames,
        reading=read_options(args),
        rows=row_rules(args),
        columns=column_rules(args),
        afresh=args.guess,
    )


def plan_from(args: argparse.Namespace, intake: Intake, table: FeatureTable) -> Plan:
    """Return the plan that the options ask for, with the command line's defaults for the kind of data.

    Parameters
    ----------
    args : Namespace
        Parsed from `add_data_options`, and from `add_sweep_options` where something is clustered.
    intake : Intake
    table : FeatureTable
        The intake's: every feature of every customer.

    Raises
    ------
    ParameterError, DataError
        Where a feature or the outlier rule does not exist for this data.
    """
    from segcore.features.assemble import assemble
    from segcore.features.distances import catch_up
    from segcore.features.planning.defaults import COMMAND_LINE
    from segcore.features.planning.priorities import parse_priorities, parse_transforms
    from segcore.features.planning.sets import feature_names

    _check_numbers(args)
    default = COMMAND_LINE[intake.kind]
    names = feature_names(table, default.features if args.features is None else args.features, intake.kind)
    chosen = replace(table.select(names), uses=intake.uses)  # which give the reason why a column is not a feature
    plan = Plan(
        names,
        args.outliers or default.outliers,
        getattr(args, "scaler", None) or default.scaler,
        parse_transforms(chosen, getattr(args, "transform", ())),
        repeats=args.repeats,
        seed=args.seed,
    )
    priorities = getattr(args, "priority", ())
    if not priorities:
        return plan
    ahead = catch_up(assemble(table, replace(plan, repeats=1)).table, plan)
    return replace(plan, weights=parse_priorities(chosen, priorities, catch_up=ahead))


def print_notes(notes: Iterable[Finding]) -> None:
    """Print what was noticed in the data on standard error, a line each."""
    for note in notes:
        print(f"{'warning' if note.severity == 'warning' else 'note'}: {sentence(note)}", file=sys.stderr)


def _check_numbers(args: argparse.Namespace) -> None:
    if not 1 <= args.repeats <= _MAX_REPEATS:
        raise ParameterError.out_of_range("--repeats", args.repeats, 1, _MAX_REPEATS)
    if not 0 <= args.seed <= MAX_SEED:
        raise ParameterError.out_of_range("--seed", args.seed, 0, MAX_SEED)
