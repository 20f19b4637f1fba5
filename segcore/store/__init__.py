"""Store on disk: an SQLite index, and files named by their content."""
