"""Write order lines as Parquet parts: ``python benchmarks/order_lines.py FOLDER [--lines N] [--customers N] [--seed N]``.

Two years of a shop, part by part and so in little memory: the same arguments write the same rows. A tenth of the customers places more
than half of the orders; every customer places one at least. Items are as unequal, order more by day than by night, and belong to 24
categories; 1.5 % of the lines are cancelled, and 0.1 % have no customer.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

LINES_A_PART = 1_000_000
LINES_AN_ORDER = 5
ITEMS, CATEGORIES = 20_000, 24
DAYS = 730
BEGIN = np.datetime64("2023-01-01", "us")
SKEW = 2.5
PRIME = 7_368_787  # spreads ranks over ids, for any number of customers that it does not divide


def write_lines(folder: Path, lines: int, customers: int, seed: int = 0) -> None:
    """Write ``lines`` order lines of ``customers`` customers into ``folder``, a million per file, by time."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = -(-lines // LINES_A_PART)
    for part in range(parts):
        n_lines = min(LINES_A_PART, lines - part * LINES_A_PART)
        rows = _part(part, parts, n_lines, customers, np.random.default_rng([seed, part]))
        pq.write_table(rows, folder / f"part-{part:05}.parquet", compression="zstd")


def _part(part: int, parts: int, n_lines: int, customers: int, draw: np.random.Generator) -> pa.Table:
    first, last = (customers * at // parts for at in (part, part + 1))  # whose certain order is in this part
    n_orders = max(n_lines // LINES_AN_ORDER, last - first, 1)
    buyers = _skewed(draw, n_orders, customers)
    buyers[: last - first] = np.arange(first, last)
    draw.shuffle(buyers)
    minutes = DAYS * 24 * 60 // parts
    day_minutes = np.clip(draw.normal(15, 3.5, n_orders), 0, 23.99) * 60
    placed = np.sort(draw.integers(0, max(minutes // 1440, 1), n_orders)) * 1440 + part * minutes + day_minutes
    times = BEGIN + (placed * 60).astype(np.int64).astype("timedelta64[s]")
    of_order = np.sort(np.concatenate([np.arange(min(n_orders, n_lines)), draw.integers(0, n_orders, max(n_lines - n_orders, 0))]))
    items = _skewed(draw, n_lines, ITEMS)
    quantity = draw.geometric(0.45, n_lines).astype(np.float64)
    quantity[draw.random(n_lines) < 0.015] *= -1
    price = np.round(1 + items % 97 * 0.37 + draw.integers(0, 3, n_lines) * 0.1, 2)
    names = pa.array([f"K{number:07}" for number in range(customers)])
    nobody = draw.random(n_lines) < 0.001
    return pa.table(
        {
            "customer_id": names.take(pa.array(buyers[of_order], mask=nobody)),
            "order_id": of_order + part * LINES_A_PART,
            "order_time": times[of_order],
            "item_id": pa.array([f"SKU{number:05}" for number in range(ITEMS)]).take(pa.array(items)),
            "quantity": quantity,
            "price": price,
            "category": pa.array([f"category {number:02}" for number in range(CATEGORIES)]).take(pa.array(items * 7 % 131 % CATEGORIES)),
        }
    )


def _skewed(draw: np.random.Generator, n: int, among: int) -> np.ndarray:
    """Draw ``n`` of ``among`` numbers, few of them often."""
    ranks = (among * draw.random(n) ** SKEW).astype(np.int64)
    return ranks * PRIME % among


def main() -> None:
    """Write the parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lines", type=int, default=50_000_000)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    write_lines(args.folder, args.lines, args.customers, args.seed)


if __name__ == "__main__":
    main()
