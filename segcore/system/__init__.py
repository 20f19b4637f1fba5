"""Cores, memory, processes and digests: nothing specific to customers."""
