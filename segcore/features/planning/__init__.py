"""Parts of a plan: sets of features, priorities, transforms, and defaults."""
