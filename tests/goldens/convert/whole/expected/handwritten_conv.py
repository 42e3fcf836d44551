"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    x = keras.Input(shape=(64,), name="x")
    reshape = keras.layers.Reshape((8, 8, 1), name="Reshape")(x)
    conv2d = keras.layers.Conv2D(
        6, 3, activation="relu", strides=2, padding="same", name="conv2d"
    )(reshape)
    max_pool = keras.layers.MaxPooling2D(2, strides=1, padding="same", name="MaxPool")(
        conv2d
    )
    conv2d_1 = keras.layers.Conv2D(
        8, 3, activation="relu", strides=2, padding="same", name="conv2d_1"
    )(max_pool)
    reshape_1 = keras.layers.Flatten(name="Reshape_1")(conv2d_1)
    dense = keras.layers.Dense(5, name="dense")(reshape_1)
    model = keras.Model(x, dense)
    model.compile(
        optimizer=tf_recipes.Adagrad(0.05, initial_accumulator_value=0.5),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
