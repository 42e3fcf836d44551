"""Measures how training scales with the number of workers, and models the cost."""
