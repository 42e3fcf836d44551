"""Ports the conv net over signals; the pipeline feeds `fit`."""

import keras
from keras import layers

import tf_recipes


def build(slope=0.2, padding="same", use_bias=True, staircase=True):
    """Returns the compiled model."""
    model = keras.Sequential(
        [
            keras.Input((16, 3), name="signals"),
            layers.Conv1D(8, 5, strides=2, padding=padding, name="conv1"),
            layers.LeakyReLU(negative_slope=slope),
            layers.Conv1D(12, 3, activation="relu6", name="conv2"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(4, use_bias=use_bias, name="logits"),
        ]
    )
    rate = tf_recipes.exponential_decay(0.2, 2, 0.8, staircase=staircase)
    model.compile(
        optimizer=tf_recipes.GradientDescent(rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model
