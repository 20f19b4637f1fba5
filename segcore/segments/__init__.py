"""Segments of a chosen solution: profiles, descriptions, and scoring of new customers."""
