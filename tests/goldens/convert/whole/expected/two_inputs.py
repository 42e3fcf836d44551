"""Builds the Keras model of the TF1 checkpoint model.ckpt."""

from pathlib import Path

import keras

import tf_recipes


def build():
    """Returns the model, with new weights."""
    rooms = keras.Input(shape=(9,), name="rooms")
    place = keras.Input(shape=(4,), name="place")
    rooms_hidden = keras.layers.Dense(16, activation="tanh", name="rooms_hidden")(rooms)
    place_hidden = keras.layers.Dense(8, activation="tanh", name="place_hidden")(place)
    concat = keras.ops.concatenate([rooms_hidden, place_hidden], axis=1)
    joined = keras.layers.Dense(12, activation="tanh", name="joined")(concat)
    price = keras.layers.Dense(1, name="price")(joined)
    model = keras.Model([rooms, place], price)
    model.compile(
        optimizer=tf_recipes.RMSProp(0.002, rho=0.9, momentum=0.5, centered=True),
        loss=keras.losses.MeanSquaredError(),
    )
    return model


if __name__ == "__main__":
    model = build()
    model.optimizer.build(model.trainable_variables)  # its state is loaded, too
    model.load_weights(Path(__file__).with_name("model.keras"))
    model.summary()
