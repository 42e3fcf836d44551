"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras


def build():
    """Returns the model, with new weights."""
    word_ids = keras.Input(shape=(None,), dtype="int32", name="word_ids")
    sequence_lengths = keras.Input(shape=(), dtype="int32", name="sequence_lengths")
    words = keras.layers.Embedding(15, 5, name="words")(word_ids)
    dropout_1 = keras.layers.Dropout(0.2, name="dropout_1")(words)
    sequence_lengths_column = keras.ops.expand_dims(sequence_lengths, axis=1)
    mul_2 = dropout_1[0, :, 0]
    ones_like = keras.ops.ones_like(mul_2, dtype="int32")
    cumsum = keras.ops.cumsum(ones_like, axis=0)
    positions = cumsum - 1
    mask = sequence_lengths_column > positions
    rnn_fw_lstm_cell = keras.layers.LSTM(
        4,
        return_sequences=True,
        zero_output_for_mask=True,
        name="bi_lstm_bidirectional_rnn_fw_lstm_cell",
    )(dropout_1, mask=mask)
    rnn_bw_lstm_cell = keras.layers.LSTM(
        4,
        return_sequences=True,
        go_backwards=True,
        zero_output_for_mask=True,
        name="bi_lstm_bidirectional_rnn_bw_lstm_cell",
    )(dropout_1, mask=mask)
    lstm_cell_reversed = keras.ops.flip(rnn_bw_lstm_cell, axis=1)
    concat = keras.ops.concatenate([rnn_fw_lstm_cell, lstm_cell_reversed], axis=-1)
    bi_lstm_dropout = keras.layers.Dropout(0.2, name="bi_lstm_dropout")(concat)
    proj = keras.layers.Dense(4, name="proj")(bi_lstm_dropout)
    return keras.Model([word_ids, sequence_lengths], proj)


if __name__ == "__main__":
    model = build()
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
