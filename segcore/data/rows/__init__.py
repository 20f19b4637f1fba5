"""Rows of a data set: types, rows set aside, filters."""
