"""Implements contrib's `fully_connected` and `dropout`."""

import numbers
from collections.abc import Callable, Mapping, Sequence
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
)
from tf_recipes.parity.contrib.initializers import xavier_initializer

tf = tensorflow2.compat.v1

_XAVIER, _ZEROS = xavier_initializer(), tf.zeros_initializer()


@add_arg_scope
def fully_connected(
    inputs: Any,
    num_outputs: int,
    activation_fn: Callable[[Any], Any] | None = tf.nn.relu,
    normalizer_fn: Callable[..., Any] | None = None,
    normalizer_params: Mapping[str, Any] | None = None,
    weights_initializer: Any = _XAVIER,
    weights_regularizer: Callable[[Any], Any] | None = None,
    biases_initializer: Any = _ZEROS,
    biases_regularizer: Callable[[Any], Any] | None = None,
    reuse: Any = None,
    variables_collections: Collections = None,
    outputs_collections: Any = None,
    trainable: bool = True,
    scope: Any = None,
) -> Any:
    """Multiplies by the weights, applies the normalizer or adds biases, and activates."""
    inputs = tf.convert_to_tensor(inputs)
    _check_dense(inputs, num_outputs)

    def variable(name: str, shape: tuple[Any, ...], initializer: Any, regularizer: Any) -> Any:
        made = tf.get_variable(
            name, shape, inputs.dtype, initializer, regularizer, trainable=trainable
        )
        _collect(made, of_variable(variables_collections, name))
        return made

    with tf.variable_scope(
        scope, "fully_connected", [inputs], reuse=reuse, custom_getter=model_variable
    ):
        shape = inputs.shape[-1], num_outputs
        weights = variable("weights", shape, weights_initializer, weights_regularizer)
        outputs = _product(inputs, weights)
        if normalizer_fn is not None:
            outputs = normalizer_fn(outputs, **(normalizer_params or {}))
        elif biases_initializer is not None:
            biases = variable("biases", (num_outputs,), biases_initializer, biases_regularizer)
            outputs = tf.nn.bias_add(outputs, biases)
        return finished(outputs, activation_fn, outputs_collections)


def _check_dense(inputs: Any, num_outputs: Any) -> None:
    """Refuses a size, a shape or a dtype that TF1 refuses."""
    if not isinstance(num_outputs, int):
        fail(
            "`num_outputs` must be an int.",
            f"num_outputs={num_outputs!r}",
            "Convert the number with int().",
        )
    rank = inputs.shape.rank
    if rank is None or rank < 2 or inputs.shape[-1] is None:
        rule = "`inputs` must have rank 2 or more, and a known last size."
        fail(rule, f"shape {inputs.shape}", "Reshape the inputs.")
    if not inputs.dtype.is_floating:
        rule = "`inputs` must have a floating point dtype."
        fail(rule, f"dtype {inputs.dtype.name}", "Cast the inputs to tf.float32.")


def _collect(variable: Any, collections: Sequence[Any]) -> None:
    """Adds the variable to each collection that does not hold it yet."""
    for collection in collections:
        if not any(variable is each for each in tf.get_collection(collection)):
            tf.add_to_collection(collection, variable)


def _product(inputs: Any, weights: Any) -> Any:
    """Multiplies each vector along the inputs' last axis by the weights; rank 2 is a matmul."""
    if inputs.shape.rank == 2:
        return tf.matmul(inputs, weights)
    return tf.tensordot(inputs, weights, 1)


@add_arg_scope
def dropout(
    inputs: Any,
    keep_prob: Any = 0.5,
    noise_shape: Any = None,
    is_training: Any = True,
    outputs_collections: Any = None,
    scope: Any = None,
    seed: int | None = None,
) -> Any:
    """Drops units and divides the kept ones by `keep_prob`; in evaluation, the identity."""
    inputs = tf.convert_to_tensor(inputs)

    def dropped() -> Any:
        return tf.nn.dropout(
            inputs, noise_shape=noise_shape, seed=seed, rate=_rate(keep_prob, inputs.dtype)
        )

    with tf.variable_scope(scope, "Dropout", [inputs], custom_getter=model_variable):
        outputs = either(is_training, dropped, lambda: tf.identity(inputs))
        return finished(outputs, None, outputs_collections)


def _rate(keep_prob: Any, dtype: Any) -> Any:
    """Returns the rate as a tensor: TF1 computes the factor 1 / (1 - rate) in the inputs' dtype."""
    rate = 1 - keep_prob
    if not isinstance(rate, numbers.Real):
        return rate
    if not 0 <= float(rate) < 1:
        fail(
            "`keep_prob` must be in (0, 1].",
            f"keep_prob={keep_prob}",
            "Pass the share of units that dropout keeps, such as 0.8.",
        )
    return tf.constant(rate, dtype) if rate else 0
