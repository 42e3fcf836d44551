"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras


def build():
    """Returns the model, with new weights."""
    z = keras.Input(shape=(6,), name="z")
    generator_g_h0_lin = keras.layers.Dense(24, name="generator_g_h0_lin")(z)
    generator_1 = keras.layers.Reshape((2, 2, 6), name="generator_1")(
        generator_g_h0_lin
    )
    generator_g_bn0 = keras.layers.BatchNormalization(
        epsilon=1.001e-05, name="generator_g_bn0"
    )(generator_1)
    relu = keras.activations.relu(generator_g_bn0)
    generator_g_h1 = keras.layers.Conv2DTranspose(
        4, 5, strides=2, padding="same", name="generator_g_h1"
    )(relu)
    generator_g_bn1 = keras.layers.BatchNormalization(
        epsilon=1.001e-05, name="generator_g_bn1"
    )(generator_g_h1)
    relu_1 = keras.activations.relu(generator_g_bn1)
    generator_g_h2 = keras.layers.Conv2DTranspose(
        3, 5, activation="tanh", strides=2, padding="same", name="generator_g_h2"
    )(relu_1)
    return keras.Model(z, generator_g_h2)


if __name__ == "__main__":
    model = build()
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
