"""Holds the command line: flags, errors of one line, and the commands."""
