"""Format of pipeline files: their layout, how they are read and checked, and how they are written."""
