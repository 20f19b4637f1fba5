"""Cores, memory, processes and digests: what knows no customer."""
