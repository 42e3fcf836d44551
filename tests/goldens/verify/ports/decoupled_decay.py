"""Ports contrib's AdamW, which decays the weights before each step."""

import keras
from keras import layers

import tf_recipes


def build(optimizer=tf_recipes.AdamW, weight_decay=0.001, epsilon=1e-8):
    """Returns the compiled model."""
    model = keras.Sequential(
        [
            keras.Input((14,), name="x"),
            layers.Dense(20, activation="elu", name="features"),
            layers.Dense(4, name="classes"),
        ]
    )
    model.compile(
        optimizer=optimizer(weight_decay=weight_decay, learning_rate=0.01, epsilon=epsilon),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model
