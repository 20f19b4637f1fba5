"""Customers who are observed twice, with what changed in between known: ``later(kind, seed)`` of a table, ``periods(seed)`` of a shop."""

import numpy as np
import pandas as pd

from segcore.data.sources import read_source
from segcore.features.builders import build_features
from segcore.features.planning.defaults import DEFAULT
from segcore.records.intake import DataRequest
from segcore.sweeps.run import run_sweep
from segcore.sweeps.spec import make_spec

CENTRES = np.array([[0.0, 0.0, 0.0], [6.0, 0.0, 3.0], [0.0, 6.0, 3.0]])
FEATURES = ("visits", "basket", "age")
KINDS = ("nothing", "moves", "drift", "split", "merge")
SIZES = (260, 220, 180)
SPLIT = np.array([-1.0, -1.0, 1.0]) * 2.4
MOVERS = 60


def groups():
    """Return the planted segment of each customer, shape (n_customers,)."""
    return np.repeat(np.arange(3), SIZES)


def frame(values, first=0):
    """Return a table of customers with what was measured of each."""
    ids = [f"c{number:04}" for number in range(first, first + len(values))]
    return pd.DataFrame({"customer_id": ids, **dict(zip(FEATURES, np.round(values.T + 20, 4), strict=True))})


def earlier(seed):
    draw = np.random.default_rng([seed, 0])
    return frame(CENTRES[groups()] + draw.normal(size=(len(groups()), 3)))


def later(kind, seed):
    """Return the same customers measured again; some are gone and some are new, whatever else changed."""
    draw = np.random.default_rng([seed, 1])
    planted, centres = groups(), CENTRES.copy()
    if kind == "moves":
        planted[:MOVERS] = 1
    if kind == "drift":
        centres[:, 2] += 1.5
    if kind == "merge":
        centres[1] = centres[2] = centres[1:].mean(axis=0)
    means = centres[planted]
    if kind == "split":
        means[: SIZES[0]] += SPLIT * np.where(np.arange(SIZES[0]) % 2, 1.0, -1.0)[:, None]
    values = means + draw.normal(size=means.shape)
    gone = draw.random(len(values)) < 0.06
    new = values[draw.choice(len(values), int(gone.sum()), replace=False)] + draw.normal(size=(int(gone.sum()), 3)) * 0.05
    return pd.concat([frame(values)[~gone], frame(new, first=len(values))], ignore_index=True)


def periods(seed, *, n=600, days=300, busier=1.0):
    """Return the orders of a shop in two periods of the same length.

    Customers order at rates of their own, ``busier`` times as often in the second period.
    """
    draw = np.random.default_rng(seed)
    rates, levels = draw.gamma(0.8, 6, n), draw.lognormal(3, 0.7, n)
    found = []
    for period, factor in enumerate((1.0, busier)):
        who = np.repeat(np.arange(n), draw.poisson(rates * factor))
        when = pd.Timestamp("2023-01-01") + pd.to_timedelta(days * (period + draw.random(len(who))), unit="D")
        amounts = np.round(levels[who] * draw.lognormal(0, 0.5, len(who)), 2)
        ids = [f"k{number:04}" for number in who]
        orders = [f"{period}-{number}" for number in range(len(who))]
        found.append(pd.DataFrame({"customer_id": ids, "order_id": orders, "order_date": when, "amount": amounts}))
    return found


def read(folder, rows, name, **options):
    """Return rows as a data set of customers."""
    rows.to_csv(folder / name, index=False)
    return read_source(DataRequest(str(folder / name), **{"kind": "customers", **options}))


def swept(store, dataset, *, n_clusters=3, algorithm="kmeans", point=None, **fields):
    """Return the id of a sweep of one solution."""
    table = build_features(dataset)
    data = {"name": dataset.name, "kind": dataset.kind, "fingerprint": dataset.fingerprint}
    plan = DEFAULT.plan(table, dataset.kind, **fields)
    points = [point or {"n_clusters": n_clusters, "tol": 1e-4, "n_init": 5}]
    spec = make_spec(store, store.put_feature_table(table), data, plan, algorithm=algorithm, points=points)
    run_sweep(store, store.add_sweep(spec))
    return spec.id
