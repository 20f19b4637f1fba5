"""Panel of vectors on Features: what is asked for, what was made, and what it means."""
