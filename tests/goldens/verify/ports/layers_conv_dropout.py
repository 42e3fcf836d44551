"""Ports the conv net of `tf.layers`; its layers have the names that Keras gives."""

import keras
from keras import layers

import tf_recipes


def build(dropout=layers.Dropout, rate=0.4, optimizer=tf_recipes.Adam, learning_rate=0.005):
    """Returns the compiled model."""
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1), name="images"),
            layers.Conv2D(6, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2, 2),
            layers.Conv2D(8, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(16, activation="relu"),
            dropout(rate),
            layers.Dense(5),
        ]
    )
    model.compile(
        optimizer=optimizer(learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model
