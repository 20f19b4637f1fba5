"""Sample data sets."""
