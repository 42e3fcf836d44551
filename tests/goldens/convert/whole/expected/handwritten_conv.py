"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    x = keras.Input(shape=(64,), name="x")
    reshape = keras.layers.Reshape((8, 8, 1), name="Reshape")(x)
    variable = keras.layers.Conv2D(
        6, 3, activation="relu", strides=2, padding="same", name="Variable"
    )(reshape)
    maxpool = keras.layers.MaxPooling2D(2, strides=1, padding="same", name="MaxPool")(
        variable
    )
    variable_2 = keras.layers.Conv2D(
        8, 3, activation="relu", strides=2, padding="same", name="Variable_2"
    )(maxpool)
    reshape_1 = keras.layers.Flatten(name="Reshape_1")(variable_2)
    variable_4 = keras.layers.Dense(5, name="Variable_4")(reshape_1)
    model = keras.Model(x, variable_4)
    model.compile(
        optimizer=tf_recipes.Adagrad(0.05, initial_accumulator_value=0.5),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
