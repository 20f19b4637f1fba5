"""Maps of customers: a linear one, and those that keep neighbours together."""
