"""Turns the nodes of a TF1 graph into steps of a Keras program."""
