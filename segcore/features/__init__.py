"""Features of customers, by kind of data, and their preparation for clustering."""
