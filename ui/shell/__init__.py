"""What every page begins with, the session's state, caches and running jobs."""
