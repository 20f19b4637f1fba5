"""From a request for data to a stored table of features."""
