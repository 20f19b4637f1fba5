"""Maps of customers: principal components, and layouts that keep neighbours together."""
