"""Compare settings before clustering: ``python benchmarks/settings.py RESULTS [FILE ...]``; prints a table in Markdown.

Each setting is swept with k-means, 2 to 12 segments, with all evidence, on the included sample, on made-up tables (a telecom's with seven
services that repeat "no internet", a census with a number that orders a category, an insurer's, a subscription's, and a shop's orders on
few weekdays) and on FILEs. RESULTS is a file with one line per data set and setting; what is in it is not computed again.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from segcore.clustering.algorithms.registry import algorithm
from segcore.features.planning.defaults import DEFAULT, KIT, MINMAX, Setting
from segcore.features.preparation import prepare_rows
from segcore.intake.take_in import take_in
from segcore.records.feature_table import FeatureTable
from segcore.records.grid import find_point
from segcore.records.intake import DataRequest
from segcore.store.store import Store
from segcore.sweeps.evidence import gather as gather_module
from segcore.sweeps.run import run_sweep
from segcore.sweeps.spec import make_spec

_RULES = Setting("", "", {"transactions": "behaviour"})
SETTINGS: Mapping[str, Mapping[str, Setting]] = {
    "transactions": {
        "value, transforms, ideas once (default)": DEFAULT,
        "value, no transforms": replace(DEFAULT, transforms=False),
        "behaviour, transforms, ideas once": replace(DEFAULT, features={"transactions": "behaviour"}),
        "behaviour, as they are": _RULES,
        "rfm, transforms": replace(DEFAULT, features={"transactions": "rfm"}),
        "Intel kit": KIT,
    },
    "customers": {
        "standard, transforms, ideas once (default)": DEFAULT,
        "standard, transforms": replace(DEFAULT, ideas="each"),
        "standard, as they are": replace(DEFAULT, transforms=False, ideas="each"),
        "robust, transforms, ideas once": replace(DEFAULT, scaler="robust"),
        "min-max, transforms, ideas once": replace(DEFAULT, scaler="minmax"),
        "min-max, as they are (auto-segmentation)": MINMAX,
    },
}
PLACEBOS = 19  # as for evidence that must not take longer than half a minute
DIFFERS = 0.2
"""Share of a column's variance between the segments from which the segments differ in it."""


def telecom(rng: np.random.Generator, n: int = 4_000) -> pd.DataFrame:
    """Make customers whose seven service columns all say "No internet service" for the same fifth of them."""
    internet = rng.choice(["DSL", "Fiber optic", "No"], n, p=[0.35, 0.44, 0.21])
    tenure = np.clip(rng.choice([rng.exponential(12, n), rng.normal(60, 12, n)], axis=0), 0, 72).round()
    price = np.where(internet == "No", 20, np.where(internet == "DSL", 55, 85)) + rng.normal(0, 8, n)
    contract = np.where(tenure > 50, rng.choice(["Two year", "One year"], n), rng.choice(["Month-to-month", "One year"], n, p=[0.8, 0.2]))
    table: dict[str, Any] = {"customerID": [f"{at:05d}-TC" for at in range(n)], "SeniorCitizen": (rng.uniform(size=n) < 0.16).astype(int)}
    table |= {"Partner": rng.choice(["Yes", "No"], n), "tenure": tenure, "Contract": contract, "InternetService": internet}
    for service in ("OnlineSecurity", "OnlineBackup", "DeviceProtection", "TechSupport", "StreamingTV", "StreamingMovies", "CloudStorage"):
        has = rng.uniform(size=n) < 0.25 + 0.3 * (tenure > 30)
        table[service] = np.where(internet == "No", "No internet service", np.where(has, "Yes", "No"))
    charges = price.round(2)
    return pd.DataFrame(table | {"MonthlyCharges": charges, "TotalCharges": (charges * tenure * rng.normal(1, 0.03, n)).round(2)})


def census(rng: np.random.Generator, n: int = 6_000) -> pd.DataFrame:
    """Make people whose years of education are given as a name and as a number."""
    names = ["Preschool", "Primary", "Secondary", "Some college", "Bachelors", "Masters", "Doctorate"]
    level = rng.choice(len(names), n, p=[0.02, 0.08, 0.4, 0.22, 0.18, 0.08, 0.02])
    age = np.clip(rng.gamma(9, 4.4, n), 17, 90).round()
    gain = np.where(rng.uniform(size=n) < 0.08, rng.lognormal(8.5, 1, n), 0).round()
    return pd.DataFrame(
        {
            "age": age,
            "education": np.array(names)[level],
            "education-num": level + 1,
            "marital-status": np.where(age > 28, rng.choice(["Married", "Divorced", "Single"], n, p=[0.6, 0.2, 0.2]), "Single"),
            "hours-per-week": np.clip(rng.normal(36 + level, 10, n), 5, 90).round(),
            "capital-gain": gain,
            "sex": rng.choice(["Female", "Male"], n),
            "income": np.where(level + rng.normal(0, 1.5, n) > 4, ">50K", "<=50K"),
        }
    )


def insurer(rng: np.random.Generator, n: int = 4_000) -> pd.DataFrame:
    """Make policy holders with a long tail of claims."""
    kind = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    return pd.DataFrame(
        {
            "policy_no": np.arange(100_000, 100_000 + n),
            "age": np.clip(rng.normal(np.array([34, 48, 63])[kind], 8), 18, 92).round(),
            "premium": rng.lognormal(np.array([5.8, 6.6, 6.2])[kind], 0.35).round(2),
            "claims_paid": np.where(rng.uniform(size=n) < 0.3, rng.lognormal(7, 1.4, n), 0).round(2),
            "years_insured": rng.gamma(np.array([2, 5, 9])[kind], 1.2).round(1),
            "vehicles": 1 + rng.poisson(np.array([0.1, 0.9, 0.2])[kind]),
            "region": rng.choice(["North", "South", "East", "West"], n),
            "channel": rng.choice(["Agent", "Web", "Phone"], n, p=[0.4, 0.45, 0.15]),
        }
    )


def subscription(rng: np.random.Generator, n: int = 5_000) -> pd.DataFrame:
    """Make subscribers with shares of their viewing that add up to 100 per cent, and no segments in them."""
    shares = rng.dirichlet([3, 2, 1.5, 1], n) * 100
    watched = rng.lognormal(2.5, 0.8, n)
    return pd.DataFrame(
        {
            "subscriber": [f"s{at}" for at in range(n)],
            "hours_per_month": watched.round(2),
            "sessions_per_month": (watched * rng.normal(1.4, 0.05, n)).round(2),
            "months": rng.geometric(0.05, n),
            **{f"pct_{name}": shares[:, at] for at, name in enumerate(("drama", "comedy", "sports", "news"))},
            "devices": 1 + rng.poisson(1.1, n),
            "plan": rng.choice(["Basic", "Standard", "Premium"], n, p=[0.5, 0.35, 0.15]),
        }
    )


def shop(rng: np.random.Generator, n: int = 1_500) -> pd.DataFrame:
    """Make the orders of a shop where half of the customers buy once, on one weekday."""
    orders = np.where(rng.uniform(size=n) < 0.5, 1, 1 + rng.negative_binomial(1.0, 0.15, n))
    customer = np.repeat(np.arange(n), orders)
    day = rng.integers(0, 365, len(customer))
    spend = rng.lognormal(3.4, 0.5, n)[customer] * rng.lognormal(0, 0.4, len(customer))
    spend[customer == 7] *= 400  # one wholesaler
    return pd.DataFrame(
        {
            "Kundennummer": customer + 10_000,
            "Bestellnummer": np.arange(len(customer)),
            "Datum": (pd.Timestamp("2023-01-01") + pd.to_timedelta(day, unit="D")).strftime("%d.%m.%Y"),
            "Betrag": spend.round(2),
        }
    )


MADE: Mapping[str, Callable[[np.random.Generator], pd.DataFrame]] = {
    "telecom": telecom,
    "census": census,
    "insurer": insurer,
    "subscription": subscription,
    "shop": shop,
}


def measured(store: Store, data: str, setting: Setting) -> dict[str, Any]:
    """Return what the defaults of the Sweep screen lead to with one setting."""
    taken = take_in(store, DataRequest(data))
    table = store.feature_table(taken.table)
    plan = setting.plan(table, taken.kind)
    points = algorithm("kmeans").default_grid().points()
    spec = make_spec(store, taken.table, taken.data, plan, algorithm="kmeans", points=points)
    store.add_sweep(spec)
    run_sweep(store, spec.id)
    with mock.patch.object(gather_module, "PLACEBOS", PLACEBOS):
        gather_module.gather(store, spec.id, "all")
    sweep = store.sweep(spec.id)
    found, evidence = sweep.recommendation, sweep.evidence
    if found is None or evidence is None:
        raise RuntimeError(f"No evidence on {data}.")
    shares = _column_shares(prepare_rows(table, plan), table, plan.features)
    record: dict[str, Any] = {
        "kind": taken.kind,
        "customers": len(table),
        "outcome": found.outcome,
        "largest_share": max(shares.items(), key=lambda pair: pair[1]),
        "transforms": dict(plan.transforms),
    }
    if found.params is None:
        return record
    position = find_point(sweep.spec.points, found.params)
    labels = np.asarray(store.solution(spec.id, position).labels)
    point = evidence.points[position]
    kept = _kept(store, sweep, table)
    return {
        **record,
        "segments": int(labels.max()) + 1,
        "smallest": float(np.bincount(labels).min() / len(labels)),
        "z": point.z,
        "stability": point.least_stability,
        "differ": _differing(table.select(plan.features), kept, labels),
    }


def _kept(store: Store, sweep: Any, table: FeatureTable) -> np.ndarray:
    from segcore.features.assemble import assemble

    return assemble(table, sweep.spec.plan).kept


def _columns(table: FeatureTable, names: tuple[str, ...]) -> dict[str, list[int]]:
    blocks = {entry.name: entry.block or entry.name for entry in table.dictionary}
    found: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        found.setdefault(blocks[name], []).append(at)
    return found


def _column_shares(X: np.ndarray, table: FeatureTable, names: tuple[str, ...]) -> dict[str, float]:
    """Return the share of each column in the squared distances."""
    variances = X.var(axis=0)
    return {column: float(variances[at].sum() / variances.sum()) for column, at in _columns(table, names).items()}


def _differing(table: FeatureTable, kept: np.ndarray, labels: np.ndarray) -> list[str]:
    """Return the columns in which the segments differ, by ranks, so that a few extreme customers do not decide."""
    ranks = pd.DataFrame(np.asarray(table.values)[kept]).rank().to_numpy()
    sizes = np.bincount(labels)
    found = []
    for column, at in _columns(table, table.names).items():
        whole = between = 0.0
        for position in at:
            values = ranks[:, position] - ranks[:, position].mean()
            means = np.bincount(labels, weights=values) / sizes
            whole, between = whole + float((values**2).sum()), between + float((sizes * means**2).sum())
        if whole and between / whole >= DIFFERS:
            found.append(column)
    return found


def main() -> None:
    """Measure what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()
    known = {(row["data"], row["setting"]): row for row in map(json.loads, args.results.open())} if args.results.exists() else {}
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store")
        for name in ("complete-journey", *MADE, *args.files):
            path = name
            if name in MADE:
                path = str(Path(folder) / f"{name}.csv")
                MADE[name](np.random.default_rng(0)).to_csv(path, index=False)
            for title, setting in SETTINGS[take_in(store, DataRequest(path)).kind].items():
                key = (Path(name).name, title)
                if key not in known:
                    known[key] = {"data": key[0], "setting": title, **measured(store, path, setting)}
                    with args.results.open("a") as file:
                        file.write(json.dumps(known[key]) + "\n")
                rows.append(known[key])
    print("| data | setting | verdict | segments | smallest | z | stability | columns that differ | largest share of the distances |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for row in rows:
        column, share = row["largest_share"]
        numbers = ("–",) * 5
        if "segments" in row:
            shown = ", ".join(row["differ"][:4]) + (f" and {len(row['differ']) - 4} more" if len(row["differ"]) > 4 else "")
            stability = "–" if row["stability"] is None else f"{row['stability']:.2f}"
            numbers = (str(row["segments"]), f"{row['smallest']:.1%}", f"{row['z']:.0f}", stability, shown or "none")
        print(f"| {row['data']} | {row['setting']} | {row['outcome']} | {' | '.join(numbers)} | {column} {share:.0%} |")


if __name__ == "__main__":
    main()
