"""Columns of text read as ids, numbers and dates; no file is known here."""
