"""Defines activations: the chapter's leaky ReLU with slope 0.01 and ELU, and a hard sigmoid."""

from typing import Any

import keras
from keras import ops

from tf_recipes._support import doubles, tf1_names, validation


@keras.saving.register_keras_serializable(package="tf_recipes")
@tf1_names.refused(renamed={"features": "z", "alpha": "negative_slope"}, gone=tf1_names.NAME)
def leaky_relu(z: Any, negative_slope: float = 0.01) -> Any:
    """Computes `max(negative_slope * z, z)` elementwise.

    TF1: the chapter's own `tf.maximum(0.01 * z, z)`. The built-in functions have other slopes:
    `tf.nn.leaky_relu` and `keras.activations.leaky_relu` 0.2, `keras.layers.LeakyReLU` 0.3.

    Args:
        z: tensor of any shape.
        negative_slope: float in [0, 1).

    Returns:
        A tensor of the shape and dtype of `z`.

    Raises:
        ValueError: for a slope outside [0, 1), where the maximum would be another function.

    >>> leaky_relu(keras.ops.array([-1.0, 2.0])).numpy().tolist()
    [-0.009999999776482582, 2.0]

    References:
        Maas, Hannun, Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models", 2013.
    """
    validation.number("negative_slope", negative_slope, 0, 1, open_high=True)
    z = ops.convert_to_tensor(z)
    return doubles.maximum(negative_slope * z, z)


@keras.saving.register_keras_serializable(package="tf_recipes")
@tf1_names.refused(renamed={"x": "z"}, gone=tf1_names.NAME)
def hard_sigmoid(z: Any) -> Any:
    """Computes `0.2 * z + 0.5`, clipped to [0, 1], elementwise.

    TF1: `tf.keras.activations.hard_sigmoid`, which the gates of `tf.keras.layers.LSTM` and `GRU`
    have. `keras.activations.hard_sigmoid` has the slope 1/6.

    Args:
        z: floating tensor of any shape.

    Returns:
        A tensor of the shape and dtype of `z`.

    >>> hard_sigmoid(keras.ops.array([-3.0, 1.0])).numpy().round(4).tolist()
    [0.0, 0.699999988079071]

    References:
        Courbariaux, Bengio, David, "BinaryConnect: Training Deep Neural Networks with binary
        weights during propagations", 2015.
    """
    return ops.clip(0.2 * ops.convert_to_tensor(z) + 0.5, 0.0, 1.0)


@tf1_names.refused(renamed={"features": "z"}, gone=tf1_names.NAME)
def elu(z: Any) -> Any:
    """Computes `z` where `z` is positive, and `exp(z) - 1` elsewhere.

    TF1: `tf.nn.elu`. Keras' built-in function has no numeric difference; this function calls it.

    Args:
        z: floating tensor of any shape.

    Returns:
        A tensor of the shape and dtype of `z`.

    >>> elu(keras.ops.array([-1.0, 2.0])).numpy().round(4).tolist()
    [-0.632099986076355, 2.0]

    References:
        Clevert, Unterthiner, Hochreiter, "Fast and Accurate Deep Network Learning by Exponential
        Linear Units (ELUs)", 2015.
    """
    return keras.activations.elu(z)
