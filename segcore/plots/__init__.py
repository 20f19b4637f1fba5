"""Figures, one family per file: a function that gives the data, one that draws them, and one that says them in words.

Nothing is clustered or measured here. Every mark of a solution carries its position in the sweep as ``customdata``.
"""
