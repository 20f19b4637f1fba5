"""Clustering algorithms, their engines, and how good a clustering is."""
