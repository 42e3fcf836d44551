"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    x = keras.Input(shape=(5,), dtype="int32", name="x")
    encoder_lookup_table = keras.layers.Embedding(12, 8, name="encoder_lookup_table")(x)
    mul = encoder_lookup_table * 2.828427
    range_ = keras.ops.arange(5, dtype="int32")
    expand_dims = keras.ops.expand_dims(range_, axis=0)
    tile = x[:, 0]
    zeros_like = keras.ops.zeros_like(tile)
    reshape = keras.ops.reshape(zeros_like, (-1, 1))
    tile_1 = expand_dims + reshape
    encoder_positions = keras.layers.Embedding(5, 8, name="encoder_positions")(tile_1)
    add = mul + encoder_positions
    multihead_attention_dense = keras.layers.Dense(
        8, use_bias=False, name="encoder_multihead_attention_dense"
    )(add)
    split = keras.ops.split(multihead_attention_dense, 2, axis=2)
    concat = keras.ops.concatenate(split, axis=0)
    multihead_attention_dense_1 = keras.layers.Dense(
        8, use_bias=False, name="encoder_multihead_attention_dense_1"
    )(add)
    split_1 = keras.ops.split(multihead_attention_dense_1, 2, axis=2)
    concat_1 = keras.ops.concatenate(split_1, axis=0)
    transpose = keras.ops.transpose(concat_1, (0, 2, 1))
    matmul = keras.ops.matmul(concat, transpose)
    truediv = matmul / 2.0
    softmax = keras.activations.softmax(truediv)
    multihead_attention_dropout = keras.layers.Dropout(
        0.1, name="encoder_multihead_attention_dropout"
    )(softmax)
    multihead_attention_dense_2 = keras.layers.Dense(
        8, use_bias=False, name="encoder_multihead_attention_dense_2"
    )(add)
    split_2 = keras.ops.split(multihead_attention_dense_2, 2, axis=2)
    concat_2 = keras.ops.concatenate(split_2, axis=0)
    matmul_1 = keras.ops.matmul(multihead_attention_dropout, concat_2)
    split_3 = keras.ops.split(matmul_1, 2)
    concat_3 = keras.ops.concatenate(split_3, axis=2)
    add_1 = concat_3 + add
    encoder_multihead_attention_ln = keras.layers.LayerNormalization(
        epsilon=1e-08, name="encoder_multihead_attention_ln"
    )(add_1)
    encoder_feedforward_conv1d = keras.layers.Conv1D(
        16, 1, activation="relu", name="encoder_feedforward_conv1d"
    )(encoder_multihead_attention_ln)
    encoder_feedforward_conv1d_1 = keras.layers.Conv1D(
        8, 1, name="encoder_feedforward_conv1d_1"
    )(encoder_feedforward_conv1d)
    add_2 = encoder_feedforward_conv1d_1 + encoder_multihead_attention_ln
    encoder_feedforward_ln = keras.layers.LayerNormalization(
        epsilon=1e-08, name="encoder_feedforward_ln"
    )(add_2)
    mean = keras.layers.GlobalAveragePooling1D(name="Mean")(encoder_feedforward_ln)
    output = keras.layers.Dense(3, name="output")(mean)
    model = keras.Model(x, output)
    model.compile(
        optimizer=tf_recipes.Adam(0.01, beta_2=0.98),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
