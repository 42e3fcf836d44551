"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    inputs = keras.Input(shape=(18,), name="inputs")
    hidden = keras.layers.Dense(20, activation="tanh", name="hidden")(inputs)
    softmax = keras.layers.Dense(4, name="softmax")(hidden)
    model = keras.Model(inputs, softmax)
    model.compile(
        optimizer=tf_recipes.Adam(0.01, epsilon=0.01, global_clipnorm=0.1),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
