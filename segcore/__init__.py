"""Customer segments that can be trusted: whole grids of clusterings, their quality, and what each segment is."""

import importlib
from typing import Any

__version__ = "0.3.0"

# Loaded when first used, because "import segcore" must not wait for numerical libraries, and the command line needs few of them.
_WHERE = {
    "load": "segcore.library.data",
    "Data": "segcore.library.data",
    "Plan": "segcore.library.plan",
    "Sweep": "segcore.library.sweep",
    "Point": "segcore.library.point",
    "pipeline": "segcore.pipelines.pipeline",
    "find_rules": "segcore.segments.rules.search",
    "explain_tree": "segcore.segments.rules.tree",
    "SegcoreError": "segcore.errors",
    "ParameterError": "segcore.errors",
    "DataError": "segcore.errors",
    "SourceError": "segcore.errors",
    "StoreError": "segcore.errors",
    "DiskError": "segcore.errors",
    "JobError": "segcore.errors",
    "MemoryLimitError": "segcore.errors",
}


def __getattr__(name: str) -> Any:
    """Load a name of the library when it is first used."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(_WHERE[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """List what the library offers, for completion in a notebook."""
    return sorted({*globals(), *_WHERE})
