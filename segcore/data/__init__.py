"""Data sets with roles, read from samples and files."""
