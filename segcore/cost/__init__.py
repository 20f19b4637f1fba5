"""What a sweep takes, before it starts: time and memory from the grid, the rows and how fast this machine is."""

from segcore.cost.calibration import Calibration, read_calibration, require_calibration, start_calibration
from segcore.cost.estimate import SweepEstimate, estimate_spec, estimate_sweep, memory_limit, require_memory
from segcore.cost.rows import SampledRows

__all__ = [
    "Calibration",
    "SampledRows",
    "SweepEstimate",
    "estimate_spec",
    "estimate_sweep",
    "memory_limit",
    "read_calibration",
    "require_calibration",
    "require_memory",
    "start_calibration",
]
