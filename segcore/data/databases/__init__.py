"""Databases that tables are read from and written to: addresses, connections, and what reading one needs."""
