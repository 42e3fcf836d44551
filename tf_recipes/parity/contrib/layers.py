"""contrib's fully_connected and dropout."""

import numbers

import tensorflow as tensorflow2

from tf_recipes._support.validation import fail
from tf_recipes.parity.contrib.arg_scope import add_arg_scope
from tf_recipes.parity.contrib.common import either, finished, model_variable, of_variable
from tf_recipes.parity.contrib.initializers import xavier_initializer

tf = tensorflow2.compat.v1

_XAVIER, _ZEROS = xavier_initializer(), tf.zeros_initializer()


@add_arg_scope
def fully_connected(
    inputs,
    num_outputs,
    activation_fn=tf.nn.relu,
    normalizer_fn=None,
    normalizer_params=None,
    weights_initializer=_XAVIER,
    weights_regularizer=None,
    biases_initializer=_ZEROS,
    biases_regularizer=None,
    reuse=None,
    variables_collections=None,
    outputs_collections=None,
    trainable=True,
    scope=None,
):
    """Matmul, then normalizer or bias, then activation."""
    inputs = tf.convert_to_tensor(inputs)
    _check_dense(inputs, num_outputs)

    def variable(name, shape, initializer, regularizer):
        found = tf.get_variable(
            name, shape, inputs.dtype, initializer, regularizer, trainable=trainable
        )
        _collect(found, of_variable(variables_collections, name))
        return found

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


def _check_dense(inputs, num_outputs):
    if not isinstance(num_outputs, int):
        fail("`num_outputs` must be an int.", repr(num_outputs), "Convert it with int().")
    rank = inputs.shape.rank
    if rank is None or rank < 2 or inputs.shape[-1] is None:
        rule = "The inputs must have rank 2 or more, and a known last size."
        fail(rule, f"shape {inputs.shape}", "Reshape them.")
    if not inputs.dtype.is_floating:
        fail("The inputs must be floating point.", inputs.dtype.name, "Cast them to tf.float32.")


def _collect(variable, collections):
    """Into those where it is not yet."""
    for collection in collections:
        if not any(variable is each for each in tf.get_collection(collection)):
            tf.add_to_collection(collection, variable)


def _product(inputs, weights):
    """A matmul for rank 2; above, every vector along the last axis for itself."""
    if inputs.shape.rank == 2:
        return tf.matmul(inputs, weights)
    return tf.tensordot(inputs, weights, 1)


@add_arg_scope
def dropout(
    inputs,
    keep_prob=0.5,
    noise_shape=None,
    is_training=True,
    outputs_collections=None,
    scope=None,
    seed=None,
):
    """Identity in evaluation."""
    inputs = tf.convert_to_tensor(inputs)

    def dropped():
        return tf.nn.dropout(
            inputs, noise_shape=noise_shape, seed=seed, rate=_rate(keep_prob, inputs.dtype)
        )

    with tf.variable_scope(scope, "Dropout", [inputs], custom_getter=model_variable):
        outputs = either(is_training, dropped, lambda: tf.identity(inputs))
        return finished(outputs, None, outputs_collections)


def _rate(keep_prob, dtype):
    """A tensor, because TF1 computes the factor 1 / (1 - rate) in the inputs' dtype."""
    rate = 1 - keep_prob
    if not isinstance(rate, numbers.Real):
        return rate
    if not 0 <= rate < 1:
        fail("`keep_prob` must be in (0, 1].", keep_prob, "Give the share that is kept.")
    return tf.constant(rate, dtype) if rate else 0
