"""Figures, one family per file: one function returns the data, one draws them, one describes them in words.

No module here clusters or measures. Every mark of a solution carries its position in the sweep as ``customdata``.
"""
