"""Components of a stored table, one by one: how much each explains, and the items at its two ends."""

from __future__ import annotations

from dataclasses import dataclass

from segcore.features.taste.entries import STRONGEST, item_titles, strongest_items
from segcore.features.taste.fitted import KEY, FittedTaste
from segcore.store.store import Store


@dataclass(frozen=True, slots=True)
class ComponentRow:
    """One component.

    Parameters
    ----------
    name : str
        Of the feature.
    number : int
        From 1.
    ratio, cumulative : float or None
        Share of the variance that it explains, alone and together with all components before it; ``None`` for NMF.
    chance : float or None
        Share that it would explain by chance; ``None`` unless parallel analysis chose the number.
    agreement : float or None
        For NMF, how alike it is in fits from other starts, 0 to 1.
    high, low : tuple of str
        Titles of the items that raise and lower it most.
    """

    name: str
    number: int
    ratio: float | None
    cumulative: float | None
    chance: float | None
    agreement: float | None
    high: tuple[str, ...]
    low: tuple[str, ...]


def component_rows(store: Store, table: str, most: int = STRONGEST) -> tuple[ComponentRow, ...]:
    """Return the components of a stored feature table; empty if it has no components.

    Parameters
    ----------
    store : Store
    table : str
        Id of the table.
    most : int
        Items at each end.

    Raises
    ------
    StoreError
        If a part of the table is lost.
    """
    known = store.json(table).get("fitted", {}).get(KEY)
    if known is None:
        return ()
    fitted = FittedTaste.read(store, known)
    made, purchases = fitted.components, store.purchases(table, fitted.taste.of)
    if made is None or purchases is None:
        return ()
    of = dict(zip(purchases.names, item_titles(purchases), strict=True))
    titles = [of[name] for name in fitted.items]
    found, cumulative = [], 0.0
    for at, name in enumerate(fitted.features):
        ratio = made.ratios[at] if made.ratios else None
        cumulative += ratio or 0.0
        high, low = strongest_items(made.loadings[at], titles, most)
        row = ComponentRow(
            name=name,
            number=at + 1,
            ratio=ratio,
            cumulative=None if ratio is None else cumulative,
            chance=fitted.chance[at] if fitted.chance else None,
            agreement=made.agreement[at] if made.agreement else None,
            high=tuple(high),
            low=tuple(low),
        )
        found.append(row)
    return tuple(found)
