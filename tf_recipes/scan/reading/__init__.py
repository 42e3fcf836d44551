"""Reads source files, and finds what each of their names stands for."""
