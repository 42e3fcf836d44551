"""Holds what measures chapters and speed and builds the documentation; it is not installed."""
