"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras


def build():
    """Returns the model, with new weights."""
    x = keras.Input(shape=(4, 5), name="X")
    rnn_basic_lstm_cell = keras.layers.LSTM(6, name="rnn_basic_lstm_cell")(x)
    dense = keras.layers.Dense(3, name="dense")(rnn_basic_lstm_cell)
    model = keras.Model(x, dense)
    model.compile(
        optimizer=keras.optimizers.SGD(0.1),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
