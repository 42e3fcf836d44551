"""Holds tools for any Keras model; TensorFlow 1 had none of them."""

# Keras first: right after it, `_support.registration` imports modules of this folder, and they could
# import nothing from one of them that is itself just waiting for Keras.
import keras  # noqa: F401
