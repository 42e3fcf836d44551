"""Multiplies by one variable twice in TF1 code: the decoding layer borrows the encoding kernel."""

import tensorflow as tf


def tied(inputs, codings):
    """Returns codings of the inputs, and the inputs as the same kernel gives them back."""
    kernel = tf.get_variable("kernel", (int(inputs.shape[1]), codings))
    coded = tf.matmul(inputs, kernel)
    return coded, tf.matmul(coded, kernel, transpose_b=True)
