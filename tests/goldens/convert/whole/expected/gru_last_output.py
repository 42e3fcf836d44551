"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras


def build():
    """Returns the model, with new weights."""
    x = keras.Input(shape=(6, 2), name="x")
    seqlen = keras.Input(shape=(), dtype="int32", name="seqlen")
    seqlen_column = keras.ops.expand_dims(seqlen, axis=1)
    mask = seqlen_column > keras.ops.arange(6)
    rnn_gru_cell = keras.layers.GRU(
        7,
        return_sequences=True,
        zero_output_for_mask=True,
        reset_after=False,
        name="rnn_gru_cell",
    )(x, mask=mask)
    reshape = keras.ops.reshape(rnn_gru_cell, (-1, 7))
    range_ = rnn_gru_cell[:, 0, 0]
    ones_like = keras.ops.ones_like(range_, dtype="int32")
    cumsum = keras.ops.cumsum(ones_like, axis=0)
    range_1 = cumsum - 1
    mul = range_1 * 6
    sub = seqlen - 1
    add = mul + sub
    gatherv2 = keras.ops.take(reshape, add, axis=0)
    dense = keras.layers.Dense(3, name="dense")(gatherv2)
    model = keras.Model([x, seqlen], dense)
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
