"""Whom to reach: who bought what is promoted, who is likely to, and the list that a budget pays for."""
