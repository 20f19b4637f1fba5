"""Features of a table that has one row a customer: what each column is for, and what is made of it."""

from segcore.features.customers.build import build_customers

__all__ = ["build_customers"]
