"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    x = keras.Input(shape=(14,), name="x")
    hidden = keras.layers.Dense(20, activation="softplus", name="hidden")(x)
    scores = keras.layers.Dense(4, name="scores")(hidden)
    model = keras.Model(x, scores)
    model.compile(
        optimizer=tf_recipes.ExponentialMovingAverage(
            keras.optimizers.SGD(
                learning_rate=tf_recipes.exponential_decay(
                    0.5, decay_steps=10, decay_rate=0.3
                ),
            ),
            decay=0.9,
            num_updates="iterations",
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
