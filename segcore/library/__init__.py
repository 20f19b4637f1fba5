"""The front door for scripts and notebooks: load data, plan, sweep, and use the segments, on the same store as the screens."""
