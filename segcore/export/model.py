"""A solution as a folder of plain files, to score customers with elsewhere."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict
from typing import Any

import numpy as np

from segcore.algorithms import algorithm
from segcore.errors import StoreError
from segcore.export.rows import segment_titles
from segcore.grid import point_key
from segcore.solution import NOISE, Preparation, Solution, SweepSpec
from segcore.store import Store

_NO_TIME = (1980, 1, 1, 0, 0, 0)
_README = """How to score customers with this model, without segcore
=======================================================

model.json says everything in words and numbers; the .npy files are plain arrays (numpy.load(file, allow_pickle=False)).

1. Make the features of each new customer in their own units, in the order of "features" in model.json. How each is made stands
   under "dictionary". {reference}
2. Scale each feature: {scaling}
3. Assign: {scoring}
   {steps}

Arrays
------
{arrays}
"""
_SCALING = {
    "none": "it stays as it is.",
    "standard": '(value - centre) / scale, with "centre" and "scale" of model.json.',
    "robust": '(value - centre) / scale, with "centre" and "scale" of model.json.',
    "minmax": '(value - centre) / scale, with "centre" (the minimum) and "scale" (the range) of model.json.',
}


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
        raise StoreError(f"Point {point_key(solution.params)} of the sweep has no model: {solution.reason or 'it was not run.'}")
    arrays = {name: np.ascontiguousarray(array) for name, array in sorted(solution.arrays.items())}
    document = _document(store, sweep_id, position, spec, solution, preparation, arrays)
    files = {
        "README.txt": _readme(spec, preparation, arrays).encode(),
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
) -> dict[str, Any]:
    sizes = dict(zip(solution.segments, solution.sizes, strict=True))
    if solution.n_noise:
        sizes[NOISE] = solution.n_noise
    titles = segment_titles(store, sweep_id, position, list(sizes))
    dictionary = store.feature_table(spec.table).dictionary
    return {
        "format": "segcore model 1",
        "sweep": sweep_id,
        "algorithm": spec.algorithm,
        "params": dict(spec.points[position]),
        "scoring": algorithm(spec.algorithm).scoring,
        **preparation.to_json(),
        "dictionary": [asdict(entry) for name in preparation.features for entry in dictionary if entry.name == name],
        "outliers": spec.outliers,
        "repeats": spec.repeats,
        "segments": [{"segment": label, "name": titles[label], "size": size} for label, size in sorted(sizes.items())],
        "arrays": {name: {"file": f"{name}.npy", "shape": list(array.shape), "dtype": str(array.dtype)} for name, array in arrays.items()},
        "engine": solution.engine,
        "evidence": solution.evidence,
        "seed": spec.seed,
        "data": dict(spec.data),
        "versions": dict(spec.versions),
    }


def _readme(spec: SweepSpec, preparation: Preparation, arrays: dict[str, np.ndarray]) -> str:
    reference = f"Recency and the like are counted to {preparation.reference_date}." if preparation.reference_date else ""
    return _README.format(
        reference=reference,
        scaling=_SCALING[preparation.scaler],
        scoring=algorithm(spec.algorithm).scoring,
        steps=algorithm(spec.algorithm).steps,
        arrays="\n".join(f"{name}.npy  {' x '.join(map(str, array.shape))}, {array.dtype}" for name, array in arrays.items()),
    )


def _npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
