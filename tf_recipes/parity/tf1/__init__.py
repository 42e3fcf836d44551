"""Runs TF1 graphs: on real TensorFlow 1.15, or inside the installed TensorFlow."""
