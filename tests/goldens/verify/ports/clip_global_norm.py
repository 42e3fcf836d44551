"""Ports the net by hand as a subclassed model, which has no variables before its first call."""

import types

import keras
from keras import layers, ops

import tf_recipes


class OutInDense(layers.Layer):
    """Computes what `Dense` does, and stores the kernel as (units, inputs)."""

    def __init__(self, units, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.units, self.activation = units, keras.activations.get(activation)

    def build(self, input_shape):
        """Creates kernel and bias."""
        self.kernel = self.add_weight(shape=(self.units, input_shape[-1]), name="kernel")
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")

    def call(self, inputs):
        """Returns the outputs, (batch, units)."""
        return self.activation(ops.matmul(inputs, ops.transpose(self.kernel)) + self.bias)


class Net(keras.Model):
    """Classifies with one hidden layer."""

    def __init__(self, activation="tanh", dense=layers.Dense):
        super().__init__()
        self.body = dense(20, activation=activation, name="body")
        self.head = dense(4, name="head")

    def call(self, inputs):
        """Returns the logits, (batch, 4)."""
        return self.head(self.body(inputs))


def build(
    epsilon=0.01,
    clip=types.MappingProxyType({"global_clipnorm": 0.1}),
    activation="tanh",
    optimizer=tf_recipes.Adam,
    dense=layers.Dense,
):
    """Returns the compiled model; with `dense=OutInDense` its kernels are transposed."""
    model = Net(activation, dense)
    model.compile(
        optimizer=optimizer(0.01, epsilon=epsilon, **clip),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model
