"""Defines the rewrites. Each module has one idiom, as `REWRITE`, and is found by itself."""
