"""Files of every kind read into rows of text."""
