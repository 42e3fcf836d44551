"""Holds the Keras part of each TF1 original; files have the names of those in `originals/`."""

# Keras first: right after it, `_support.registration` imports modules of this folder, and they could
# import nothing from one of them that is itself just waiting for Keras.
import keras  # noqa: F401
