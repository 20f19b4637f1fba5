"""Figures of targets: how well customers are ranked, and who buys."""
