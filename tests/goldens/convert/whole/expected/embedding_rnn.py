"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    ids = keras.Input(shape=(7,), dtype="int32", name="ids")
    lengths = keras.Input(shape=(), dtype="int32", name="lengths")
    embedding = keras.layers.Embedding(11, 6, name="embedding")(ids)
    lengths_column = keras.ops.expand_dims(lengths, axis=1)
    mask = lengths_column > keras.ops.arange(7)
    rnn_basic_rnn_cell = keras.layers.SimpleRNN(
        10, return_state=True, name="rnn_basic_rnn_cell"
    )(embedding, mask=mask)
    output = keras.layers.Dense(3, name="output")(rnn_basic_rnn_cell[1])
    model = keras.Model([ids, lengths], output)
    model.compile(
        optimizer=tf_recipes.Momentum(0.3, momentum=0.9, global_clipnorm=0.25),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
