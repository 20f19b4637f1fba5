"""Figures of segments: their sizes, shares, features, and the flow between two solutions."""
