"""Features of a table with one row per customer."""
