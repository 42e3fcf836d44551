"""Holds what reads a TF1 graph, runs the graph in the installed TensorFlow, and says its parts."""
