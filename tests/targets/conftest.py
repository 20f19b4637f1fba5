import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from segcore.data.files.raw import table_source
from segcore.records.dataset import Dataset
from segcore.targets.periods.three_periods import Opened

ROLES = {"customer": "who", "order": "order", "time": "when", "amount": "paid", "category": "department"}
START = dt.datetime(2024, 1, 1, 12)


def opened_lines(lines, **raw_fields):
    """Return data of order lines (customer, order, day from 0, amount, department), as if they had been read."""
    frame = pd.DataFrame(lines, columns=["who", "order", "when", "paid", "department"])
    frame["when"] = [START + dt.timedelta(days=float(day)) for day in frame["when"]]
    frame["when"] = frame["when"].astype("datetime64[us]")
    frame["paid"] = frame["paid"].astype(float)
    raw = table_source("lines", pa.Table.from_pandas(frame, preserve_index=False), where=lambda row: f"row {row + 1}")
    raw = type(raw)(**{**{name: getattr(raw, name) for name in raw.__slots__}, **raw_fields})
    dataset = Dataset(frame, "transactions", ROLES, "lines", "", len(frame), used=np.ones(len(frame), dtype=bool))
    return Opened(raw, dataset, frozenset(frame["who"]))


@pytest.fixture(scope="session")
def shop():
    """Two hundred customers over 120 days; from any day on, those who buy bread often begin to buy cheese."""
    draw = np.random.default_rng(0)
    lines = []
    for customer in range(200):
        keen = customer % 4 == 0
        for number, day in enumerate(np.sort(draw.uniform(0, 120, size=draw.integers(12, 25)))):
            department = "bread" if draw.random() < (0.8 if keen else 0.2) else "milk"
            if draw.random() < (0.05 if keen else 0.005):
                department = "cheese"
            lines.append((f"c{customer:03}", f"o{customer}-{number}", day, draw.uniform(1, 9), department))
    return opened_lines(lines)
