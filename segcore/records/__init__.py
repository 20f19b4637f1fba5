"""Frozen records that the rest passes around."""
