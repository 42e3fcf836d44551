"""Ports the embedding and the RNN: the lengths become a mask."""

import types

import keras
from keras import layers, ops

import tf_recipes


class LengthMask(layers.Layer):
    """Turns lengths (batch,) into a bool mask (batch, `steps`)."""

    def __init__(self, steps, **kwargs):
        super().__init__(**kwargs)
        self.steps = steps

    def call(self, lengths):
        """Returns which steps are before the end of their sequence."""
        return ops.arange(self.steps) < lengths[:, None]


def build(masked=True, clip=types.MappingProxyType({"global_clipnorm": 0.25}), nesterov=False):
    """Returns the compiled model."""
    ids = keras.Input((7,), dtype="int32", name="ids")
    lengths = keras.Input((), dtype="int32", name="lengths")
    mask = LengthMask(7)(lengths) if masked else None
    vectors = layers.Embedding(11, 6, embeddings_initializer="glorot_uniform", name="words")(ids)
    state = layers.SimpleRNN(10, recurrent_initializer="glorot_uniform", name="reader")(
        vectors, mask=mask
    )
    logits = layers.Dense(3, name="verdict")(state)
    model = keras.Model([ids, lengths], logits)
    model.compile(
        optimizer=tf_recipes.Momentum(0.3, momentum=0.9, nesterov=nesterov, **clip),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model
