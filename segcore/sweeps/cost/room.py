"""Whether a sweep has room in memory."""

from __future__ import annotations

from segcore.records.sweep import SweepSpec
from segcore.store.store import Store
from segcore.sweeps.cost.calibration import read_calibration
from segcore.sweeps.cost.estimate import estimate_spec, memory_limit, require_memory


def require_room(store: Store, spec: SweepSpec, memory: int | None) -> None:
    """Raise `MemoryLimitError` if a sweep needs more memory than is free, or than it may use.

    Its time does not matter here, so this machine is not measured.

    Parameters
    ----------
    store : Store
    spec : SweepSpec
    memory : int or None
        Most bytes it may use; ``None`` means the machine's free memory.
    """
    limit = memory_limit(memory)
    table = store.feature_table(spec.table, profile=False)
    require_memory(estimate_spec(table, spec, calibration=read_calibration(store.home), memory=limit), limit)
