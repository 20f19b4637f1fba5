"""What goes into a plan: sets of features, priorities and transforms as people write them, and defaults."""
