"""Ports the net with two heads: `loss_weights` has the weight of each head's loss."""

import keras
from keras import layers

import tf_recipes


def build(
    optimizer=tf_recipes.Momentum, size_weight=0.3, staircase=True, activation="relu", rate=0.05
):
    """Returns the compiled model."""
    inputs = keras.Input((12,), name="x")
    trunk = layers.Dense(20, activation=activation, name="trunk")(inputs)
    heads = {
        "kind": layers.Dense(3, name="kind")(trunk),
        "size": layers.Dense(2, name="size")(trunk),
    }
    model = keras.Model(inputs, heads)
    schedule = tf_recipes.exponential_decay(rate, 4, 0.5, staircase=staircase)
    model.compile(
        optimizer=optimizer(schedule, momentum=0.9),
        loss={
            "kind": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            "size": keras.losses.MeanSquaredError(),
        },
        loss_weights={"kind": 1.0, "size": size_weight},
    )
    return model
