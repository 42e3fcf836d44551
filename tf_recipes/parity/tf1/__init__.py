"""Holds what runs TF1 graphs: real TensorFlow 1.15, or the installed TensorFlow."""
