"""Defines contrib's `fully_connected` as Keras layers, with its defaults and its order."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from tf_recipes._support import doubles, tf1_names, validation
from tf_recipes.blocks.initializers import xavier_init


@tf1_names.refused(
    renamed={
        "num_outputs": "units",
        "activation_fn": "activation",
        "normalizer_fn": "normalizer",
        "weights_initializer": "kernel_initializer",
        "weights_regularizer": "kernel_regularizer",
        "biases_initializer": "bias_initializer",
        "biases_regularizer": "bias_regularizer",
    },
    gone={
        "normalizer_params": "Bind them to normalizer, with functools.partial.",
        **tf1_names.VARIABLES,
    },
)
def fully_connected(
    inputs: Any,
    units: int,
    activation: str | Callable[..., Any] | None = "relu",
    normalizer: Callable[..., Any] | None = None,
    kernel_initializer: Any = None,
    kernel_regularizer: Any = None,
    kernel_constraint: Any = None,
    name: str | None = None,
    dtype: Any = None,
    use_bias: bool = True,
    bias_initializer: Any = "zeros",
    bias_regularizer: Any = None,
    bias_constraint: Any = None,
    trainable: bool = True,
) -> Any:
    """Applies a matrix product, then a normalizer or a bias, then an activation.

    TF1: `tf.contrib.layers.fully_connected`. `keras.layers.Dense` differs: here the default
    activation is ReLU, a normalizer takes the place of the bias, and weights start from Xavier's
    distribution. `functools.partial` replaces `arg_scope` for arguments that layers have in common;
    see the example.

    Args:
        inputs: tensor (..., features).
        units: int, size of the output's last axis.
        activation: a Keras activation, its name, a layer, or None.
        normalizer: None, or a callable such as `BatchNormalization` that takes `name` and `dtype`
            and returns a layer.
        kernel_initializer: for the (features, units) kernel; None means Xavier, uniform.
        kernel_regularizer, kernel_constraint: for the kernel, or None.
        use_bias: bool, whether to add a bias if there is no normalizer.
        bias_initializer: for the (units,) bias. None means no bias, as `biases_initializer=None`
            did in TF1. Beside a normalizer the arguments of the bias have no effect, as in TF1.
        bias_regularizer, bias_constraint: for the bias, or None.
        trainable: bool, whether to train kernel and bias; the normalizer's variables stay
            trainable, as in TF1.
        name: name of the `Dense` layer. The normalizer's layer appends `_BatchNorm` to this name,
            the activation's layer `_activation`.
        dtype: of the layers, or None for Keras' policy.

    Returns:
        A tensor (..., units).

    Raises:
        ValueError: for an activation that Keras does not know, units below 1, or a `use_bias` or
            `trainable` that is not a bool.

    >>> import functools
    >>> from tf_recipes.blocks.batch_norm import BatchNormalization
    >>> layer = functools.partial(
    ...     fully_connected, normalizer=functools.partial(BatchNormalization, momentum=0.99)
    ... )
    >>> inputs = keras.Input((784,))
    >>> hidden1 = layer(inputs, 300, name="hidden1")
    >>> logits = layer(hidden1, 10, activation=None, name="outputs")
    >>> logits.shape
    (None, 10)
    """
    validation.whole("units", units, 1)
    validation.flag("use_bias", use_bias)
    validation.flag("trainable", trainable)
    activation = _known_activation(activation)
    if activation is keras.activations.tanh and _is_double(dtype, "jax"):
        activation = doubles.tanh
    dense = _dense_class(dtype)(
        units,
        use_bias=use_bias and normalizer is None and bias_initializer is not None,
        bias_initializer=bias_initializer,
        bias_regularizer=bias_regularizer,
        bias_constraint=bias_constraint,
        kernel_initializer=xavier_init() if kernel_initializer is None else kernel_initializer,
        kernel_regularizer=kernel_regularizer,
        kernel_constraint=kernel_constraint,
        trainable=trainable,
        name=name,
        dtype=dtype,
    )
    outputs = dense(inputs)
    if normalizer is not None:
        outputs = normalizer(name=f"{dense.name}_BatchNorm", dtype=dtype)(outputs)
    if activation is None:
        return outputs
    if isinstance(activation, keras.layers.Layer):
        return activation(outputs)
    return keras.layers.Activation(activation, name=f"{dense.name}_activation", dtype=dtype)(
        outputs
    )


@keras.saving.register_keras_serializable(package="tf_recipes")
class _DoubleDense(keras.layers.Dense):
    """Multiplies float64 numbers in float64 on PyTorch, where Keras' `Dense` does so in float32."""

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Returns `inputs @ kernel + bias`, after the activation if there is one."""
        outputs = doubles.matmul(inputs, self.kernel)
        if self.bias is not None:
            outputs = ops.add(outputs, self.bias)
        return outputs if self.activation is None else self.activation(outputs)


def _dense_class(dtype: Any) -> type[keras.layers.Dense]:
    """Returns Keras' `Dense`, or the layer in its place for float64 on PyTorch.

    Only there does a model have, and a saved file name, another class than Keras' own.
    """
    return _DoubleDense if _is_double(dtype, "torch") else keras.layers.Dense


def _is_double(dtype: Any, backend: str) -> bool:
    """Returns whether a layer of that dtype computes in float64, on that backend of Keras."""
    if keras.backend.backend() != backend:
        return False
    return keras.dtype_policies.get(dtype or keras.config.dtype_policy()).compute_dtype == "float64"


def _known_activation(activation: Any) -> Any:
    """Returns the function or layer that `activation` names; returns None if it is None."""
    try:
        return None if activation is None else keras.activations.get(activation)
    except ValueError:
        return validation.fail(
            "`activation` must be a function, a layer, None, or a name that Keras knows.",
            f"activation={activation!r}",
            "Pass a name such as 'relu', or the function itself.",
        )
