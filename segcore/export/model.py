"""A solution as a folder of plain files, to score customers with elsewhere."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np

from segcore.clustering.algorithms.registry import algorithm
from segcore.errors import StoreError
from segcore.export.segment_rows import segment_titles
from segcore.records.feature_table import FeatureEntry
from segcore.records.grid import point_key
from segcore.records.preparation import Preparation
from segcore.records.solution import NOISE, Solution
from segcore.records.sweep import SweepSpec
from segcore.store.store import Store
from segcore.wording.findings import refusal

_NO_TIME = (1980, 1, 1, 0, 0, 0)
_README = """How to score customers with this model, without segcore
=======================================================

model.json says everything in words and numbers; the .npy files are plain arrays (numpy.load(file, allow_pickle=False)).

{steps}

Arrays
------
{arrays}
"""
_MAKING = """Make the features of each new customer in their own units, in the order of "features" in model.json. How each is made stands
under "dictionary". {making}"""
_FROM_COLUMNS = """"fitted" has under "columns" how each column makes its features, which are called "names":
   - "use": "number". The column's number; where there is none, "missing".
   - "use": "binary". 1 where the column is the second of "values", 0 for everything else; an empty cell counts as "missing" says.
   - "use": "category". One feature for each of "values", in the order of "names": 1 where the column has that value, else 0. Then, where
     "missing" is not null, one that is 1 where the cell is empty. Then, where "other" is not null, one that is 1 where none of those
     before it is. A value that never occurred before is among the others; where there are none, all are 0.
   Values are compared as text: without spaces around them, in Unicode form NFC, 3.0 and +3 as 3, true as True.
   A column may make features that are not in "features": leave them out."""
_FROM_LINES = 'Recency and the like are counted to {reference}. The numbers that the dictionary speaks of stand under "fitted".'
_TRANSFORMING = """Transform: "transforms" has for each feature what is done to its value x, and a number p.
   - "": nothing.
   - "log": sign(x) * log(1 + |x|), the natural logarithm.
   - "power": ((1 + x)^p - 1) / p where x >= 0, or log(1 + x) where p is 0;
     -((1 - x)^(2 - p) - 1) / (2 - p) where x < 0, or -log(1 - x) where p is 2 (Yeo and Johnson)."""
_SCALING = """Scale each feature: (value - centre) / scale, with its number of "centre" and of "scale" in model.json{meaning}."""
_MEANINGS = {
    "standard": ", the mean and the standard deviation",
    "robust": ", the median and the interquartile range",
    "minmax": ", the minimum and the range",
}
_DUMMIES = "; dummies of one column share a scale of their own"
_NOT_SCALED = "Scale each feature: it stays as it is."
_WEIGHING = 'Weigh each feature: multiply it by its number of "weights" in model.json.'
_ASSIGNING = """Assign: {scoring}
   {steps}"""


def model_zip(store: Store, sweep_id: str, position: int) -> bytes:
    """Return a zip with everything needed to score elsewhere: ``model.json``, arrays as ``.npy``, and how to use them in words.

    Parameters
    ----------
    store : Store
    sweep_id, position : str, int
        The point of the sweep.

    Returns
    -------
    bytes
        The same for the same point and the same names of its segments.

    Raises
    ------
    StoreError
        Where the point has no segments.
    """
    spec, solution, preparation = store.spec(sweep_id), store.solution(sweep_id, position), store.sweep(sweep_id).preparation
    if solution.labels is None or preparation is None:
        raise refusal("export.no_model", kind=StoreError, point=point_key(solution.params), reason=solution.reason)
    arrays = {name: np.ascontiguousarray(array) for name, array in sorted(solution.arrays.items())}
    dictionary = store.feature_table(spec.table).select(preparation.features).dictionary
    document = _document(store, sweep_id, position, spec, solution, preparation, arrays, dictionary)
    files = {
        "README.txt": _readme(spec, preparation, arrays, dictionary).encode(),
        "model.json": (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode(),
        **{f"{name}.npy": _npy(array) for name, array in arrays.items()},
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, date_time=_NO_TIME)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, compress_type=zipfile.ZIP_DEFLATED, compresslevel=6)
    return buffer.getvalue()


def _document(
    store: Store,
    sweep_id: str,
    position: int,
    spec: SweepSpec,
    solution: Solution,
    preparation: Preparation,
    arrays: dict[str, np.ndarray],
    dictionary: Sequence[FeatureEntry],
) -> dict[str, Any]:
    sizes = dict(zip(solution.segments, solution.sizes, strict=True))
    if solution.n_noise:
        sizes[NOISE] = solution.n_noise
    titles = segment_titles(store, sweep_id, position, list(sizes))
    return {
        "format": "segcore model 2",
        "sweep": sweep_id,
        "algorithm": spec.algorithm,
        "params": dict(spec.points[position]),
        "scoring": algorithm(spec.algorithm).scoring.words,
        **preparation.to_json(),
        "dictionary": [entry.to_json() for entry in dictionary],
        "outliers": spec.plan.outliers,
        "repeats": spec.plan.repeats,
        "segments": [{"segment": label, "name": titles[label], "size": size} for label, size in sorted(sizes.items())],
        "arrays": {name: {"file": f"{name}.npy", "shape": list(array.shape), "dtype": str(array.dtype)} for name, array in arrays.items()},
        "engine": solution.engine,
        "evidence": solution.evidence,
        "seed": spec.plan.seed,
        "data": dict(spec.data),
        "versions": dict(spec.versions),
    }


def _readme(spec: SweepSpec, preparation: Preparation, arrays: dict[str, np.ndarray], dictionary: Sequence[FeatureEntry]) -> str:
    steps = [_MAKING.format(making=_making(preparation)).rstrip()]
    if preparation.transforms:
        steps.append(_TRANSFORMING)
    if preparation.scaler == "none":
        steps.append(_NOT_SCALED)
    else:
        blocks = any(entry.block for entry in dictionary)
        steps.append(_SCALING.format(meaning=_MEANINGS[preparation.scaler] + (_DUMMIES if blocks else "")))
    if preparation.weights:
        steps.append(_WEIGHING)
    scoring = algorithm(spec.algorithm).scoring
    steps.append(_ASSIGNING.format(scoring=scoring.words, steps=scoring.steps))
    return _README.format(
        steps="\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1)),
        arrays="\n".join(f"{name}.npy  {' x '.join(map(str, array.shape))}, {array.dtype}" for name, array in arrays.items()),
    )


def _making(preparation: Preparation) -> str:
    if preparation.reference_date:
        return _FROM_LINES.format(reference=preparation.reference_date)
    return _FROM_COLUMNS if "columns" in preparation.fitted else ""


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
