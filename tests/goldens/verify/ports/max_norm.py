"""Ports the chapter's max-norm as a constraint; the axis is the one that the chapter wrote."""

import functools

import keras

import tf_recipes


def build(constraint=tf_recipes.MaxNorm, axis=1, activation="relu", optimizer=None):
    """Returns the compiled model."""
    bound = None if constraint is None else constraint(1.0, axis=axis)
    layer = functools.partial(tf_recipes.fully_connected, activation=activation)
    inputs = keras.Input((16,), name="X")
    hidden1 = layer(inputs, 20, kernel_constraint=bound, name="hidden1")
    hidden2 = layer(hidden1, 10, kernel_constraint=bound, name="hidden2")
    logits = layer(hidden2, 5, activation=None, name="outputs")
    model = keras.Model(inputs, logits)
    model.compile(
        optimizer=optimizer or tf_recipes.GradientDescent(0.3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model
