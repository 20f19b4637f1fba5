"""Pipelines: a journey from data to segments as one TOML file that is checked, run, resumed and signed off."""
