"""Vectors of customers, from what they bought basket by basket."""
