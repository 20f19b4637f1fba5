"""Frozen records shared by all parts of segcore."""
