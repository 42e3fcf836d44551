"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    words = keras.Input(shape=(6,), dtype="int32", name="words")
    lengths = keras.Input(shape=(), dtype="int32", name="lengths")
    encoder = keras.layers.Embedding(13, 5, name="encoder")(words)
    lengths_column = keras.ops.expand_dims(lengths, axis=1)
    mask = lengths_column > keras.ops.arange(6)
    encoder_rnn_gru_cell = keras.layers.GRU(
        8, return_state=True, reset_after=False, name="encoder_rnn_gru_cell"
    )(encoder, mask=mask)
    output = keras.layers.Dense(1, name="output")(encoder_rnn_gru_cell[1])
    model = keras.Model([words, lengths], output)
    model.compile(
        optimizer=tf_recipes.Adam(0.02),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
