"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


@keras.saving.register_keras_serializable(package="model")
class Float64MeanSquaredError(keras.losses.MeanSquaredError):
    """Computes `MeanSquaredError` in float64."""

    def __init__(self, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float64"})


def build():
    """Returns the model, with new weights."""
    x = keras.Input(shape=(10,), dtype="float64", name="x")
    h1 = keras.layers.Dense(18, activation="tanh", dtype="float64", name="h1")(x)
    h2 = keras.layers.Dense(9, activation="tanh", dtype="float64", name="h2")(h1)
    y_hat = keras.layers.Dense(2, dtype="float64", name="y_hat")(h2)
    model = keras.Model(x, y_hat)
    model.compile(
        optimizer=tf_recipes.Momentum(
            learning_rate=tf_recipes.exponential_decay(
                0.03, decay_steps=2, decay_rate=0.7
            ),
            momentum=0.8,
        ),
        loss=Float64MeanSquaredError(),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
