"""Holds the Keras side of each TF1 original, under the file name that it has in `originals/`."""
