"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    iterator_get_next = keras.Input(shape=(14,), name="IteratorGetNext")
    hidden = keras.layers.Dense(
        20,
        activation="relu",
        kernel_regularizer=keras.regularizers.L1(0.003),
        name="hidden",
    )(iterator_get_next)
    logits = keras.layers.Dense(3, name="logits")(hidden)
    model = keras.Model(iterator_get_next, logits)
    model.compile(
        optimizer=tf_recipes.Adagrad(0.1),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
