"""Time the engines on the same grid, rows and seed, each run in a fresh process, and compare what they found."""
