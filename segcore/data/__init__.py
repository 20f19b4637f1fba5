"""From a sample or a file to a data set with roles."""
