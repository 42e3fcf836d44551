"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    x = keras.Input(shape=(16,), name="X")
    hidden1 = keras.layers.Dense(
        20,
        activation="relu",
        kernel_constraint=tf_recipes.MaxNorm(1.0, axis=1),
        name="hidden1",
    )(x)
    hidden2 = keras.layers.Dense(
        10,
        activation="relu",
        kernel_constraint=tf_recipes.MaxNorm(1.0, axis=1),
        name="hidden2",
    )(hidden1)
    outputs = keras.layers.Dense(5, name="outputs")(hidden2)
    model = keras.Model(x, outputs)
    model.compile(
        optimizer=keras.optimizers.SGD(0.3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
