"""Figures of the evidence on a sweep."""
