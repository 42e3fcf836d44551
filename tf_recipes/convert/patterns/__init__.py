"""Holds the graph patterns: one kind of layer or operation, one file, which defines `PATTERNS`."""
