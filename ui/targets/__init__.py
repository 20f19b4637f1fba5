"""Whom to reach, on the Targets screen."""
