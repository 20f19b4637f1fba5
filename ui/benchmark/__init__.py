"""The Benchmark screen."""
