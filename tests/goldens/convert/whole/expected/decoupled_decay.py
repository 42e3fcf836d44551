"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    x = keras.Input(shape=(14,), name="x")
    body = keras.layers.Dense(20, activation="elu", name="body")(x)
    logits = keras.layers.Dense(4, name="logits")(body)
    model = keras.Model(x, logits)
    model.compile(
        optimizer=tf_recipes.AdamW(0.01, weight_decay=0.001),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
