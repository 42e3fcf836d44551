"""Batch normalization with TF1's statistics and defaults."""

import numbers

import keras
import numpy as np
from keras import ops

from tf_recipes._support import replicas, validation

SMALLEST_EPSILON = 1.001e-5  # cuDNN's bound, which TF1 applies on every device
FUSED_RANKS = (2, 4)  # where TF1 takes the fused kernel


@keras.saving.register_keras_serializable(package="tf_recipes")
class BatchNormalization(keras.layers.BatchNormalization):
    """Normalises with the batch in training and with moving averages in evaluation.

    TF1: `tf.contrib.layers.batch_norm(..., updates_collections=None)`. Against Keras' layer:

    - On inputs of rank 2 and 4 TF1 takes the fused kernel, whose moving variance averages the
      **unbiased** variance, N/(N-1) times that of the batch (N: batch times positions); Keras
      averages the batch's own. On other ranks TF1 averages the batch's own too, and so does this.
    - On those ranks an epsilon below 1.001e-5 is raised to that, as cuDNN wants it.
    - Moving averages are updated as `v -= (v - value) * (1 - decay)`, with 1 - decay in float32.
    - The defaults are momentum ("decay") 0.999 and no gamma, instead of 0.99 and a gamma.

    On several replicas the batch is the global one wherever a step is shared out
    (`distribution.replicas.sharing`): the sums over all replicas' values give the mean, then those
    of the squared deviations from it give the variance, and N counts all of them. Keras has
    `synchronized=True` for that, and takes the variance as E[x^2] - E[x]^2, which loses digits;
    there is nothing to switch on here.

    Args:
        axis: int, the channels' axis.
        momentum: float in [0, 1], contrib's `decay`.
        epsilon: float >= 0, added to the variance.
        center: add beta.
        scale: multiply by gamma; contrib leaves it out, as a next linear layer can do its work.
        **kwargs: Keras' other arguments. `renorm` and `synchronized` are refused.

    Raises:
        ValueError: for an argument outside these, or inputs without that axis.

    Shapes: any (..., channels, ...), and the same out. A mask, one axis less than the inputs,
    leaves positions out of the statistics.

    >>> layer = BatchNormalization(momentum=0.9)
    >>> _ = layer(keras.ops.array([[1.0], [3.0]]), training=True)
    >>> layer.moving_variance.numpy().round(6).tolist()  # 0.9 * 1 + 0.1 * 2, not 0.1 * 1
    [1.100000023841858]

    References:
        Ioffe, Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing
        Internal Covariate Shift", 2015.
    """

    def __init__(self, axis=-1, momentum=0.999, epsilon=1e-3, center=True, scale=False, **kwargs):
        _check_axis(axis)
        validation.number("momentum", momentum, 0, 1)
        validation.number("epsilon", epsilon, 0)
        validation.flag("center", center)
        validation.flag("scale", scale)
        for name in ("renorm", "synchronized"):
            if kwargs.get(name):
                validation.fail(
                    f"`{name}` has no counterpart in contrib's fused batch_norm.",
                    f"{name}={kwargs[name]!r}",
                    "Use keras.layers.BatchNormalization for it.",
                )
        super().__init__(
            axis=axis, momentum=momentum, epsilon=epsilon, center=center, scale=scale, **kwargs
        )

    def build(self, input_shape):
        if not -len(input_shape) <= self.axis < len(input_shape):
            validation.fail(
                "`axis` must be an axis of the inputs.",
                f"axis={self.axis!r}, inputs of shape {tuple(input_shape)}",
                "Give the channels' axis: -1 for the last, 1 for channels first.",
            )
        super().build(input_shape)

    def call(self, inputs, training=None, mask=None):
        # Half precision has too few digits for statistics: they are float32 at least.
        x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        rank = len(x.shape)
        fused = rank in FUSED_RANKS
        channels = self.axis % rank
        axes = tuple(axis for axis in range(rank) if axis != channels)
        broadcast = tuple(-1 if axis == channels else 1 for axis in range(rank))

        if training and self.trainable:
            mean, variance, count = _moments(x, axes, mask)
            self._average(self.moving_mean, mean)
            if fused and mask is None:
                # E[var] = (N-1)/N sigma^2
                variance_estimate = variance * (count / ops.maximum(count - 1, 1))
            else:
                variance_estimate = variance
            self._average(self.moving_variance, variance_estimate)
        else:
            mean = ops.cast(self.moving_mean, x.dtype)
            variance = ops.cast(self.moving_variance, x.dtype)

        # y = gamma (x - mean) / sqrt(variance + epsilon) + beta
        epsilon = max(self.epsilon, SMALLEST_EPSILON) if fused else self.epsilon
        scale = ops.rsqrt(variance + epsilon)
        if self.scale:
            scale = scale * ops.cast(self.gamma, x.dtype)
        outputs = (x - ops.reshape(mean, broadcast)) * ops.reshape(scale, broadcast)
        if self.center:
            outputs = outputs + ops.reshape(ops.cast(self.beta, x.dtype), broadcast)
        return ops.cast(outputs, self.compute_dtype)

    def _average(self, average, value):
        """v -= (v - value) (1 - decay)"""
        value = ops.cast(ops.stop_gradient(value), average.dtype)
        rate = ops.cast(np.float32(1.0 - self.momentum), average.dtype)
        average.assign(average - (average - value) * rate)


def _check_axis(axis):
    if not isinstance(axis, numbers.Integral) or isinstance(axis, bool):
        validation.fail(
            "`axis` must be one whole number, the channels' axis.",
            f"axis={axis!r}",
            "Give -1 for the last axis, 1 for channels first.",
        )


def _moments(x, axes, mask):
    """Mean and variance (channels,) over `axes`, and how many values each was taken from."""
    share = replicas.current()
    if mask is None and share is None:
        mean, variance = ops.moments(x, axes=axes)
        return mean, variance, _count(x, axes)
    total = share.total if share else lambda tensor: tensor
    if mask is None:
        weights, count = 1, _count(x, axes) * share.count
    else:
        weights = ops.expand_dims(ops.cast(mask, x.dtype), axis=_other(x, axes))
        weights = ops.broadcast_to(weights, ops.shape(x))
        count = total(ops.sum(weights, axis=axes))
    safe = ops.maximum(count, 1)
    mean = total(ops.sum(weights * x, axis=axes)) / safe
    # The deviations from the mean add up to nothing, and so does the gradient through it.
    deviations = x - ops.reshape(ops.stop_gradient(mean), _kept(x, axes))
    variance = total(ops.sum(weights * ops.square(deviations), axis=axes)) / safe
    return mean, variance, count


def _count(x, axes):
    return ops.cast(ops.size(x) / x.shape[_other(x, axes)], x.dtype)


def _other(x, axes):
    return next(axis for axis in range(len(x.shape)) if axis not in axes)


def _kept(x, axes):
    return tuple(1 if axis in axes else -1 for axis in range(len(x.shape)))
