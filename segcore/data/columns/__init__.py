"""Columns of text read as ids, numbers and dates, independent of files."""
