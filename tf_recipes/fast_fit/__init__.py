"""Runs the ordinary `fit` of a Keras model on arrays as one compiled loop."""

# Keras first: right after it, `_support.registration` imports modules of this folder. These could
# import nothing from a module that itself waits for Keras.
import keras  # noqa: F401
