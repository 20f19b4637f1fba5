"""Databases that tables are read from and written to: addresses, connections, SELECTs and extracts."""
