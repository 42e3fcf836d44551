"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    x = keras.Input(shape=(12,), name="x")
    trunk = keras.layers.Dense(20, activation="relu", name="trunk")(x)
    kind = keras.layers.Dense(3, name="kind")(trunk)
    size = keras.layers.Dense(2, name="size")(trunk)
    model = keras.Model(x, [kind, size])
    model.compile(
        optimizer=tf_recipes.Momentum(
            learning_rate=tf_recipes.exponential_decay(
                0.05, decay_steps=4, decay_rate=0.5, staircase=True
            ),
            momentum=0.9,
        ),
        loss=[
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            keras.losses.MeanSquaredError(),
        ],
        loss_weights=[1.0, 0.3],
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
