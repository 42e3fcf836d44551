"""Max-norm with TF1's `clip_by_norm`: as a constraint on every layer, or on one layer by hand."""

import keras
from keras import ops

from tf_recipes._support import validation

LARGEST_RANK = 5  # of a kernel: three axes of space, in, out


def clip_by_norm(weights, threshold, axis=0):
    """Scales down what has an L2 norm above `threshold`, along `axis`.

    TF1: `tf.clip_by_norm(weights, threshold, axes=axis)`, in its order of operations.

    Args:
        weights: floating tensor of any shape.
        threshold: float > 0, the largest norm, in the weights' unit.
        axis: int or tuple: the axes that one norm is taken over.

    Returns:
        A tensor of the same shape and dtype.

    Raises:
        ValueError: for a threshold that is not positive, or an axis that `weights` lacks.

    >>> clip_by_norm(keras.ops.array([[3.0], [4.0]]), threshold=1.0).numpy().round(2).tolist()
    [[0.6000000238418579], [0.800000011920929]]
    """
    validation.number("threshold", threshold, 0, open_low=True)
    weights = ops.convert_to_tensor(weights)
    axis = validation.axes("axis", axis, rank=len(weights.shape))
    square = ops.sum(weights * weights, axis=axis, keepdims=True)
    positive = square > 0  # sqrt has no gradient at 0
    norm = ops.where(positive, ops.sqrt(ops.where(positive, square, 1)), square)
    # w t / max(|w|, t)
    return weights * threshold / ops.maximum(norm, threshold)


@keras.saving.register_keras_serializable(package="tf_recipes")
class MaxNorm(keras.constraints.Constraint):
    """Keeps the L2 norm of weights at or below `threshold`, after every training step.

    TF1: the document's `max_norm_regularizer`, which abused the regularizer slot; Keras has a slot
    for it, `kernel_constraint`. Against `keras.constraints.MaxNorm`, which divides by
    `1e-7 + norm` and so shrinks weights inside the ball at every step, this leaves them alone.

    The document writes `axes=1`, which on an (in, out) kernel bounds each **input's outgoing**
    weights, although its text wants each neuron's incoming ones: that is `axis=0`, the default
    here and in Keras.

    Args:
        threshold: float > 0, the largest norm.
        axis: int or tuple: the axes that one norm is taken over. For a convolution's
            (height, width, in, out) kernel, `(0, 1, 2)` bounds each filter.

    Raises:
        ValueError: at construction, for a threshold that is not a positive number or an axis that
            no kernel has; when called, for an axis that this kernel lacks.

    >>> keras.layers.Dense(10, kernel_constraint=MaxNorm(1.0)).kernel_constraint.threshold
    1.0

    References:
        Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: A Simple Way to Prevent
        Neural Networks from Overfitting", 2014.
    """

    def __init__(self, threshold, axis=0):
        validation.number("threshold", threshold, 0, open_low=True)
        axis = tuple(axis) if isinstance(axis, list) else axis
        validation.axes("axis", axis, rank=LARGEST_RANK)
        self.threshold = threshold
        self.axis = axis

    def __call__(self, w):
        return clip_by_norm(w, self.threshold, self.axis)

    def get_config(self):
        return {"threshold": self.threshold, "axis": self.axis}


class ClipWeights(keras.callbacks.Callback):
    """Max-norm on chosen layers by hand: clips their kernels after each batch.

    TF1: the document's first form, `sess.run(clip_weights)` after `sess.run(training_op)`. Prefer
    `MaxNorm` in `kernel_constraint`; take this where the layers cannot be built anew.

    Args:
        layers: names of layers of the model, each with a `kernel`.
        threshold: float > 0, the largest norm.
        axis: as in `MaxNorm`.

    Raises:
        ValueError: at construction for bad arguments, and when training begins for a layer that
            the model lacks or that has no kernel.
    """

    def __init__(self, layers, threshold, axis=0):
        super().__init__()
        self.layers = (layers,) if isinstance(layers, str) else tuple(layers or ())
        if not self.layers or not all(isinstance(name, str) for name in self.layers):
            validation.fail(
                "`layers` must be names of layers.",
                f"layers={layers!r}",
                'Name at least one, such as ["hidden1"].',
            )
        self.constraint = MaxNorm(threshold, axis)

    def on_train_begin(self, logs=None):
        if self.model.steps_per_execution != 1:
            validation.fail(
                "ClipWeights must see every step.",
                f"steps_per_execution={self.model.steps_per_execution}",
                "Compile with steps_per_execution=1, or use MaxNorm as kernel_constraint.",
            )
        for name in self.layers:
            layer = self.model.get_layer(name)  # raises ValueError for a name it lacks
            if not hasattr(layer, "kernel"):
                validation.fail(
                    "`layers` must name layers with a kernel.",
                    f"layers={self.layers!r}, and {name!r} has none",
                    "Name Dense or convolution layers.",
                )

    def on_train_batch_end(self, batch, logs=None):
        for name in self.layers:
            kernel = self.model.get_layer(name).kernel
            kernel.assign(self.constraint(kernel))
