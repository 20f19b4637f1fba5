"""Jobs that are neither sweeps nor benchmarks: one file per kind, each with the worker of its jobs."""
