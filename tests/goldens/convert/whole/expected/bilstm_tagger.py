"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


@keras.saving.register_keras_serializable(package="model")
class TrainedModel(keras.Model):
    """Trains by one loss of all outputs and labels."""

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """Returns the loss of a batch."""
        sequence_lengths = x[1]
        reshape = keras.ops.reshape(y_pred, (-1, 4))
        reshape_1 = keras.ops.reshape(y, (-1,))
        steps = keras.ops.cumsum(keras.ops.ones_like(y[0]), axis=0) - 1
        mask = steps < keras.ops.expand_dims(sequence_lengths, axis=-1)
        mask_1 = keras.ops.reshape(mask, (-1,))
        entropy = keras.losses.sparse_categorical_crossentropy(
            reshape_1, reshape, from_logits=True
        )
        sum_ = keras.ops.sum(keras.ops.where(mask_1, entropy, 0.0))
        return sum_ / keras.ops.sum(keras.ops.cast(mask_1, "float32"))


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
    model = TrainedModel([word_ids, sequence_lengths], proj)
    model.compile(optimizer=tf_recipes.RMSProp(0.01, rho=0.9))
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
