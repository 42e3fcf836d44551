"""Defines a layer that holds one array, for formulas that no other layer computes."""

from collections.abc import Sequence
from typing import Any

import keras

from tf_recipes._support import validation


@keras.saving.register_keras_serializable(package="tf_recipes")
class Weight(keras.layers.Layer):
    """Returns an array of its own, which training changes like any other weight.

    A functional model takes it in formulas: a kernel that two products share, a scale, a table of
    positions. The layer is called with any tensor of the model, which it does not use.

    TF1: `tf.get_variable(name, shape)`, whose result takes part in a formula directly. In a
    functional model of Keras 3 a `keras.Variable` cannot, because the model is not saved with it.

    Args:
        shape: the shape of the array.
        initializer: an initializer of Keras.
        regularizer: a regularizer of Keras, or None.
        constraint: a constraint of Keras, or None.
        **kwargs: those of `keras.layers.Layer`, such as `trainable`, `name` and `dtype`.

    Call arguments:
        inputs: any tensor.

    Returns:
        The array, of shape `shape`.

    Raises:
        ValueError: if `shape` has an entry that is no size.

    >>> inputs = keras.Input((3,))
    >>> kernel = Weight((3, 2), name="kernel")(inputs)
    >>> codings = keras.ops.matmul(inputs, kernel)
    >>> outputs = keras.ops.matmul(codings, keras.ops.transpose(kernel))
    >>> keras.Model(inputs, outputs).count_params()
    6

    References:
        Abadi et al., "TensorFlow: Large-Scale Machine Learning on Heterogeneous Distributed
        Systems", 2015, on variables.
    """

    def __init__(
        self,
        shape: Sequence[int],
        initializer: Any = "glorot_uniform",
        regularizer: Any = None,
        constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not all(isinstance(size, int) and size >= 0 for size in shape):
            validation.fail(
                "`shape` must be a tuple of sizes.",
                f"shape={shape!r}",
                "Pass a shape such as (3, 2).",
            )
        self.shape = tuple(shape)
        self.initializer = keras.initializers.get(initializer)
        self.regularizer = keras.regularizers.get(regularizer)
        self.constraint = keras.constraints.get(constraint)

    def build(self, input_shape: Any) -> None:
        """Creates the array."""
        self.value = self.add_weight(
            shape=self.shape,
            initializer=self.initializer,
            regularizer=self.regularizer,
            constraint=self.constraint,
            trainable=self.trainable,
            name="value",
        )

    def call(self, inputs: Any) -> Any:
        """Returns the array, of shape `shape`; the inputs have no influence."""
        return self.value.value

    def compute_output_spec(self, inputs: Any) -> keras.KerasTensor:
        """Returns the shape and dtype of the array."""
        return keras.KerasTensor(self.shape, dtype=self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments."""
        return {
            **super().get_config(),
            "shape": self.shape,
            "initializer": keras.initializers.serialize(self.initializer),
            "regularizer": keras.regularizers.serialize(self.regularizer),
            "constraint": keras.constraints.serialize(self.constraint),
        }
