"""When customers are looked at: before the window learned from, before the judged one, and at the end of the data."""
