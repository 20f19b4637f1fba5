"""Evidence on the solutions of a sweep: placebo, stability, describability."""
