"""Ports the net in float64: each layer and the loss have the dtype."""

import keras
from keras import layers

import tf_recipes


def build(optimizer=tf_recipes.Momentum, dtype="float64", momentum=0.8):
    """Returns the compiled model."""
    model = keras.Sequential(
        [
            keras.Input((10,), dtype=dtype, name="x"),
            layers.Dense(18, activation="tanh", dtype=dtype, name="h1"),
            layers.Dense(9, activation="tanh", dtype=dtype, name="h2"),
            layers.Dense(2, dtype=dtype, name="y_hat"),
        ]
    )
    rate = tf_recipes.exponential_decay(0.03, decay_steps=2, decay_rate=0.7)
    model.compile(
        optimizer=optimizer(rate, momentum=momentum),
        loss=keras.losses.MeanSquaredError(dtype=dtype),
    )
    return model
