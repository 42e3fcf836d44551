"""Ports the chapter's net with leaky ReLU; the model clips every gradient."""

import functools

import keras

import tf_recipes


def build(slope=0.01, clip=1.0, clip_with=None, reduction="sum"):
    """Returns the compiled model; `clip_with` has other clipping arguments, of the optimizer."""
    activation = functools.partial(tf_recipes.leaky_relu, negative_slope=slope)
    layer = functools.partial(tf_recipes.fully_connected, activation=activation)
    inputs = keras.Input((15,), name="X")
    hidden1 = layer(inputs, 24, name="hidden1")
    hidden2 = layer(hidden1, 12, name="hidden2")
    logits = layer(hidden2, 6, activation=None, name="outputs")
    if clip_with is None:
        model = tf_recipes.GradientClippingModel(inputs, logits, clip_value=clip)
    else:
        model = keras.Model(inputs, logits)
    model.compile(
        optimizer=tf_recipes.Momentum(0.02, momentum=0.9, **(clip_with or {})),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=reduction),
    )
    return model
