"""Map of the customers on the Segments screen."""
