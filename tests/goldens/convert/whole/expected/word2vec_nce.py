"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    train_inputs = keras.Input(shape=(), dtype="int32", name="inputs_train_inputs")
    embeddings_variable = tf_recipes.Weight((30, 6), name="embeddings_Variable")(
        train_inputs
    )
    square = keras.ops.square(embeddings_variable)
    sum_ = keras.ops.sum(square, axis=1, keepdims=True)
    sqrt = keras.ops.sqrt(sum_)
    truediv = embeddings_variable / sqrt
    embedding_lookup = keras.ops.take(truediv, train_inputs, axis=0)
    transpose = keras.ops.transpose(truediv)
    similarity = keras.ops.matmul(embedding_lookup, transpose)
    return keras.Model(train_inputs, similarity)


if __name__ == "__main__":
    model = build()
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
