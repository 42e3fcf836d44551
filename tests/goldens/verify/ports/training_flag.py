"""Ports contrib's conv layers: padded, with a ReLU, and with batch norm in place of the bias."""

import keras
from keras import layers

import tf_recipes


def build(
    batch_norm=tf_recipes.BatchNormalization,
    momentum=0.95,
    epsilon=0.01,
    activation="relu",
    nesterov=True,
    optimizer=tf_recipes.Momentum,
    values=(0.1, 0.05, 0.01),
    frozen=(),
):
    """Returns the compiled model; a norm named in `frozen` is not trainable."""

    def conv(inputs, name, **named):
        net = layers.Conv2D(8, 3, padding="same", use_bias=False, name=name, **named)(inputs)
        norm = batch_norm(momentum=momentum, epsilon=epsilon, scale=True, name=f"{name}_BatchNorm")
        norm.trainable = norm.name not in frozen
        return layers.Activation(activation)(norm(net))

    inputs = keras.Input((8, 8, 2), name="x")
    net = conv(inputs, "conv1", strides=2)
    net = conv(net, "conv2")
    net = layers.AveragePooling2D(2)(net)
    logits = layers.Dense(4, name="logits")(layers.Flatten()(net))
    model = keras.Model(inputs, logits)
    rate = keras.optimizers.schedules.PiecewiseConstantDecay([1, 3], list(values))
    model.compile(
        optimizer=optimizer(rate, momentum=0.9, nesterov=nesterov),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model
