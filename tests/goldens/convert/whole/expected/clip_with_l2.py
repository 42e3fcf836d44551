"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras


def build():
    """Returns the model, with new weights."""
    x = keras.Input(shape=(9,), name="x")
    hidden = keras.layers.Dense(
        14,
        activation="relu",
        kernel_regularizer=keras.regularizers.L2(0.15),
        name="hidden",
    )(x)
    scores = keras.layers.Dense(
        3, kernel_regularizer=keras.regularizers.L2(0.15), name="scores"
    )(hidden)
    model = keras.Model(x, scores)
    model.compile(
        optimizer=keras.optimizers.SGD(0.2, global_clipnorm=0.5),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
