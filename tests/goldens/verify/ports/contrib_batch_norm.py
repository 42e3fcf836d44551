"""Ports contrib's layers under `arg_scope`: `functools.partial` binds what they share."""

import functools

import keras

import tf_recipes


def build(
    batch_norm=tf_recipes.BatchNormalization,
    momentum=0.9,
    epsilon=0.001,
    frozen=False,
    activation="elu",
    optimizer=tf_recipes.Momentum,
    staircase=False,
):
    """Returns the compiled model."""
    norm = functools.partial(
        batch_norm, momentum=momentum, epsilon=epsilon, scale=False, trainable=not frozen
    )
    layer = functools.partial(
        tf_recipes.fully_connected,
        activation=activation,
        kernel_initializer=tf_recipes.he_init(),
        normalizer=norm,
    )
    inputs = keras.Input((20,), name="X")
    hidden1 = layer(inputs, 24, name="hidden1")
    hidden2 = layer(hidden1, 12, name="hidden2")
    logits = tf_recipes.fully_connected(hidden2, 5, activation=None, name="outputs")
    model = keras.Model(inputs, logits, name="contrib_batch_norm")
    rate = tf_recipes.exponential_decay(0.1, decay_steps=3, decay_rate=0.5, staircase=staircase)
    model.compile(
        optimizer=optimizer(rate, momentum=0.9),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model
