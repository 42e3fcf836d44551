"""Runs the ordinary `fit` of a Keras model on arrays as one compiled loop."""
