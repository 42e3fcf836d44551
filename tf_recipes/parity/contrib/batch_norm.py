"""contrib's batch_norm in its fused form for rank 2."""

import functools

import tensorflow as tensorflow2

from tf_recipes._support.validation import fail
from tf_recipes.parity.contrib.arg_scope import add_arg_scope
from tf_recipes.parity.contrib.common import (
    either,
    finished,
    model_variable,
    of_variable,
    static,
)

tf = tensorflow2.compat.v1


@add_arg_scope
def batch_norm(
    inputs,
    decay=0.999,
    center=True,
    scale=False,
    epsilon=0.001,
    activation_fn=None,
    param_initializers=None,
    param_regularizers=None,
    updates_collections=tf.GraphKeys.UPDATE_OPS,
    is_training=True,
    reuse=None,
    variables_collections=None,
    outputs_collections=None,
    trainable=True,
    batch_weights=None,
    fused=None,
    data_format="NHWC",
    zero_debias_moving_mean=False,
    scope=None,
    renorm=False,
    renorm_clipping=None,
    renorm_decay=0.99,
    adjustment=None,
):
    """The kernel sees (batch, 1, 1, channels)."""
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


def _check(inputs):
    """TF1 takes other ranks another way. The kernel itself refuses float64."""
    if inputs.shape.rank != 2 or inputs.shape[-1] is None:
        rule = "Here batch_norm takes inputs of rank 2 with a known last size."
        fail(rule, f"shape {inputs.shape}", "Use real TensorFlow 1.15 for others.")


def _refuse(**arguments):
    """Fails for those that ask for another algorithm."""
    asked = [name for name, other in arguments.items() if other]
    if asked:
        rule = "Only batch_norm's fused form for NHWC is here."
        fail(rule, ", ".join(asked), "Leave it out, or use real TensorFlow 1.15.")


def _variable(shape, initializers, regularizers, collections, name, value, trainable, wanted=True):
    """One of the four; where it is not `wanted`, a constant."""
    if not wanted:
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


def _normalized(inputs, gamma, beta, averages, decay, epsilon, is_training, collections):
    image = tf.reshape(inputs, (-1, 1, 1, inputs.shape[-1]))
    # The kernel's own least epsilon.
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


def _update(averages, of_batch, share, outputs, collections):
    """Moves the averages by that share: before the outputs are there, or where the caller says."""
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
