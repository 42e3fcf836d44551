"""Holds tools for any Keras model; TensorFlow 1 had none of them."""
