"""Maps to look at, made on request: buyers' components by t-SNE, and groups of contributions by UMAP."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import numpy as np

from segcore.segments.maps.neighbour_layout import neighbour_layout
from segcore.store.damage import if_readable
from segcore.system.digests import digest
from segcore.targets.buyers.buyer_groups import look_at_contributions

if TYPE_CHECKING:
    from segcore.records.target_question import TargetsAnswer
    from segcore.store.store import Store

Look = Literal["components", "groups"]
_EDITION = 1


def look_key(answer: TargetsAnswer, what: Look) -> str:
    """Return the key of a map of an answer: of its arrays, because the same ones have the same map."""
    part = answer.parts["map_values" if what == "components" else "contributions"]
    return digest({"look": what, "edition": _EDITION, "of": part})


def known_look(store: Store, answer: TargetsAnswer, what: Look) -> np.ndarray | None:
    """Return the places of a map that was made before, shape (n_customers, 2); ``None`` if it was not, or is lost.

    Those of "components" are of the customers of `segcore.targets.plain_answer.map_of_buyers`, those of "groups" of the customers of
    `explained_of` there.
    """
    record = store.intake(look_key(answer, what))
    return None if record is None else if_readable(lambda: np.asarray(store.array(record["places"])))


def make_look(store: Store, answer: TargetsAnswer, what: Look, progress: Callable[[float], None] = lambda share: None) -> np.ndarray:
    """Make a map and store it; one that was made before comes from the store.

    Parameters
    ----------
    store : Store
    answer : TargetsAnswer
    what : {"components", "groups"}
        t-SNE of the features of the buyers' mixture, or UMAP of SHAP values as in system 4, with 200 neighbours.
    progress : callable (float) -> None
        Called with the share done, 0 to 1.

    Returns
    -------
    ndarray of shape (n_customers, 2), float64
        Without a unit: only who is near whom means something.

    Raises
    ------
    DataError
        If fewer than four customers differ.
    """
    known = known_look(store, answer, what)
    if known is not None:
        return known
    if what == "components":
        places = neighbour_layout(np.asarray(store.array(answer.parts["map_values"])), "tsne", progress=progress).places
    else:
        places = look_at_contributions(np.asarray(store.array(answer.parts["contributions"])), progress=progress)
    store.put_intake(look_key(answer, what), {"places": store.put_array(places)})
    return places
