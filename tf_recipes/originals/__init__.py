"""The recipes as TensorFlow 1.15 code, each beside the Keras module of the same file name.

Everything here is TF 1.15 API alone and runs unchanged on Python 3.7. On TensorFlow 2 it is loaded
through `tf_recipes.parity.tf1.compat`, which lends it `tensorflow.compat.v1` and a small
`tensorflow.contrib`.
"""
