"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras


def build():
    """Returns the model, with new weights."""
    x = keras.Input(shape=(16,), name="x")
    encoder_hidden = keras.layers.Dense(12, activation="relu", name="encoder_hidden")(x)
    encoder_z_mean = keras.layers.Dense(3, name="encoder_z_mean")(encoder_hidden)
    decoder_hidden = keras.layers.Dense(12, activation="relu", name="decoder_hidden")(
        encoder_z_mean
    )
    decoder_pixels = keras.layers.Dense(
        16, activation="sigmoid", name="decoder_pixels"
    )(decoder_hidden)
    return keras.Model(x, [encoder_z_mean, decoder_pixels])


if __name__ == "__main__":
    model = build()
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
