"""Contains the recipes as TensorFlow 1.15 code, one module for each block of the same file name.

The code uses only the API of TF 1.15 and runs unchanged on Python 3.7. On TensorFlow 2 it is loaded
through `tf_recipes.parity.tf1.compat`, which replaces `tensorflow` with `tensorflow.compat.v1` and
a small `tensorflow.contrib`.
"""
