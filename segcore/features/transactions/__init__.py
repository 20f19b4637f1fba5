"""Features of transactions."""
