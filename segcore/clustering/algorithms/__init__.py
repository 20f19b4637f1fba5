"""Clustering algorithms, one file each; to add one, add a file and a line in ``registry.ALGORITHMS``."""
