"""The Features screen."""
