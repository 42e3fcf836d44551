"""Ports the Estimator: what `model_fn` did is in the layers and in `compile`."""

import keras
from keras import layers

import tf_recipes


def build(scale=0.003, units=20, rate=0.1, activation="relu"):
    """Returns the compiled model."""
    inputs = keras.Input((14,), name="x")
    hidden = layers.Dense(
        units,
        activation=activation,
        kernel_regularizer=None if scale is None else tf_recipes.l1_regularizer(scale),
        name="first",
    )(inputs)
    model = keras.Model(inputs, layers.Dense(3, name="second")(hidden))
    model.compile(
        optimizer=tf_recipes.Adagrad(rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model
