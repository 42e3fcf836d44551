"""Holds the Keras part of each TF1 original; files have the names of those in `originals/`."""
