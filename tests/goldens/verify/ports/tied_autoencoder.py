"""Ports the autoencoder: a decoding layer borrows the kernel of the encoding one."""

import keras
from keras import layers, ops

import tf_recipes


class Transposed(layers.Layer):
    """Multiplies by the transposed kernel of another layer, and adds a bias of its own."""

    def __init__(self, encoder, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.encoder = encoder
        self.activation = keras.activations.get(activation)

    def build(self, input_shape):
        """Creates the bias."""
        self.bias = self.add_weight(
            shape=(self.encoder.kernel.shape[0],), initializer="zeros", name="bias"
        )

    def call(self, inputs):
        """Returns the outputs, (batch, inputs of the encoder)."""
        return self.activation(ops.matmul(inputs, ops.transpose(self.encoder.kernel)) + self.bias)


def build(optimizer=tf_recipes.Adam, beta_1=0.8, regularizer=tf_recipes.l2_regularizer, tied=True):
    """Returns the compiled model; it is trained with its inputs as labels."""

    def encode(units, name):
        return layers.Dense(
            units,
            activation="elu",
            kernel_initializer=tf_recipes.he_init(),
            kernel_regularizer=regularizer(0.01),
            name=name,
        )

    first, second = encode(16, "encode_1"), encode(6, "encode_2")
    inputs = keras.Input((24,), name="X")
    codings = second(first(inputs))
    if tied:
        hidden = Transposed(second, activation="elu", name="decode_2")(codings)
        outputs = Transposed(first, name="decode_1")(hidden)
    else:
        hidden = layers.Dense(16, activation="elu", name="decode_2")(codings)
        outputs = layers.Dense(24, name="decode_1")(hidden)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer=optimizer(0.01, beta_1=beta_1), loss="mse")
    return model
