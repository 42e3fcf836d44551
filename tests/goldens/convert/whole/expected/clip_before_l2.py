"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras


def build():
    """Returns the model, with new weights."""
    x = keras.Input(shape=(8,), name="x")
    hidden = keras.layers.Dense(12, activation="tanh", name="hidden")(x)
    price = keras.layers.Dense(1, name="price")(hidden)
    return keras.Model(x, price)


if __name__ == "__main__":
    model = build()
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
