"""The Segments screen."""
