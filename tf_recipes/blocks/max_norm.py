"""Defines max-norm with TF1's `clip_by_norm`: as a constraint, or on chosen layers by hand."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from tf_recipes._support import doubles, tf1_names, validation
from tf_recipes._support.wrapped_optimizers import from_outside
from tf_recipes.blocks import _sparse_gradients

LARGEST_RANK = 5  # of a kernel: three axes of space, in, out


_AXES = {"clip_norm": "threshold", "axes": "axis"}


@tf1_names.refused(renamed={"t": "weights", **_AXES}, gone=tf1_names.NAME)
def clip_by_norm(weights: Any, threshold: float, axis: int | Sequence[int] | None = None) -> Any:
    """Scales weights down where their L2 norm along `axis` is above `threshold`.

    TF1: `tf.clip_by_norm(weights, threshold, axes=axis)`, with the same order of operations and the
    same default: None takes the norm of the whole tensor.

    Args:
        weights: floating tensor of any shape, or, on TensorFlow, a sparse gradient
            (`tf.IndexedSlices`). As in TF1, the norm of a sparse gradient is that of its values: a
            row that occurs twice counts as two rows.
        threshold: float > 0, the largest norm, in the weights' unit.
        axis: int, tuple or list: the axes over which each norm is computed; None for all of them.

    Returns:
        A tensor of the same shape and dtype; for a sparse gradient, one with the same rows.

    Raises:
        ValueError: for a threshold that is not positive, or an axis that `weights` lacks.

    >>> clip_by_norm(keras.ops.array([[3.0], [4.0]]), threshold=1.0).numpy().round(2).tolist()
    [[0.6000000238418579], [0.800000011920929]]
    >>> clip_by_norm(keras.ops.array([[3.0], [4.0]]), threshold=1.0, axis=1).numpy().tolist()
    [[1.0], [1.0]]

    References:
        Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: A Simple Way to Prevent
        Neural Networks from Overfitting", 2014.
    """
    validation.number("threshold", threshold, 0, open_low=True)
    if _sparse_gradients.is_sparse(weights):
        return _sparse_gradients.mapped(lambda v: clip_by_norm(v, threshold, axis), weights)
    weights = ops.convert_to_tensor(weights)
    axis = tuple(axis) if isinstance(axis, list) else axis
    if axis is not None:
        axis = validation.axes("axis", axis, rank=len(weights.shape))
    square = ops.sum(weights * weights, axis=axis, keepdims=True)
    positive = square > 0  # sqrt has no gradient at 0
    norm = ops.where(positive, ops.sqrt(ops.where(positive, square, 1)), square)
    # w t / max(|w|, t)
    return weights * threshold / doubles.maximum(norm, threshold)


@keras.saving.register_keras_serializable(package="tf_recipes")
class MaxNorm(keras.constraints.Constraint):
    """Keeps the L2 norm of weights at or below `threshold`, after every training step.

    TF1: the chapter's `max_norm_regularizer`, which used a layer's regularizer argument for this.
    Keras has an argument of its own, `kernel_constraint`. `keras.constraints.MaxNorm` divides by
    `1e-7 + norm` and so shrinks even weights below the threshold at every step; this constraint
    does not change such weights.

    The chapter writes `axes=1`. On an (in, out) kernel this bounds each **input's outgoing**
    weights, although the chapter's text says that it bounds each neuron's incoming weights. For
    these the axis is 0, the default here and in Keras.

    The axis depends on the layer, which a constraint cannot see. These axes bound the incoming
    weights of each unit, for the layers in two dimensions; the kernels are those of TF1:

    - `Dense`, (in, out): `0`
    - `Conv2D`, (height, width, in, out): `(0, 1, 2)`
    - `Conv2DTranspose`, (height, width, **out, in**): `(0, 1, 3)`
    - `DepthwiseConv2D`, (height, width, in, multiplier): `(0, 1)`
    - `SeparableConv2D`: `(0, 1)` as `depthwise_constraint`, `(0, 1, 2)` as `pointwise_constraint`
    - `Embedding`, (rows, size), the norm of each row: `1` as `embeddings_constraint`

    `ClipWeights` chooses these axes by itself. To limit the rows that an embedding returns and not
    its table, use `tf_recipes.Embedding`.

    Args:
        threshold: float > 0, the largest norm.
        axis: int or tuple: the axes over which each norm is computed.

    Raises:
        ValueError: at construction, for a threshold that is not a positive number or an axis that
            no kernel has; when called, for an axis that this kernel lacks.

    >>> keras.layers.Dense(10, kernel_constraint=MaxNorm(1.0)).kernel_constraint.threshold
    1.0

    References:
        Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: A Simple Way to Prevent
        Neural Networks from Overfitting", 2014.
    """

    @tf1_names.refused(renamed=_AXES)
    def __init__(self, threshold: float, axis: int | tuple[int, ...] | list[int] = 0) -> None:
        validation.number("threshold", threshold, 0, open_low=True)
        self.axis = tuple(axis) if isinstance(axis, list) else axis
        validation.axes("axis", self.axis, rank=LARGEST_RANK)
        self.threshold = threshold

    def __call__(self, w: Any) -> Any:
        return clip_by_norm(w, self.threshold, self.axis)

    def get_config(self) -> dict[str, Any]:
        return {"threshold": self.threshold, "axis": self.axis}


class ClipWeights(keras.callbacks.Callback):
    """Clips the norm of chosen layers' kernels after each batch: max-norm by hand.

    TF1: the chapter's first form, `sess.run(clip_weights)` after `sess.run(training_op)`. Prefer
    `MaxNorm` as `kernel_constraint`. Use this callback where the layers cannot be built again.

    Args:
        layers: names of layers of the model: dense layers, convolutions, embeddings, or other
            layers with a `kernel`.
        threshold: float > 0, the largest norm.
        axis: as in `MaxNorm`, for each of these layers. None chooses the axes by the kind of the
            layer, as listed there, so that the incoming weights of each unit are bounded, or each
            row of an embedding. Both kernels of a separable convolution are clipped.

    Raises:
        ValueError: at construction, for bad arguments; when training begins, for a layer that the
            model lacks, that has no kernel, or whose axes must be passed.

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="hidden1")])
    >>> model.compile(keras.optimizers.SGD(0.1), "mse")
    >>> clip = ClipWeights(["hidden1"], threshold=0.5)
    >>> ones = keras.ops.ones((4, 2))
    >>> _ = model.fit(ones, 9 * ones[:, :1], callbacks=[clip], verbose=0)
    >>> bool(keras.ops.norm(model.layers[0].kernel) <= 0.5)
    True

    References:
        Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: A Simple Way to Prevent
        Neural Networks from Overfitting", 2014.
    """

    @tf1_names.refused(renamed=_AXES)
    def __init__(
        self,
        layers: str | Sequence[str],
        threshold: float,
        axis: int | tuple[int, ...] | list[int] | None = None,
    ) -> None:
        super().__init__()
        self.layers = (layers,) if isinstance(layers, str) else tuple(layers or ())
        if not self.layers or not all(isinstance(name, str) for name in self.layers):
            validation.fail(
                "`layers` must be names of layers.",
                f"layers={layers!r}",
                'Pass at least one name, such as layers=["hidden1"].',
            )
        self.constraint = MaxNorm(threshold, 0 if axis is None else axis)
        self.axis = None if axis is None else self.constraint.axis

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._steps = self._whole_steps()
        if self.model.steps_per_execution != 1:
            validation.fail(
                "ClipWeights must run after every step.",
                f"steps_per_execution={self.model.steps_per_execution}",
                "Compile with steps_per_execution=1, or use MaxNorm as kernel_constraint.",
            )
        for name in self.layers:
            layer = self.model.get_layer(name)  # raises ValueError for an unknown name
            kernels = _kernels(layer)
            if not kernels:
                validation.fail(
                    "`layers` must name layers with a kernel.",
                    f"layers={self.layers!r}, and {name!r} has none",
                    "Pass names of Dense or convolution layers.",
                )
            if self.axis is None and None in kernels.values():
                validation.fail(
                    "For a layer of this kind the axes must be passed.",
                    f"axis=None, and {name!r} is a {type(layer).__name__}",
                    "Pass `axis`, the axes of the kernel over which each norm is computed.",
                )

    def _whole_steps(self) -> int | None:
        """Returns the steps of an optimizer that makes one of several batches; else None."""
        optimizer = from_outside(self.model.optimizer)[-1]
        return int(optimizer.iterations) if optimizer.gradient_accumulation_steps else None

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        steps = self._whole_steps()
        if steps is not None and steps == self._steps:
            return  # a part of a batch, whose step is still to come
        self._steps = steps
        for name in self.layers:
            layer = self.model.get_layer(name)
            for attribute, axes in _kernels(layer).items():
                axis = axes if self.axis is None else self.axis
                if axis is not None:  # `on_train_begin` has checked it
                    kernel = getattr(layer, attribute)
                    kernel.assign(clip_by_norm(kernel, self.constraint.threshold, axis))


def _kernels(layer: keras.layers.Layer) -> dict[str, tuple[int, ...] | None]:
    """Returns `{attribute: axes}` of the kernels of a layer.

    The axes are those over which the incoming weights of one unit lie, None where they are unknown.
    """
    kinds = keras.layers
    if isinstance(layer, kinds.Embedding):
        return {"embeddings": (1,)}
    if isinstance(layer, (kinds.SeparableConv1D, kinds.SeparableConv2D)):
        space = tuple(range(layer.rank))
        return {"depthwise_kernel": space, "pointwise_kernel": (*space, layer.rank)}
    if not hasattr(layer, "kernel"):
        return {}
    rank = len(layer.kernel.shape)
    axes: tuple[int, ...] | None = None
    if isinstance(layer, (kinds.DepthwiseConv1D, kinds.DepthwiseConv2D)):
        axes = tuple(range(rank - 2))
    elif isinstance(layer, (kinds.Conv1DTranspose, kinds.Conv2DTranspose, kinds.Conv3DTranspose)):
        axes = (*range(rank - 2), rank - 1)
    elif rank == 2 or isinstance(layer, (kinds.Conv1D, kinds.Conv2D, kinds.Conv3D)):
        axes = tuple(range(rank - 1))
    return {"kernel": axes}
