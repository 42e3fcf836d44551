"""Holds what is known to differ between TF1 and a Keras port, one subject a file.

Each module has `substitutions(case)`, which yields the changes that may remove a difference. The
modules are found by themselves: a new file needs no line elsewhere.
"""
