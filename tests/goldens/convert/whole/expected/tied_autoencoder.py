"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    x = keras.Input(shape=(24,), name="X")
    autoencoder_weights1 = tf_recipes.Weight(
        (24, 16), regularizer=keras.regularizers.L2(0.005), name="autoencoder_weights1"
    )(x)
    matmul = keras.ops.matmul(x, autoencoder_weights1)
    autoencoder_biases1 = tf_recipes.Weight((16,), name="autoencoder_biases1")(x)
    add = matmul + autoencoder_biases1
    elu = keras.activations.elu(add)
    autoencoder_weights2 = tf_recipes.Weight(
        (16, 6), regularizer=keras.regularizers.L2(0.005), name="autoencoder_weights2"
    )(x)
    matmul_1 = keras.ops.matmul(elu, autoencoder_weights2)
    autoencoder_biases2 = tf_recipes.Weight((6,), name="autoencoder_biases2")(x)
    add_1 = matmul_1 + autoencoder_biases2
    elu_1 = keras.activations.elu(add_1)
    transpose = keras.ops.transpose(autoencoder_weights2, (1, 0))
    matmul_2 = keras.ops.matmul(elu_1, transpose)
    autoencoder_biases3 = tf_recipes.Weight((16,), name="autoencoder_biases3")(x)
    add_2 = matmul_2 + autoencoder_biases3
    elu_2 = keras.activations.elu(add_2)
    transpose_1 = keras.ops.transpose(autoencoder_weights1, (1, 0))
    matmul_3 = keras.ops.matmul(elu_2, transpose_1)
    autoencoder_biases4 = tf_recipes.Weight((24,), name="autoencoder_biases4")(x)
    reconstruction = matmul_3 + autoencoder_biases4
    model = keras.Model(x, reconstruction)
    model.compile(
        optimizer=tf_recipes.Adam(0.01, beta_1=0.8),
        loss=keras.losses.MeanSquaredError(),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
