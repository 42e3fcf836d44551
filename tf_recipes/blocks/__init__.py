"""Holds the Keras part of each TF1 original; files have the names of those in `originals/`."""

# Keras first: right after it, `_support.registration` imports modules of this folder. These could
# import nothing from a module that itself waits for Keras.
import keras  # noqa: F401
