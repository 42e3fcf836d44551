"""Defines batch normalization with TF1's statistics and defaults."""

import numbers
from typing import Any

import keras
import numpy as np
from keras import ops

from tf_recipes._support import replicas, tf1_names, validation

SMALLEST_EPSILON = 1.001e-5  # cuDNN's bound, which TF1 applies on every device
STATISTICS = ("batch", "moving", "training")
FUSED_RANKS = (2, 4)  # ranks of the inputs for which TF1 uses the fused kernel


@keras.saving.register_keras_serializable(package="tf_recipes")
class BatchNormalization(keras.layers.BatchNormalization):
    """Normalises by the batch's statistics in training, by moving averages in evaluation.

    TF1: `tf.contrib.layers.batch_norm(..., updates_collections=None)`. For
    `tf.layers.batch_normalization` pass `momentum=0.99` and `scale=True`, and `fused=False` unless
    the inputs have four axes: only on these it uses the fused kernel. Keras' layer differs:

    - On inputs of rank 2 and 4 TF1 uses the fused kernel, whose moving variance averages the
      **unbiased** variance, N/(N-1) times the batch's variance (N: batch times positions). Keras
      averages the batch's variance itself. Without the kernel TF1 and this layer do the same as
      Keras: on other ranks, with `fused=False`, and on rank 4 if the channels' axis is not the
      second or the last.
    - The kernel raises an epsilon below 1.001e-5 to 1.001e-5, as cuDNN requires.
    - TF1 updates moving averages as `v -= (v - value) * (1 - decay)`, with 1 - decay in float32.
    - Gamma, beta and the moving averages are float32 under the policies `float16` and `bfloat16`
      too. In half precision, moving averages would stop after a few steps.
    - The defaults are momentum ("decay") 0.999 and no gamma, instead of 0.99 and a gamma.

    On several replicas, where each replica computes its share of a step
    (`tf_recipes._support.replicas`), the layer normalises by the global batch. The sums of the
    values over all replicas give the mean; then the sums of the squared deviations from this mean
    give the variance; N counts all values. Keras' `synchronized=True` computes the variance as
    E[x^2] - E[x]^2 instead, which loses digits. This layer needs no such argument.

    Args:
        axis: int, the channels' axis.
        momentum: float in [0, 1], contrib's `decay`.
        epsilon: float >= 0, added to the variance.
        center: add beta.
        scale: multiply by gamma; contrib omits gamma, as a following linear layer can do its work.
        fused: compute what TF1's fused kernel computes where TF1 has the kernel. None and True are
            the same, as in contrib; False never does.
        statistics: "batch" to normalise by the batch in evaluation, too, as TF1 does where
            `is_training` is the constant True; "moving" to normalise by the averages in training,
            too, as TF1 does where it is False: gamma and beta are trained, the averages stay. None
            for the batch in training and the averages in evaluation. "training" for the same, also
            where `trainable=False` keeps gamma and beta, as TF1 does for variables outside of
            `var_list`, such as those of a generator while the discriminator trains; Keras'
            layer takes the averages then.
        **kwargs: Keras' other arguments. `renorm` and `synchronized` are refused.

    Shapes: inputs (..., channels, ...) of any rank; the outputs have the same shape. A mask, with
    one axis less than the inputs, excludes positions from the statistics.

    Raises:
        ValueError: at construction, for an argument outside its range; when called, for inputs
            without the axis.

    >>> layer = BatchNormalization(momentum=0.9)
    >>> _ = layer(keras.ops.array([[1.0], [3.0]]), training=True)
    >>> layer.moving_variance.numpy().round(6).tolist()  # 0.9 * 1 + 0.1 * 2, not 0.1 * 1
    [1.100000023841858]

    References:
        Ioffe, Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing
        Internal Covariate Shift", 2015.
    """

    @tf1_names.refused(
        renamed={"decay": "momentum"},
        gone={
            "activation_fn": "Call an activation layer after this layer.",
            "param_initializers": "Pass beta_initializer, gamma_initializer and the moving ones.",
            "param_regularizers": "Pass beta_regularizer and gamma_regularizer.",
            "updates_collections": "Leave it out: the averages are updated in each training step.",
            "batch_weights": "Pass `mask` when the layer is called, to leave rows out.",
            "data_format": "Pass axis=1 for NCHW, axis=-1 for NHWC.",
            "zero_debias_moving_mean": "Leave it out; False was TF1's default.",
            **dict.fromkeys(("renorm_decay", "adjustment"), "Leave it out: no renorm here."),
            **tf1_names.CALLED,
            **tf1_names.VARIABLES,
        },
    )
    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.999,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = False,
        fused: bool | None = None,
        statistics: str | None = None,
        **kwargs: Any,
    ) -> None:
        _check_axis(axis)
        validation.number("momentum", momentum, 0, 1)
        validation.number("epsilon", epsilon, 0)
        validation.flag("center", center)
        validation.flag("scale", scale)
        if fused is not None:
            validation.flag("fused", fused)
        if statistics is not None:
            validation.choice("statistics", statistics, STATISTICS)
        for name in ("renorm", "renorm_clipping", "synchronized"):
            if kwargs.get(name):
                validation.fail(
                    f"`{name}` has no counterpart in contrib's fused batch_norm.",
                    f"{name}={kwargs[name]!r}",
                    f"Leave {name} out, or use keras.layers.BatchNormalization.",
                )
        super().__init__(
            axis=axis, momentum=momentum, epsilon=epsilon, center=center, scale=scale, **kwargs
        )
        self.fused, self.statistics = fused, statistics

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "fused": self.fused, "statistics": self.statistics}

    def add_weight(self, *args: Any, dtype: Any = None, **kwargs: Any) -> keras.Variable:
        # TF1 keeps gamma, beta and the averages of float16 and bfloat16 inputs in float32.
        dtype = keras.backend.result_type(dtype or self.variable_dtype, "float32")
        return super().add_weight(*args, dtype=dtype, **kwargs)

    def build(self, input_shape: Any) -> None:
        if not -len(input_shape) <= self.axis < len(input_shape):
            validation.fail(
                "`axis` must be an axis of the inputs.",
                f"axis={self.axis!r}, inputs of shape {tuple(input_shape)}",
                "Pass the channels' axis: -1 for the last axis, 1 for channels first.",
            )
        super().build(input_shape)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        # Half precision has too few digits for statistics: compute them in float32 at least.
        x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, "float32"))
        rank = len(x.shape)
        channels = self.axis % rank
        fused = self.fused is not False and rank in FUSED_RANKS and channels in (1, rank - 1)
        axes = tuple(axis for axis in range(rank) if axis != channels)
        broadcast = tuple(-1 if axis == channels else 1 for axis in range(rank))

        moves = training and (self.trainable or self.statistics == "training")
        by_batch = moves
        if self.statistics in ("batch", "moving"):
            by_batch = self.statistics == "batch"
        if by_batch:
            mean, variance, count = _moments(x, axes, mask)
            if moves:
                self._move_averages(mean, variance, count, fused and mask is None)
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

    def _move_averages(self, mean: Any, variance: Any, count: Any, unbiased: bool) -> None:
        """Moves the averages towards the mean and the variance of `count` values."""
        self._update_average(self.moving_mean, mean)
        if unbiased:
            # E[var] = (N-1)/N sigma^2, so sigma^2 is estimated by var N/(N-1)
            variance = variance * (count / ops.maximum(count - 1, 1))
        self._update_average(self.moving_variance, variance)

    def _update_average(self, average: keras.Variable, value: Any) -> None:
        """Moves a moving average towards `value` by TF1's formula."""
        value = ops.cast(ops.stop_gradient(value), average.dtype)
        rate = ops.cast(np.float32(1.0 - self.momentum), average.dtype)
        # v <- v - (v - value) (1 - decay)
        average.assign(average - (average - value) * rate)


def _check_axis(axis: int) -> None:
    if not isinstance(axis, numbers.Integral) or isinstance(axis, bool):
        validation.fail(
            "`axis` must be one whole number, the channels' axis.",
            f"axis={axis!r}",
            "Pass -1 for the last axis, or 1 for channels first.",
        )


def _moments(x: Any, axes: tuple[int, ...], mask: Any) -> tuple[Any, Any, Any]:
    """Returns mean and variance (channels,) over `axes`, and the number of values N of each."""
    share = replicas.current()
    if share is not None:
        total, replica_count = share.total, share.count
    elif mask is None:
        mean, variance = ops.moments(x, axes=axes)
        return mean, variance, _count(x, axes)
    else:
        total, replica_count = (lambda tensor: tensor), 1
    weights: Any = 1
    if mask is None:
        count = _count(x, axes) * replica_count
    else:
        mask = ops.convert_to_tensor(mask)
        _check_mask(mask, x, axes)
        weights = ops.expand_dims(ops.cast(mask, x.dtype), axis=_channels_axis(x, axes))
        weights = ops.broadcast_to(weights, ops.shape(x))
        count = total(ops.sum(weights, axis=axes))
    safe_count = ops.maximum(count, 1)
    mean = total(ops.sum(weights * x, axis=axes)) / safe_count
    # The deviations from the mean add up to 0. So the gradient through this mean is 0, too.
    deviations = x - ops.reshape(ops.stop_gradient(mean), _channels_shape(x, axes))
    variance = total(ops.sum(weights * ops.square(deviations), axis=axes)) / safe_count
    return mean, variance, count


def _check_mask(mask: Any, x: Any, axes: tuple[int, ...]) -> None:
    """Checks that a mask has the axes of `x` without the channels' axis."""
    expected = tuple(x.shape[axis] for axis in axes)
    shape = tuple(mask.shape)
    sizes = zip(shape, expected, strict=False)
    if len(shape) != len(expected) or any(
        None not in pair and 1 not in pair and pair[0] != pair[1] for pair in sizes
    ):
        validation.fail(
            "`mask` must have the axes of the inputs without the channels' axis.",
            f"mask of shape {shape}, inputs of shape {tuple(x.shape)}",
            f"Pass a mask of shape {expected}.",
        )


def _count(x: Any, axes: tuple[int, ...]) -> Any:
    """Returns the number of values of each channel, in the dtype of `x`."""
    return ops.cast(ops.size(x) / x.shape[_channels_axis(x, axes)], x.dtype)


def _channels_axis(x: Any, axes: tuple[int, ...]) -> int:
    """Returns the axis of `x` that is not in `axes`."""
    return next(axis for axis in range(len(x.shape)) if axis not in axes)


def _channels_shape(x: Any, axes: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the shape that broadcasts a (channels,) tensor over `x`."""
    return tuple(1 if axis in axes else -1 for axis in range(len(x.shape)))
