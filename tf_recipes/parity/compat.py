"""Lends the TF1 originals what they need to run inside TensorFlow 2.

`tensorflow.compat.v1` still has graphs, sessions and TF1's kernels, but no `tensorflow.contrib`;
`contrib()` is the small part of it that the originals use, written from its documented behaviour
and held against recorded traces of the real one.
"""

import contextlib
import functools
import importlib
import math
import pkgutil
import sys
import types

import tensorflow as tensorflow2

tf = tensorflow2.compat.v1

PACKAGE = "tf_recipes.originals"
_SHARED = [{}]  # arg_scope's stack: {function: keyword arguments}


def originals():
    """The module `tf_recipes.originals.record`, loaded with this TensorFlow's TF1 API."""
    return original("record")


def original(name):
    """The module `tf_recipes.originals.NAME`, loaded with this TensorFlow's TF1 API."""
    return _loaded()[name]


@functools.cache
def _loaded():
    """Every original by name, all of them of one loading."""
    with _modules_apart(PACKAGE):
        sys.modules["tensorflow"] = _tensorflow1()
        found = pkgutil.iter_modules(importlib.import_module(PACKAGE).__path__)
        return {each.name: importlib.import_module(f"{PACKAGE}.{each.name}") for each in found}


@contextlib.contextmanager
def _modules_apart(package):
    """Inside, `package` is imported anew and "tensorflow" may stand for another; then undone."""

    def ours():
        return [
            name
            for name in sys.modules
            if name == "tensorflow" or name == package or name.startswith(package + ".")
        ]

    parent, _, child = package.rpartition(".")
    parent = importlib.import_module(parent)
    kept = {name: sys.modules.pop(name) for name in ours()}
    known = vars(parent).pop(child, None)
    try:
        yield
    finally:
        for name in ours():
            del sys.modules[name]
        sys.modules.update(kept)
        vars(parent).pop(child, None)
        if known is not None:
            setattr(parent, child, known)


def _tensorflow1():
    """A module `tensorflow` with TF1's names: `compat.v1` and `contrib`."""
    module = types.ModuleType("tensorflow")
    module.__getattr__ = functools.partial(getattr, tf)
    module.__version__ = tensorflow2.__version__
    module.contrib = contrib()
    return module


def contrib():
    """The part of `tf.contrib` that the originals use."""
    return types.SimpleNamespace(
        framework=types.SimpleNamespace(arg_scope=arg_scope),
        layers=types.SimpleNamespace(
            batch_norm=batch_norm,
            dropout=dropout,
            fully_connected=fully_connected,
            l1_l2_regularizer=l1_l2_regularizer,
            variance_scaling_initializer=variance_scaling_initializer,
            xavier_initializer=functools.partial(
                variance_scaling_initializer, factor=1.0, mode="FAN_AVG", uniform=True
            ),
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
            weights_initializer or contrib().layers.xavier_initializer(),
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
    updates_collections=None,
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
        image = tf.reshape(inputs, (-1, 1, 1, channels))
        fused = functools.partial(
            tf.nn.fused_batch_norm, image, gamma, beta, epsilon=max(epsilon, 1.001e-5)
        )
        if is_training:
            outputs, mean, variance = fused(is_training=True)
            updates = [
                tf.assign_sub(average, (average - value) * tf.cast(1.0 - decay, value.dtype))
                for average, value in ((moving_mean, mean), (moving_variance, variance))
            ]
            with tf.control_dependencies(updates):
                outputs = tf.identity(outputs)
        else:
            outputs, _, _ = fused(mean=moving_mean, variance=moving_variance, is_training=False)
        return tf.reshape(outputs, tf.shape(inputs))


def dropout(inputs, keep_prob, is_training=True, scope=None):
    """Identity in evaluation."""
    if not is_training:
        return tf.identity(inputs)
    with tf.name_scope(scope, "Dropout"):
        return tf.nn.dropout(inputs, rate=1 - keep_prob)


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
