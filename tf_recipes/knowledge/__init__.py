"""Holds what the package knows of TensorFlow 1 as data: names, vanished symbols, arguments.

The pages, the scanner and the scripts that record the data read the same files.
"""
