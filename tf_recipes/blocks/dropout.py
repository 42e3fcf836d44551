"""Dropout by `keep_prob`."""

import math

import keras
import numpy as np
from keras import ops

from tf_recipes._support import replicas, validation

LEVELS = 2**24  # as fine as float32 numbers in [0, 1)


@keras.saving.register_keras_serializable(package="tf_recipes")
class Dropout(keras.layers.Layer):
    """In training, keeps each element with probability `keep_prob` and divides it by that.

    TF1: `tf.contrib.layers.dropout(inputs, keep_prob, is_training=...)`. Keras' `Dropout` takes
    the share to drop instead, `1 - keep_prob`. The masks come from another generator, so they
    cannot be those of TF1 for the same seed; their distribution is the same.

    On several replicas, each draws the mask of the global batch from the same seed and takes its
    own rows: they differ from replica to replica, and together are that of one.

    Args:
        keep_prob: float in (0, 1].
        seed: int, or None.
        **kwargs: a layer's own arguments.

    Raises:
        ValueError: for a `keep_prob` outside (0, 1].

    Shapes: any, and the same out.

    >>> layer = Dropout(keep_prob=0.5, seed=1)
    >>> sorted(set(layer(keras.ops.ones((100,)), training=True).numpy().tolist()))
    [0.0, 2.0]

    References:
        Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: A Simple Way to Prevent
        Neural Networks from Overfitting", 2014.
    """

    def __init__(self, keep_prob, seed=None, **kwargs):
        super().__init__(**kwargs)
        validation.number("keep_prob", keep_prob, 0, 1, open_low=True)
        self.keep_prob = keep_prob
        self.seed = validation.seed("seed", seed)
        self.seed_generator = keras.random.SeedGenerator(self.seed)
        self.supports_masking = True

    def call(self, inputs, training=False):
        if not training or self.keep_prob == 1:
            return inputs
        # TF1 holds 1 - keep_prob in the inputs' dtype and computes the factor from it there.
        # NumPy's double, because Keras would round Python's to float32 on its way to float64.
        rate = ops.cast(np.float64(1.0 - self.keep_prob), inputs.dtype)
        scale = 1 / (1 - rate)
        return inputs * scale * ops.cast(self.draw_mask(inputs), inputs.dtype)

    def draw_mask(self, inputs):
        """Which elements of `inputs` to keep: bool, of the same shape."""
        share, shape = replicas.current(), ops.shape(inputs)
        if share is not None:
            shape = (shape[0] * share.count, *shape[1:])
        # Whole numbers, because TensorFlow draws other floats for the same seed under XLA.
        drawn = keras.random.randint(shape, 0, LEVELS, seed=self.seed_generator)
        if share is not None:
            drawn = share.own(drawn)
        return drawn >= math.ceil((1.0 - self.keep_prob) * LEVELS)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "keep_prob": self.keep_prob, "seed": self.seed}
