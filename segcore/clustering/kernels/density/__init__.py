"""Compiled loops of DBSCAN, HDBSCAN and Ward."""
