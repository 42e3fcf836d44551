"""Holds the subcommands of `tf-recipes`: each file defines the flags of one, and its `main`."""
