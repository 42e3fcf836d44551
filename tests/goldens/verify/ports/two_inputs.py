"""Ports the net with two inputs; the inputs have other names than the placeholders."""

import keras
from keras import layers

import tf_recipes


def build(
    joined="tanh",
    optimizer=tf_recipes.RMSProp,
    centered=True,
    momentum=0.5,
    reduction="sum_over_batch_size",
):
    """Returns the compiled model."""
    house = keras.Input((9,), name="house")
    district = keras.Input((4,), name="district")
    a = layers.Dense(16, activation="tanh", name="rooms_hidden")(house)
    b = layers.Dense(8, activation="tanh", name="place_hidden")(district)
    net = layers.Concatenate()([a, b])
    net = layers.Dense(12, activation=joined, name="joined")(net)
    price = layers.Dense(1, name="price")(net)
    model = keras.Model([house, district], price)
    model.compile(
        optimizer=optimizer(0.002, rho=0.9, momentum=momentum, centered=centered),
        loss=keras.losses.MeanSquaredError(reduction=reduction),
    )
    return model
