"""Compares any TensorFlow 1 program with a Keras model, step by step."""
