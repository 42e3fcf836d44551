"""Ports the two towers: one model is called twice, and the loss is a function."""

import keras
from keras import layers, ops

import tf_recipes


def build(nesterov=True, margin=3.0, end=0.002, optimizer=tf_recipes.Momentum):
    """Returns the compiled model."""

    def contrastive(same, distance):
        apart = ops.square(ops.maximum(0.0, margin - ops.sqrt(distance)))
        return same * distance + (1.0 - same) * apart

    branch = keras.Sequential(
        [layers.Dense(20, activation="tanh", name="inner"), layers.Dense(6, name="code")],
        name="branch",
    )
    left, right = (keras.Input((12,), name=name) for name in ("left", "right"))
    difference = branch(left) - branch(right)
    distance = ops.sum(ops.square(difference), axis=1)
    model = keras.Model([left, right], distance)
    rate = keras.optimizers.schedules.PolynomialDecay(0.02, decay_steps=8, end_learning_rate=end)
    model.compile(optimizer=optimizer(rate, momentum=0.8, nesterov=nesterov), loss=contrastive)
    return model
