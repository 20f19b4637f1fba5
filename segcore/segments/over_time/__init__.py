"""The same segments in later data: who moved and why, which features drifted, and whether to segment again."""
