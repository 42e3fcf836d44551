"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras


def build():
    """Returns the model, with new weights."""
    ids = keras.Input(shape=(), dtype="int64", name="ids")
    x = keras.Input(shape=(6,), name="x")
    input_layer = keras.layers.Embedding(14, 4, name="input_layer")(ids)
    concat = keras.ops.concatenate([x, input_layer], axis=1)
    dnn_hidden = keras.layers.Dense(8, activation="elu", name="dnn_hidden")(concat)
    output = keras.layers.Dense(1, name="output")(dnn_hidden)
    return keras.Model([ids, x], output)


if __name__ == "__main__":
    model = build()
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
