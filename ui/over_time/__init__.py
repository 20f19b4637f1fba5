"""The Over time screen."""
