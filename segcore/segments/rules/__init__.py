"""Definitions of segments: the shortest rule for each, one tree for all of them, and both as SQL."""
