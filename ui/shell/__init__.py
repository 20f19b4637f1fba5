"""Frame of every page: navigation, session state, caches and running jobs."""
