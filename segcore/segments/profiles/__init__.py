"""Profiles of segments: features, categories, key figures and purchases, compared with all customers."""
