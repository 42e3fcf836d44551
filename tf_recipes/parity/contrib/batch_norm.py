"""Implements contrib's `batch_norm` in its fused form, for inputs of rank 2."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tensorflow2

from tf_recipes._support.validation import fail
from tf_recipes.parity.contrib.arg_scope import add_arg_scope
from tf_recipes.parity.contrib.common import (
    Collections,
    either,
    finished,
    model_variable,
    of_variable,
    static,
)

tf = tensorflow2.compat.v1


@add_arg_scope
def batch_norm(
    inputs: Any,
    decay: float = 0.999,
    center: bool = True,
    scale: bool = False,
    epsilon: float = 0.001,
    activation_fn: Callable[[Any], Any] | None = None,
    param_initializers: Mapping[str, Any] | None = None,
    param_regularizers: Mapping[str, Any] | None = None,
    updates_collections: Any = tf.GraphKeys.UPDATE_OPS,
    is_training: Any = True,
    reuse: Any = None,
    variables_collections: Collections = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    batch_weights: Any = None,
    fused: bool | None = None,
    data_format: str = "NHWC",
    zero_debias_moving_mean: bool = False,
    scope: Any = None,
    renorm: bool = False,
    renorm_clipping: Any = None,
    renorm_decay: float = 0.99,
    adjustment: Any = None,
) -> Any:
    """Normalises (batch, channels) with TF1's fused kernel, as (batch, 1, 1, channels)."""
    inputs = tf.convert_to_tensor(inputs)
    _check(inputs)
    _refuse(
        batch_weights=batch_weights is not None,
        fused=fused is not None and not fused,
        data_format=data_format != "NHWC",
        zero_debias_moving_mean=zero_debias_moving_mean,
        renorm=renorm,
        adjustment=adjustment is not None,
    )
    with tf.variable_scope(scope, "BatchNorm", [inputs], reuse=reuse):
        variable = functools.partial(
            _variable,
            inputs.shape[-1:],
            param_initializers or {},
            param_regularizers or {},
            variables_collections,
        )
        beta = variable("beta", 0.0, trainable, center)
        gamma = variable("gamma", 1.0, trainable, scale)
        averages = variable("moving_mean", 0.0, False), variable("moving_variance", 1.0, False)
        outputs = _normalized(
            inputs, gamma, beta, averages, decay, epsilon, is_training, updates_collections
        )
        return finished(outputs, activation_fn, outputs_collections)


def _check(inputs: Any) -> None:
    """Refuses inputs that TF1 normalises by another algorithm; the kernel refuses float64."""
    if inputs.shape.rank != 2 or inputs.shape[-1] is None:
        rule = "This batch_norm takes inputs of rank 2 with a known last size."
        fail(rule, f"shape {inputs.shape}", "Use real TensorFlow 1.15 for other shapes.")


def _refuse(**arguments: bool) -> None:
    """Refuses the arguments that are true: each needs an algorithm that is not implemented."""
    refused = [name for name, needs_another in arguments.items() if needs_another]
    if refused:
        rule = "This batch_norm has the fused form for NHWC alone."
        fail(rule, ", ".join(refused), "Leave these arguments out, or use real TensorFlow 1.15.")


def _variable(
    shape: Any,
    initializers: Mapping[str, Any],
    regularizers: Mapping[str, Any],
    collections: Collections,
    name: str,
    value: float,
    trainable: bool,
    exists: bool = True,
) -> Any:
    """Returns beta, gamma or a moving average; where it does not exist, a constant `value`."""
    if not exists:
        return tf.constant(value, tf.float32, shape)
    return model_variable(
        tf.get_variable,
        name,
        shape=shape,
        dtype=tf.float32,
        initializer=initializers.get(name, tf.constant_initializer(value)),
        regularizer=regularizers.get(name) if name in ("beta", "gamma") else None,
        trainable=trainable,
        collections=[tf.GraphKeys.GLOBAL_VARIABLES, *of_variable(collections, name)],
    )


def _normalized(
    inputs: Any,
    gamma: Any,
    beta: Any,
    averages: tuple[Any, Any],
    decay: float,
    epsilon: float,
    is_training: Any,
    collections: Any,
) -> Any:
    """Runs the kernel, and updates the moving averages in training."""
    image = tf.reshape(inputs, (-1, 1, 1, inputs.shape[-1]))
    # The kernel takes no epsilon below 1.001e-5.
    fused = functools.partial(
        tf.nn.fused_batch_norm, image, gamma, beta, epsilon=max(epsilon, 1.001e-5)
    )
    mean, variance = averages
    outputs, *of_batch = either(
        is_training,
        lambda: fused(is_training=True),
        lambda: fused(mean=mean, variance=variance, is_training=False),
    )
    if static(is_training) is not False:
        share = either(
            is_training, lambda: tf.convert_to_tensor(1.0 - decay), lambda: tf.constant(0.0)
        )
        outputs = _update(averages, of_batch, share, outputs, collections)
    return tf.reshape(outputs, tf.shape(inputs))


def _update(
    averages: tuple[Any, Any], of_batch: list[Any], share: Any, outputs: Any, collections: Any
) -> Any:
    """Moves the averages towards the batch's by `share`, and returns the outputs.

    Without collections the updates run before the outputs. Otherwise they are added to the
    collections, and the caller runs them.
    """
    updates = [
        tf.assign_sub(average, (average - value) * tf.cast(share, value.dtype))
        for average, value in zip(averages, of_batch, strict=True)
    ]
    if collections is None:
        with tf.control_dependencies(updates):
            return tf.identity(outputs)
    for update in updates:
        tf.add_to_collections(collections, update)
    return outputs
