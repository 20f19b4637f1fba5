"""Contacts by campaigns: who was contacted when, and who responded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from segcore.errors import DataError
from segcore.wording.findings import refusal

if TYPE_CHECKING:
    from segcore.data.files.raw import Raw

_COLUMNS = ("campaign", "sent", "responded")


@dataclass(frozen=True, slots=True, eq=False)
class Contacts:
    """One row per customer and campaign.

    Parameters
    ----------
    customers : ndarray of shape (n_contacts,), object
        Ids, as text.
    campaigns : ndarray of shape (n_contacts,), object
        Names of campaigns, as text.
    sent : ndarray of shape (n_contacts,), datetime64[us]
    responded : ndarray of shape (n_contacts,), datetime64[us]
        First response; NaT where there was none.
    """

    customers: np.ndarray
    campaigns: np.ndarray
    sent: np.ndarray
    responded: np.ndarray

    def of(self, campaign: str) -> Contacts:
        """Return those of one campaign."""
        return self.take(self.campaigns == campaign)

    def take(self, kept: np.ndarray) -> Contacts:
        """Return some contacts, ``kept`` of shape (n_contacts,), bool."""
        return Contacts(self.customers[kept], self.campaigns[kept], self.sent[kept], self.responded[kept])

    def within(self, window: np.timedelta64) -> np.ndarray:
        """Return which contacts were answered within the window, shape (n_contacts,), bool."""
        found: np.ndarray = (self.responded >= self.sent) & (self.responded <= self.sent + window)
        return found

    @property
    def names(self) -> list[str]:
        """Campaigns, the latest first."""
        begun = {name: self.sent[self.campaigns == name].min() for name in np.unique(self.campaigns.astype(str)).tolist()}
        return sorted(begun, key=lambda name: (-begun[name].astype(np.int64), name))


def read_contacts(table: Raw, customer: str) -> Contacts:
    """Read a table of contacts.

    Parameters
    ----------
    table : Raw
        With the customers' ids, and the columns "campaign", "sent" (a date) and "responded" (a date, or blank).
    customer : str
        Column of the data with the customers' ids.

    Raises
    ------
    DataError
        If a column is missing, or a date cannot be read.

    Notes
    -----
    Rows without a customer, campaign or date are left out. Of several rows for one customer and campaign, the first contact and the
    first response count.
    """
    import pandas as pd

    from segcore.data.columns.dates import read_times
    from segcore.data.columns.ids import as_ids
    from segcore.data.rows.matching_keys import namesakes

    keys = namesakes(table.names, customer) or namesakes(table.names, "customer_id")
    found = {name: namesakes(table.names, name) for name in _COLUMNS}
    lacking = [name for name in _COLUMNS if not found[name]] + ([] if keys else [customer])
    if lacking:
        raise refusal("targets.contact_columns", kind=DataError, file=table.name, lacking=lacking, columns=list(table.names))
    times = {name: read_times(table.column(found[name][0]), name=name, where=table.where).values for name in ("sent", "responded")}
    frame = pd.DataFrame(
        {
            "customer": as_ids(table.column(keys[0])).to_pandas(),
            "campaign": as_ids(table.column(found["campaign"][0])).to_pandas(),
            **{name: values.to_numpy(zero_copy_only=False).astype("datetime64[us]") for name, values in times.items()},
        }
    ).dropna(subset=["customer", "campaign", "sent"])
    first = frame.groupby(["customer", "campaign"], as_index=False, sort=True)[["sent", "responded"]].min()
    texts = (first[name].astype(str).to_numpy(dtype=object) for name in ("customer", "campaign"))
    return Contacts(*texts, *(first[name].to_numpy(dtype="datetime64[us]") for name in ("sent", "responded")))
