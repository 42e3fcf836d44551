"""Converts a TF1 checkpoint to a Keras model, its source code and the proof that they are equal.

`conversion.py` runs a conversion. `lifting/` turns the graph's nodes into steps of a Keras program
by the patterns in `patterns/`, one subject a file. `program/` holds the steps, writes them as
source code and builds the model from that code.
"""
