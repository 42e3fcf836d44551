"""Reserves the room for the scanner of TensorFlow 1 source code; nothing is here yet.

A rule will be one file in `rules/`, and will need no TensorFlow.
"""
