"""Readers of files of every kind, which return rows of text."""
