"""Records that define an algorithm; its one file fills them in."""
