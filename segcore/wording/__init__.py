"""Numbers, units and findings as text, the same on every screen and in every report."""
