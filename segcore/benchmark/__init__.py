"""Time the engines on the same grid, rows and seed, each run in a fresh process, and compare what they found."""

from segcore.benchmark.plan import BenchmarkSpec, benchmark_spec
from segcore.benchmark.run import run_benchmark

__all__ = ["BenchmarkSpec", "benchmark_spec", "run_benchmark"]
