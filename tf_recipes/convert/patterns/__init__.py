"""Reserves the folder for graph patterns: one kind of layer or operation, one file."""
