"""Ports `tf.layers` with the bias before batch norm, which the original has, too."""

import keras
from keras import layers

import tf_recipes


def build(
    use_bias=True,
    batch_norm=tf_recipes.BatchNormalization,
    fused=False,
    momentum=0.9,
    epsilon=0.001,
    learning_rate=0.5,
):
    """Returns the compiled model; `fused=None` takes the statistics of the fused kernel."""
    named = {} if fused is None else {"fused": fused}
    norm = batch_norm(momentum=momentum, epsilon=epsilon, scale=True, name="norm1", **named)
    model = keras.Sequential(
        [
            keras.Input((16,), name="x"),
            layers.Dense(24, use_bias=use_bias, name="dense1"),
            norm,
            layers.ReLU(),
            layers.Dense(5, name="out"),
        ]
    )
    model.compile(
        optimizer=tf_recipes.GradientDescent(learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model
