"""The small part of `tensorflow.contrib` that the TF1 originals and the documentation's code use.

Written from its documented behaviour, over `tensorflow.compat.v1`, and held against recorded traces
of the real one.
"""

import contextlib
import functools
import math
import types

import tensorflow as tensorflow2

from tf_recipes.parity import contrib_image

tf = tensorflow2.compat.v1

_SHARED = [{}]  # arg_scope's stack: {function: keyword arguments}


def namespace():
    """What stands for the module `tensorflow.contrib`."""
    return types.SimpleNamespace(
        framework=types.SimpleNamespace(arg_scope=arg_scope),
        image=contrib_image.namespace(),
        layers=types.SimpleNamespace(
            batch_norm=batch_norm,
            dropout=dropout,
            fully_connected=fully_connected,
            l1_l2_regularizer=l1_l2_regularizer,
            l1_regularizer=lambda scale: l1_l2_regularizer(scale, 0.0),
            l2_regularizer=lambda scale: l1_l2_regularizer(0.0, scale),
            variance_scaling_initializer=variance_scaling_initializer,
            xavier_initializer=xavier_initializer,
        ),
    )


@contextlib.contextmanager
def arg_scope(functions, **arguments):
    """Inside, `functions` take `arguments` unless a call says otherwise."""
    outer = _SHARED[-1]
    _SHARED.append({**outer, **{name: {**outer.get(name, {}), **arguments} for name in functions}})
    try:
        yield
    finally:
        _SHARED.pop()


def fully_connected(inputs, num_outputs, **arguments):
    """Matmul, then normalizer or bias, then activation; shared arguments come from `arg_scope`."""
    return _fully_connected(
        inputs, num_outputs, **{**_SHARED[-1].get(fully_connected, {}), **arguments}
    )


def _fully_connected(
    inputs,
    num_outputs,
    activation_fn=tf.nn.relu,
    normalizer_fn=None,
    normalizer_params=None,
    weights_initializer=None,
    weights_regularizer=None,
    scope=None,
):
    with tf.variable_scope(scope, "fully_connected"):
        weights = tf.get_variable(
            "weights",
            (inputs.shape[-1], num_outputs),
            inputs.dtype,
            weights_initializer or xavier_initializer(),
            regularizer=weights_regularizer,
        )
        outputs = tf.matmul(inputs, weights)
        if normalizer_fn is None:
            biases = tf.get_variable("biases", (num_outputs,), inputs.dtype, tf.zeros_initializer())
            outputs = tf.nn.bias_add(outputs, biases)
        else:
            outputs = normalizer_fn(outputs, **(normalizer_params or {}))
        return outputs if activation_fn is None else activation_fn(outputs)


def batch_norm(
    inputs,
    is_training=True,
    decay=0.999,
    center=True,
    scale=False,
    epsilon=0.001,
    updates_collections=tf.GraphKeys.UPDATE_OPS,
):
    """contrib's fused form for rank 2: the kernel sees (batch, 1, 1, channels)."""
    channels = inputs.shape[-1]
    with tf.variable_scope("BatchNorm"):

        def variable(name, value, trainable):
            return tf.get_variable(
                name,
                (channels,),
                inputs.dtype,
                tf.constant_initializer(value),
                trainable=trainable,
            )

        beta = variable("beta", 0.0, True) if center else tf.zeros((channels,))
        gamma = variable("gamma", 1.0, True) if scale else tf.ones((channels,))
        moving_mean = variable("moving_mean", 0.0, False)
        moving_variance = variable("moving_variance", 1.0, False)
        averages = moving_mean, moving_variance
        image = tf.reshape(inputs, (-1, 1, 1, channels))
        fused = functools.partial(
            tf.nn.fused_batch_norm, image, gamma, beta, epsilon=max(epsilon, 1.001e-5)
        )
        outputs, *of_batch = _either(
            is_training,
            lambda: fused(is_training=True),
            lambda: fused(mean=moving_mean, variance=moving_variance, is_training=False),
        )
        if is_training is not False:
            share = _either(is_training, lambda: tf.constant(1 - decay), lambda: tf.constant(0.0))
            outputs = _update(averages, of_batch, share, outputs, updates_collections)
        return tf.reshape(outputs, tf.shape(inputs))


def _either(is_training, train, evaluate):
    """One of both, now where `is_training` is a bool, in the graph where it is a tensor."""
    if isinstance(is_training, bool):
        return train() if is_training else evaluate()
    return tf.cond(is_training, train, evaluate)


def _update(averages, of_batch, share, outputs, collection):
    """Moves the averages by that share: before the outputs are there, or where the caller says."""
    updates = [
        tf.assign_sub(average, (average - value) * tf.cast(share, value.dtype))
        for average, value in zip(averages, of_batch, strict=True)
    ]
    if collection is None:
        with tf.control_dependencies(updates):
            return tf.identity(outputs)
    for update in updates:
        tf.add_to_collection(collection, update)
    return outputs


def dropout(inputs, keep_prob, is_training=True, scope=None):
    """Identity in evaluation."""
    # A tensor, because TF1 computes the factor 1 / (1 - rate) in the inputs' dtype.
    rate = tf.constant(1 - keep_prob, inputs.dtype) if keep_prob < 1 else 0
    with tf.name_scope(scope, "Dropout"):
        return _either(
            is_training,
            lambda: tf.nn.dropout(inputs, rate=rate),
            lambda: tf.identity(inputs),
        )


def l1_l2_regularizer(scale_l1=1.0, scale_l2=1.0):
    """scale_l1 sum|w| + scale_l2 sum(w^2)/2; a scale of 0 adds nothing."""

    def regularizer(weights):
        terms = []
        if scale_l1:
            terms.append(scale_l1 * tf.reduce_sum(tf.abs(weights)))
        if scale_l2:
            terms.append(scale_l2 * tf.nn.l2_loss(weights))
        return tf.add_n(terms) if terms else None

    return regularizer


def variance_scaling_initializer(factor=2.0, mode="FAN_IN", uniform=False):
    """Variance `factor / n`, corrected by the constant 1.3 where the normal is truncated."""

    def initializer(shape, dtype=tf.float32, partition_info=None):
        fan_in, fan_out = (int(size) for size in shape)
        n = {"FAN_IN": fan_in, "FAN_AVG": (fan_in + fan_out) / 2}[mode]
        if uniform:
            limit = math.sqrt(3.0 * factor / n)
            return tf.random_uniform(shape, -limit, limit, dtype)
        return tf.truncated_normal(shape, 0.0, math.sqrt(1.3 * factor / n), dtype)

    return initializer


def xavier_initializer(uniform=True):
    """contrib's: by the average of both fans."""
    return variance_scaling_initializer(factor=1.0, mode="FAN_AVG", uniform=uniform)
