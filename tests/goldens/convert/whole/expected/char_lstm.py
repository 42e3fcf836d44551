"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    input_data = keras.Input(shape=(5,), dtype="int32", name="input_data")
    rnnlm_embedding = keras.layers.Embedding(11, 6, name="rnnlm_embedding")(input_data)
    cell_cell_0_basic_lstm_cell = keras.layers.LSTM(
        6, return_sequences=True, name="rnnlm_rnn_multi_rnn_cell_cell_0_basic_lstm_cell"
    )(rnnlm_embedding)
    cell_cell_1_basic_lstm_cell = keras.layers.LSTM(
        6, return_sequences=True, name="rnnlm_rnn_multi_rnn_cell_cell_1_basic_lstm_cell"
    )(cell_cell_0_basic_lstm_cell)
    rnnlm_softmax_w = keras.layers.Dense(11, name="rnnlm_softmax_w")(
        cell_cell_1_basic_lstm_cell
    )
    model = keras.Model(input_data, rnnlm_softmax_w)
    model.compile(
        optimizer=tf_recipes.Adam(0.01, global_clipnorm=0.5),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
