"""What drives each segment, on the Segments screen."""
