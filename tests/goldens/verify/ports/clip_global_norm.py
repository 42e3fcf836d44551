"""Ports the net by hand as a subclassed model, which has no variables before its first call."""

import keras
from keras import layers

import tf_recipes


class Net(keras.Model):
    """Classifies with one hidden layer."""

    def __init__(self, activation="tanh"):
        super().__init__()
        self.body = layers.Dense(20, activation=activation, name="body")
        self.head = layers.Dense(4, name="head")

    def call(self, inputs):
        """Returns the logits, (batch, 4)."""
        return self.head(self.body(inputs))


def build(
    epsilon=0.01,
    clip={"global_clipnorm": 0.1},
    activation="tanh",
    optimizer=tf_recipes.Adam,  # noqa: B006
):
    """Returns the compiled model."""
    model = Net(activation)
    model.compile(
        optimizer=optimizer(0.01, epsilon=epsilon, **clip),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model
