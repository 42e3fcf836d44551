"""Rewrites TF1 source code where this is mechanical and safe, and keeps comments and layout."""
