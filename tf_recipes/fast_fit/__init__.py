"""Runs the ordinary `fit` of a Keras model on arrays as one compiled loop."""

# Keras first: right after it, `_support.registration` imports modules of this folder, and they could
# import nothing from one of them that is itself just waiting for Keras.
import keras  # noqa: F401
