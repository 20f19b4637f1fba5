"""Sweeps: plan, run, measure, and what they cost."""
