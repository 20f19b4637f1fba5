"""Time and memory of a sweep, estimated before it starts."""
