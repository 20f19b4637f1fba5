"""Features of taste: the matrix of customers and items, and its components."""
