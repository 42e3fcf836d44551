"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras


def build():
    """Returns the model, with new weights."""
    x = keras.Input(shape=(16,), name="x")
    dense1 = keras.layers.Dense(24, name="dense1")(x)
    norm1 = keras.layers.BatchNormalization(momentum=0.9, name="norm1")(dense1)
    relu = keras.activations.relu(norm1)
    out = keras.layers.Dense(5, name="out")(relu)
    model = keras.Model(x, out)
    model.compile(
        optimizer=keras.optimizers.SGD(0.5),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
