"""Ports a penalty whose gradient is added after the clipping, in an optimizer of the port's own."""

import types

import keras
from keras import layers

import tf_recipes


class LatePenalty(tf_recipes.Momentum):
    """Clips the gradients, and adds those of an L2 penalty on the kernels afterwards."""

    def apply(self, grads, trainable_variables=None):
        """Takes one step."""
        bounded = [tf_recipes.clip_by_norm(each, 0.2) for each in grads]
        whole = [
            gradient + 0.1 * w if w.path.endswith("kernel") else gradient
            for gradient, w in zip(bounded, trainable_variables, strict=True)
        ]
        super().apply(whole, trainable_variables)


def build(optimizer=LatePenalty, regularizer=None, clip=types.MappingProxyType({})):
    """Returns the compiled model; `clip` has clipping arguments of the optimizer."""
    model = keras.Sequential(
        [
            keras.Input((8,), name="x"),
            layers.Dense(12, "tanh", kernel_regularizer=regularizer, name="hidden"),
            layers.Dense(1, kernel_regularizer=regularizer, name="price"),
        ]
    )
    model.compile(optimizer=optimizer(0.05, momentum=0.9, **clip), loss="mse")
    return model
