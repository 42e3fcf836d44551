"""Defines dropout by `keep_prob`."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from tf_recipes._support import replicas, validation

LEVELS = 2**24  # the resolution of float32 numbers in [0, 1)


@keras.saving.register_keras_serializable(package="tf_recipes")
class Dropout(keras.layers.Layer):
    """Keeps each element with probability `keep_prob` in training, and divides it by `keep_prob`.

    TF1: `tf.contrib.layers.dropout(inputs, keep_prob, is_training=...)`. Keras' `Dropout` takes
    the share to drop, `1 - keep_prob`, instead. The masks come from another generator, so they
    differ from TF1's masks for the same seed; their distribution is the same.

    On several replicas, each replica draws the mask of the global batch from the same seed and
    takes its own rows. So the masks differ from replica to replica, and together they are the mask
    that one replica would draw.

    Args:
        keep_prob: float in (0, 1].
        seed: int, or None.
        **kwargs: the arguments of every Keras layer.

    Shapes: inputs of any shape; the outputs have the same shape.

    Raises:
        ValueError: for a `keep_prob` outside (0, 1].

    >>> layer = Dropout(keep_prob=0.5, seed=1)
    >>> sorted(set(layer(keras.ops.ones((100,)), training=True).numpy().tolist()))
    [0.0, 2.0]

    References:
        Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: A Simple Way to Prevent
        Neural Networks from Overfitting", 2014.
    """

    def __init__(self, keep_prob: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        validation.number("keep_prob", keep_prob, 0, 1, open_low=True)
        self.keep_prob = keep_prob
        self.seed = validation.seed("seed", seed)
        self.seed_generator = keras.random.SeedGenerator(self.seed)
        self.supports_masking = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.keep_prob == 1:
            return inputs
        # TF1 holds 1 - keep_prob in the inputs' dtype and computes the factor from it there.
        # Keras would round Python's float to float32 on its way to float64; NumPy's float64 stays.
        rate = ops.cast(np.float64(1.0 - self.keep_prob), inputs.dtype)
        scale = 1 / (1 - rate)
        return inputs * scale * ops.cast(self.draw_mask(inputs), inputs.dtype)

    def draw_mask(self, inputs: Any) -> Any:
        """Draws which elements of `inputs` to keep: a bool tensor of the shape of `inputs`."""
        share, shape = replicas.current(), ops.shape(inputs)
        if share is not None:
            shape = (shape[0] * share.count, *shape[1:])
        # Whole numbers: for the same seed TensorFlow draws other floats under XLA than without.
        numbers = keras.random.randint(shape, 0, LEVELS, seed=self.seed_generator)
        if share is not None:
            numbers = share.own(numbers)
        return numbers >= math.ceil((1.0 - self.keep_prob) * LEVELS)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "keep_prob": self.keep_prob, "seed": self.seed}
