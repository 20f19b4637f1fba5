"""Customer segments that can be trusted: whole grids of clusterings, their quality, and what each segment is."""

__version__ = "0.3.0"
