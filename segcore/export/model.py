"""Model of a solution as a zip of plain files, for scoring customers elsewhere."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np

from segcore.clustering.algorithms.registry import algorithm
from segcore.errors import StoreError
from segcore.export.learned_files import LearnedFiles, learned_steps, npy_bytes, with_files
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

model.json holds all settings and numbers; the .npy files are plain arrays (numpy.load(file, allow_pickle=False)).

{steps}

Arrays
------
{arrays}
"""
_MAKING = """Compute the features of each new customer in their units, in the order of "features" in model.json. Each one is defined under
"dictionary". {making}"""
_FROM_COLUMNS = """The list "columns" in "fitted" defines how each column becomes features, whose names are in "names":
   - "use": "number". The column's number; if it is missing, the number in "missing".
   - "use": "binary". 1 if the column has the second of "values", 0 for any other value; an empty cell has the value in "missing".
   - "use": "category". One feature per value in "values", in the order of "names": 1 if the column has that value, else 0. Then, if
     "missing" is not null, one feature that is 1 if the cell is empty. Then, if "other" is not null, one feature that is 1 if all
     features before it are 0. A value that never occurred before counts as "other"; without "other", all features are 0.
   Values are compared as text: without spaces around them, in Unicode form NFC, 3.0 and +3 as 3, true as True.
   A column may give features that are not in "features": leave them out."""
_FROM_LINES = 'Recency and similar features count up to {reference}. Numbers that the dictionary refers to are under "fitted".'
_TRANSFORMING = """Transform: "transforms" gives for each feature the transform of its value x, and a number p.
   - "": none.
   - "log": sign(x) * log(1 + |x|), the natural logarithm.
   - "power": ((1 + x)^p - 1) / p where x >= 0, or log(1 + x) where p is 0;
     -((1 - x)^(2 - p) - 1) / (2 - p) where x < 0, or -log(1 - x) where p is 2 (Yeo and Johnson)."""
_SCALING = """Scale each feature: (value - centre) / scale, with its numbers in "centre" and "scale" in model.json{meaning}."""
_MEANINGS = {
    "standard": ", the mean and the standard deviation",
    "robust": ", the median and the interquartile range",
    "minmax": ", the minimum and the range",
}
_DUMMIES = "; dummies of one column share a scale"
_NOT_SCALED = "Scale: leave each feature as it is."
_WEIGHING = 'Weigh each feature: multiply it by its number in "weights" in model.json.'
_ASSIGNING = """Assign: {scoring}
   {steps}"""


def model_zip(store: Store, sweep_id: str, position: int) -> bytes:
    """Return a zip for scoring elsewhere: ``model.json``, arrays as ``.npy``, and a README with the steps.

    Parameters
    ----------
    store : Store
    sweep_id, position : str, int
        The solution.

    Returns
    -------
    bytes
        Equal for the same solution and the same names of its segments.

    Raises
    ------
    StoreError
        If the solution has no segments.
    """
    spec, solution, preparation = store.spec(sweep_id), store.solution(sweep_id, position), store.sweep(sweep_id).preparation
    if solution.labels is None or preparation is None:
        raise refusal("export.no_model", kind=StoreError, point=point_key(solution.params), reason=solution.reason)
    arrays = {name: np.ascontiguousarray(array) for name, array in sorted(solution.arrays.items())}
    dictionary = store.feature_table(spec.table).select(preparation.features).dictionary
    document = _document(store, sweep_id, position, spec, solution, preparation, arrays, dictionary)
    learned = LearnedFiles.of(store, preparation)
    every = arrays if learned is None else {**arrays, **learned.arrays}
    files = {
        "README.txt": _readme(spec, preparation, every, dictionary).encode(),
        "model.json": (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode(),
        **{f"{name}.npy": npy_bytes(array) for name, array in every.items()},
        **({} if learned is None else {f"{learned.name}_items.json": learned.items}),
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
        **with_files(preparation.to_json()),
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
    steps = [_MAKING.format(making=_making(spec, preparation)).rstrip()]
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


def _making(spec: SweepSpec, preparation: Preparation) -> str:
    parts = [_FROM_COLUMNS] if "columns" in preparation.fitted else []
    parts += [_FROM_LINES.format(reference=preparation.reference_date)] if preparation.reference_date else []
    return "\n".join(parts + learned_steps(preparation, spec.data.get("kind")))
