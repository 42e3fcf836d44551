"""Defines dropout by `keep_prob`."""

import math
import numbers
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from tf_recipes._support import replicas, tf1_names, validation

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
        noise_shape: sequence or vector, the shape of the draws, or None for a draw for each
            element. Along an axis of size 1 the elements are kept or dropped together:
            `(None, 1, None)` drops whole channels of inputs (batch, time, channels). None in the
            tuple is the size of the inputs; as in TF1, the tuple then needs a size for each axis,
            and otherwise it may leave out the first axes.
        seed: int, or None.
        **kwargs: the arguments of every Keras layer.

    Shapes: inputs of any shape; the outputs have the same shape.

    Raises:
        ValueError: for a `keep_prob` outside (0, 1], or a `noise_shape` that is no shape; when
            called, for inputs to which the `noise_shape` cannot be broadcast, and, in training
            with a `keep_prob` below 1, for inputs that are not floating, which TF1 refused too.

    >>> layer = Dropout(keep_prob=0.5, seed=1)
    >>> sorted(set(layer(keras.ops.ones((100,)), training=True).numpy().tolist()))
    [0.0, 2.0]

    References:
        Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: A Simple Way to Prevent
        Neural Networks from Overfitting", 2014.
    """

    @tf1_names.refused(
        gone={
            "rate": "Pass keep_prob, which is 1 - rate.",
            **tf1_names.CALLED,
            **tf1_names.VARIABLES,
        }
    )
    def __init__(
        self,
        keep_prob: float,
        seed: int | None = None,
        noise_shape: Sequence[int | None] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        validation.number("keep_prob", keep_prob, 0, 1, open_low=True)
        self.keep_prob = keep_prob
        self.seed = validation.seed("seed", seed)
        self.noise_shape = None if noise_shape is None else _checked_shape(noise_shape)
        self.seed_generator = keras.random.SeedGenerator(self.seed)
        self.supports_masking = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.keep_prob == 1:
            return inputs
        if not keras.backend.is_float_dtype(keras.backend.standardize_dtype(inputs.dtype)):
            validation.fail(
                "The inputs must be floating, since dropout divides them by `keep_prob`.",
                f"inputs of dtype {keras.backend.standardize_dtype(inputs.dtype)}",
                "Cast the inputs before this layer, with keras.ops.cast(inputs, 'float32').",
            )
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
        drawn = keras.random.randint(
            self._noise_shape(inputs, shape), 0, LEVELS, seed=self.seed_generator
        )
        if self.noise_shape is not None:
            drawn = ops.broadcast_to(drawn, shape)
        if share is not None:
            drawn = share.own(drawn)
        return drawn >= math.ceil((1.0 - self.keep_prob) * LEVELS)

    def _noise_shape(self, inputs: Any, shape: tuple[Any, ...]) -> tuple[Any, ...]:
        """Returns the shape of the draws for inputs of the whole batch's `shape`."""
        noise = self.noise_shape
        if noise is None:
            return shape
        missing = len(shape) - len(noise)
        # A size that is not known yet may be any, and the batch's own differs on several replicas.
        known = [size if isinstance(size, int) else None for size in shape]
        fits = missing == 0 or (missing > 0 and None not in noise)
        if not fits or any(
            size not in (None, 1) and whole not in (None, size)
            for size, whole in zip(noise, known[missing:], strict=True)
        ):
            validation.fail(
                "`noise_shape` must broadcast to the shape of the inputs.",
                f"noise_shape={noise!r}, inputs of shape {tuple(inputs.shape)}",
                "Pass for each axis None, 1, or the size of the inputs.",
            )
        return tuple(
            whole if size is None else size
            for size, whole in zip(noise, shape[missing:], strict=True)
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        config = {"keep_prob": self.keep_prob, "seed": self.seed, "noise_shape": self.noise_shape}
        return {**super().get_config(), **config}


def _checked_shape(noise_shape: Sequence[int | None]) -> tuple[int | None, ...]:
    """Returns a `noise_shape` as a tuple; its sizes are whole numbers above 0, or None."""
    if isinstance(noise_shape, np.ndarray) and noise_shape.ndim == 1:
        noise_shape = noise_shape.tolist()
    listed = (
        isinstance(noise_shape, Sequence)
        and not isinstance(noise_shape, str | bytes)
        and len(noise_shape) > 0
    )
    if not listed or not all(
        size is None
        or (isinstance(size, numbers.Integral) and not isinstance(size, bool) and size > 0)
        for size in noise_shape
    ):
        validation.fail(
            "`noise_shape` must be a tuple of whole numbers above 0 and None, or None.",
            f"noise_shape={noise_shape!r}",
            "Pass for example (None, 1, None), which drops whole channels.",
        )
    return tuple(None if size is None else int(size) for size in noise_shape)
