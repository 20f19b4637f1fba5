"""Exported files: segments, models, and the Intel kit's files."""
