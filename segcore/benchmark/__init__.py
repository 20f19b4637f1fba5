"""Benchmarks of the engines on the same grid, rows and seed, each run in a fresh process, with a comparison of results."""
