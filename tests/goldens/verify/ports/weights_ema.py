"""Ports the average of the weights: an optimizer around the optimizer."""

import keras
from keras import layers

import tf_recipes


def build(
    decay=0.9,
    num_updates="iterations",
    learning_rate=0.5,
    reduction="sum_over_batch_size",
    activation="softplus",
):
    """Returns the compiled model."""
    model = keras.Sequential(
        [
            keras.Input((14,), name="x"),
            layers.Dense(20, activation=activation, name="hidden"),
            layers.Dense(4, name="scores"),
        ]
    )
    rate = tf_recipes.exponential_decay(learning_rate, decay_steps=10, decay_rate=0.3)
    model.compile(
        optimizer=tf_recipes.ExponentialMovingAverage(
            tf_recipes.GradientDescent(rate), decay=decay, num_updates=num_updates
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction),
    )
    return model
