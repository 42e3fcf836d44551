"""Defines gradient clipping by value, in a custom training step."""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import keras

from tf_recipes._support import tf1_names, validation, wrapped_optimizers
from tf_recipes.fast_fit.model import FastFitModel

_BOUND = "Pass {}, the bound on both sides; for other bounds use tf.clip_by_value."


@tf1_names.refused(
    renamed={"t": "gradients"},
    gone={
        **dict.fromkeys(("clip_value_min", "clip_value_max"), _BOUND.format("threshold")),
        **tf1_names.NAME,
    },
)
def clip_gradients(
    gradients: Iterable[Any], threshold: Any, keep_overflow: bool = False
) -> list[Any]:
    """Clips each gradient to [-threshold, threshold], elementwise.

    TF1: `tf.clip_by_value(grad, -threshold, threshold)` between `compute_gradients` and
    `apply_gradients`. In TF1 a variable that the loss does not reach has the gradient None, and the
    snippet fails on None; here None stays None. In a sparse gradient each row is clipped by itself,
    as in TF1. The numbers are the same.

    Args:
        gradients: list of tensors, None or, on TensorFlow, `tf.IndexedSlices`.
        threshold: scalar > 0, in the unit of the gradients.
        keep_overflow: do not clip infinities, so that a loss scale can detect them.

    Returns:
        A list of the same kinds and shapes.

    >>> clipped, missing = clip_gradients([keras.ops.array([-3.0, 0.5]), None], threshold=1.0)
    >>> keras.ops.convert_to_numpy(clipped).tolist(), missing
    ([-1.0, 0.5], None)

    References:
        Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks", 2013
        (which clips the norm; clipping by value is the older practice).
    """

    def clip(gradient: Any) -> Any:
        if gradient is None:
            return None
        if keras.backend.backend() != "tensorflow":
            clipped = keras.ops.clip(gradient, -threshold, threshold)
            if not keep_overflow:
                return clipped
            return keras.ops.where(keras.ops.isinf(gradient), gradient, clipped)
        import tensorflow as tf  # only TensorFlow has sparse gradients

        clipped = tf.clip_by_value(gradient, -threshold, threshold)
        if not keep_overflow:
            return clipped
        if isinstance(gradient, tf.IndexedSlices):
            values = tf.where(tf.math.is_inf(gradient.values), gradient.values, clipped.values)
            return tf.IndexedSlices(values, gradient.indices, gradient.dense_shape)
        return tf.where(tf.math.is_inf(gradient), gradient, clipped)

    return [clip(gradient) for gradient in gradients]


@keras.saving.register_keras_serializable(package="tf_recipes")
class GradientClippingModel(FastFitModel):
    """Trains with every gradient clipped to [-clip_value, clip_value], in a custom training step.

    TF1: `compute_gradients`, `tf.clip_by_value`, `apply_gradients`. The `clipvalue` argument of
    Keras' optimizers does the same. This model is the pattern for training steps that do more. It
    keeps TF1's order under a loss scale: the threshold is for the **unscaled** gradient, and an
    overflow still reaches the loss scale. It needs TensorFlow or JAX as Keras' backend.

    Under a `tf.distribute` strategy the replicas' gradients are added up first, and then their sum
    is clipped. So the result does not depend on the number of replicas. Keras' `clipvalue` clips
    each replica's gradient before the sum. If the optimizer accumulates gradients, their mean over
    the parts of a batch is clipped, as TF1 clipped the gradient of the batch.

    `keras.models.clone_model` cannot pass `clip_value` on; `from_config(get_config())` does.

    Args:
        *args: `inputs, outputs`, as for a functional `keras.Model`.
        clip_value: float > 0.
        **kwargs: `name`, `trainable`.

    Raises:
        ValueError: for a `clip_value` that is not a positive number, or another backend.

    >>> inputs = keras.Input((4,))
    >>> model = GradientClippingModel(inputs, keras.layers.Dense(1)(inputs), clip_value=1.0)
    >>> model.compile(optimizer="sgd", loss="mse")

    References:
        Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks", 2013
        (which clips the norm; clipping by value is the older practice).
    """

    @tf1_names.refused(
        gone=dict.fromkeys(("clip_value_min", "clip_value_max"), _BOUND.format("clip_value"))
    )
    def __init__(self, *args: Any, clip_value: float, **kwargs: Any) -> None:
        validation.number("clip_value", clip_value, 0, open_low=True)
        if keras.backend.backend() not in ("tensorflow", "jax"):
            validation.fail(
                "GradientClippingModel needs TensorFlow or JAX as Keras' backend.",
                f"backend={keras.backend.backend()!r}",
                "Use keras.Model, and pass clipvalue to the optimizer.",
            )
        super().__init__(*args, **kwargs)
        self.clip_value = clip_value

    def train_step(self, *arguments: Any) -> Any:
        """Does one step as Keras' `train_step` of the backend does, and clips the gradients."""
        if keras.backend.backend() == "jax":
            with self._clipping():
                return super().train_step(*arguments)
        return self._tensorflow_step(*arguments)

    @contextlib.contextmanager
    def _clipping(self) -> Iterator[None]:
        """Makes the optimizer clip what it gets, after a loss scale and before all else it does.

        If it accumulates gradients, it clips their mean, which only `update_step` gets.
        """
        inner = wrapped_optimizers.from_outside(self.optimizer)[-1]

        def apply(gradients: Any, variables: Any = None) -> None:
            type(inner).apply(inner, clip_gradients(gradients, self.clip_value), variables)

        def update_step(gradient: Any, variable: Any, learning_rate: Any) -> None:
            (gradient,) = clip_gradients([gradient], self.clip_value)
            type(inner).update_step(inner, gradient, variable, learning_rate)

        name = "update_step" if inner.gradient_accumulation_steps else "apply"
        setattr(inner, name, update_step if inner.gradient_accumulation_steps else apply)
        try:
            yield
        finally:
            delattr(inner, name)

    def _tensorflow_step(self, data: Any) -> dict[str, Any]:
        import tensorflow as tf

        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(
                x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=True
            )
            scaled_loss = self.optimizer.scale_loss(loss)
        self._apply_gradients(tape.gradient(scaled_loss, self.trainable_variables))
        self._track_loss(loss, x)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    @classmethod
    def loop_steps(cls) -> tuple[Any, ...]:
        return (*super().loop_steps(), GradientClippingModel.train_step)

    def _apply_gradients(self, gradients: list[Any]) -> None:
        """Adds the gradients up over the replicas, clips them, and takes the optimizer's step."""
        import tensorflow as tf

        optimizer, variables = self.optimizer, self.trainable_variables
        inner = wrapped_optimizers.from_outside(optimizer)[-1]
        parts = inner.gradient_accumulation_steps
        if tf.distribute.get_strategy().num_replicas_in_sync == 1 and not parts:
            optimizer.apply(self._clip(gradients), variables)
            return
        clipped = []  # the variables whose gradients are clipped already
        if parts:
            # TF1 clipped the values of a sparse gradient before it summed those of one row.
            sparse = [isinstance(gradient, tf.IndexedSlices) for gradient in gradients]
            clipped = [variable for variable, is_so in zip(variables, sparse, strict=True) if is_so]
            gradients = [
                self._clip([gradient], parts)[0] if is_so else gradient
                for gradient, is_so in zip(gradients, sparse, strict=True)
            ]

        def update_step(gradient: Any, variable: Any, learning_rate: Any) -> None:
            index = inner._get_variable_index(variable)
            if not parts or index not in map(inner._get_variable_index, clipped):
                (gradient,) = clip_gradients([gradient], self.clip_value)
            type(inner).update_step(inner, gradient, variable, learning_rate)

        # `apply` itself adds the gradients up; only `update_step` gets their sum.
        inner.update_step = update_step
        try:
            optimizer.apply(gradients, variables)
        finally:
            # Each replica runs this in a thread of its own; the first one removes the attribute.
            inner.__dict__.pop("update_step", None)

    def _clip(self, gradients: list[Any], parts: int = 1) -> list[Any]:
        """Clips gradients that the optimizer will still divide by the loss scale and by `parts`."""
        import tensorflow as tf

        scale = self.optimizer.scale_loss(tf.ones(()))
        has_loss_scale = isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer)

        def threshold(gradient: Any) -> Any:
            return self.clip_value * parts * tf.cast(scale, gradient.dtype)

        return [
            None
            if gradient is None
            else clip_gradients([gradient], threshold(gradient), keep_overflow=has_loss_scale)[0]
            for gradient in gradients
        ]

    def _track_loss(self, loss: Any, x: Any) -> None:
        """Adds the loss to the model's loss metric, weighted by the number of rows."""
        import tensorflow as tf

        rows = tf.shape(keras.tree.flatten(x)[0])[0]
        # Keras divides the loss by the number of replicas. The metric needs the mean over the rows
        # of this replica, so multiply by that number again.
        loss = loss * tf.cast(tf.distribute.get_strategy().num_replicas_in_sync, loss.dtype)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss, sample_weight=rows)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "clip_value": self.clip_value}
