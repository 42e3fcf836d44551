"""The document's activations: leaky ReLU with slope 0.01, and ELU."""

import keras
from keras import ops

from tf_recipes._support import validation


@keras.saving.register_keras_serializable(package="tf_recipes")
def leaky_relu(z, negative_slope=0.01):
    """`max(negative_slope * z, z)`, elementwise; the shape of `z`.

    TF1: the document's own `tf.maximum(0.01 * z, z)`. The built-ins have other slopes:
    `tf.nn.leaky_relu` and `keras.activations.leaky_relu` 0.2, `keras.layers.LeakyReLU` 0.3.

    Args:
        z: tensor of any shape.
        negative_slope: float in [0, 1).

    Raises:
        ValueError: for a slope outside [0, 1), where the maximum would be another function.

    >>> leaky_relu(keras.ops.array([-1.0, 2.0])).numpy().tolist()
    [-0.009999999776482582, 2.0]

    References:
        Maas, Hannun, Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models", 2013.
    """
    validation.number("negative_slope", negative_slope, 0, 1, open_high=True)
    z = ops.convert_to_tensor(z)
    return ops.maximum(negative_slope * z, z)


def elu(z):
    """`z` where positive, else `exp(z) - 1`.

    TF1: `tf.nn.elu`. Keras' built-in is exact, and this is it.

    References:
        Clevert, Unterthiner, Hochreiter, "Fast and Accurate Deep Network Learning by Exponential
        Linear Units (ELUs)", 2015.
    """
    return keras.activations.elu(z)
