"""Findings about files as sentences."""
