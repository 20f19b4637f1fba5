"""What an algorithm is to the rest of segcore: the records that its one file fills in."""
