"""Kind of data and roles of columns."""
