"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    x = keras.Input(shape=(20,), name="x")
    dropout = keras.layers.Dropout(0.1, name="dropout")(x)
    w1 = tf_recipes.Weight((20, 8), name="w1")(x)
    matmul = keras.ops.matmul(dropout, w1)
    weight = tf_recipes.Weight((8,), name="weight")(x)
    add = matmul + weight
    softplus = keras.activations.softplus(add)
    transpose = keras.ops.transpose(w1, (1, 0))
    matmul_1 = keras.ops.matmul(softplus, transpose)
    weight_1 = tf_recipes.Weight((20,), name="weight_1")(x)
    add_1 = matmul_1 + weight_1
    model = keras.Model(x, add_1)
    model.compile(
        optimizer=tf_recipes.Adam(0.01),
        loss=keras.losses.MeanSquaredError(reduction="sum"),
        loss_weights=[10.0],
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
