"""Gradient clipping by value, in a custom training step."""

import keras
import tensorflow as tf

from tf_recipes._support import validation
from tf_recipes.fast_fit.model import FastFitModel


def clip_gradients(gradients, threshold, keep_overflow=False):
    """Clips each gradient to [-threshold, threshold], elementwise.

    TF1: `tf.clip_by_value(grad, -threshold, threshold)` between `compute_gradients` and
    `apply_gradients`. There a variable that the loss does not reach has the gradient None, and the
    snippet fails on it; here None stays None. Of a sparse gradient the rows it holds are clipped,
    each by itself, as there.

    Args:
        gradients: list of tensors, `tf.IndexedSlices` or None.
        threshold: scalar > 0.
        keep_overflow: leave infinities as they are, for a loss scale that looks for them.

    Returns:
        A list of the same kinds and shapes.
    """

    def clip(gradient):
        if gradient is None:
            return None
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
    """A model whose training step clips every gradient to [-clip_value, clip_value].

    TF1: `compute_gradients`, `tf.clip_by_value`, `apply_gradients`. Keras' own `clipvalue`, an
    argument of the optimizer, does the same; this is the pattern for steps that do more, and it
    keeps the order under a loss scale: the threshold is for the **unscaled** gradient, and an
    overflow still reaches the scale. It needs TensorFlow as Keras' backend.

    Under a `tf.distribute` strategy the replicas' gradients are added up first and their sum is
    clipped, so that the result does not depend on the number of replicas. Keras' `clipvalue` clips
    each replica's own.

    Args:
        *args: `inputs, outputs`, as for a functional `keras.Model`.
        clip_value: float > 0.
        **kwargs: `name`, `trainable`.

    Raises:
        ValueError: for a threshold that is not a positive number, or another backend.

    `keras.models.clone_model` cannot hand `clip_value` on; `from_config(get_config())` does.

    >>> inputs = keras.Input((4,))
    >>> model = GradientClippingModel(inputs, keras.layers.Dense(1)(inputs), clip_value=1.0)
    >>> model.compile(optimizer="sgd", loss="mse")

    References:
        Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks", 2013
        (which clips the norm; by value is the older practice).
    """

    def __init__(self, *args, clip_value, **kwargs):
        validation.number("clip_value", clip_value, 0, open_low=True)
        if keras.backend.backend() != "tensorflow":
            validation.fail(
                "GradientClippingModel's training step is TensorFlow's.",
                f"backend={keras.backend.backend()!r}",
                "Give the optimizer clipvalue instead.",
            )
        super().__init__(*args, **kwargs)
        self.clip_value = clip_value

    def train_step(self, data):
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(
                x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=True
            )
            scaled_loss = self.optimizer.scale_loss(loss)
        self._apply(tape.gradient(scaled_loss, self.trainable_variables))
        self._track_loss(loss, x)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    @classmethod
    def loop_steps(cls):
        return (*super().loop_steps(), GradientClippingModel.train_step)

    def _apply(self, gradients):
        """Clips the gradients, added up over the replicas, and takes the optimizer's step."""
        optimizer, variables = self.optimizer, self.trainable_variables
        if tf.distribute.get_strategy().num_replicas_in_sync == 1:
            optimizer.apply(self._clip(gradients), variables)
            return

        def update_step(gradient, variable, learning_rate):
            (clipped,) = clip_gradients([gradient], self.clip_value)
            type(optimizer).update_step(optimizer, clipped, variable, learning_rate)

        # `apply` adds them up itself; only what it hands to `update_step` is their sum.
        optimizer.update_step = update_step
        try:
            optimizer.apply(gradients, variables)
        finally:
            vars(optimizer).pop("update_step", None)  # each replica's thread comes here

    def _clip(self, gradients):
        """Clips what the optimizer will still divide by the loss scale."""
        scale = self.optimizer.scale_loss(tf.ones(()))
        scaling = isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer)

        def threshold(gradient):
            return self.clip_value * tf.cast(scale, gradient.dtype)

        return [
            None
            if gradient is None
            else clip_gradients([gradient], threshold(gradient), keep_overflow=scaling)[0]
            for gradient in gradients
        ]

    def _track_loss(self, loss, x):
        batch = tf.shape(keras.tree.flatten(x)[0])[0]
        # of this replica's rows: Keras divides it by the number of replicas
        loss = loss * tf.cast(tf.distribute.get_strategy().num_replicas_in_sync, loss.dtype)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss, sample_weight=batch)

    def get_config(self):
        return {**super().get_config(), "clip_value": self.clip_value}
