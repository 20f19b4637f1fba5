"""Features of a table that has one row a customer: what each column is for, and what is made of it."""

from segcore.features.customers.build import build_customers
from segcore.features.customers.encoding import needed_recipes
from segcore.features.customers.unseen import unseen_notes

__all__ = ["build_customers", "needed_recipes", "unseen_notes"]
