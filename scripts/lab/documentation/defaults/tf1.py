"""Reads TF1's signatures. Runs on Python 3.7 under TensorFlow 1.15 as a program of its own.

Dotted names come as a JSON list on stdin; on stdout goes what `record` returns, as JSON.
"""

import functools
import inspect
import json
import sys
import types

NAMESPACES = (
    "tf.train",
    "tf.contrib.layers",
    "tf.layers",
    "tf.nn",
    "tf.nn.rnn_cell",
    "tf.losses",
    "tf.initializers",
)


def record(tf, names):
    """TF1's version, the callables of `NAMESPACES`, and the defaults of `names` as literals."""
    return {
        "tensorflow": tf.__version__,
        "public": {namespace: callables(find(tf, namespace)) for namespace in NAMESPACES},
        "signatures": {name: signature(tf, find(tf, name)) for name in sorted(names)},
    }


def find(tf, name):
    """What the dotted name stands for."""
    return functools.reduce(getattr, name.split(".")[1:], tf)


def callables(module):
    """The names in `module` that can be called."""
    public = (name for name in dir(module) if not name.startswith("_"))
    values = ((name, getattr(module, name)) for name in public)
    return sorted(
        name
        for name, value in values
        if callable(value) and not isinstance(value, types.ModuleType)
    )


def signature(tf, function):
    """`{argument: its default as a literal, or None where it must be given}`."""
    arguments = inspect.signature(function).parameters.values()
    return {
        each.name: None if each.default is each.empty else literal(tf, each.default)
        for each in arguments
        if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    }


def literal(tf, value):
    """The default as one would write it."""
    if isinstance(value, tf.DType):
        return "tf." + value.name
    if value is None or isinstance(value, (bool, int, float, str, tuple, list)):
        return repr(value)
    if isinstance(value, (tf.initializers.zeros, tf.initializers.ones)):
        return f"tf.initializers.{type(value).__name__.lower()}()"
    return _function(tf, value)


def _function(tf, value):
    """An activation by its name, an initializer of contrib by the arguments it closes over."""
    for name in callables(tf.nn):
        if getattr(tf.nn, name) is value:
            return "tf.nn." + name
    kept = inspect.getclosurevars(value).nonlocals
    if kept == {"factor": 1.0, "mode": "FAN_AVG", "seed": None, "uniform": True}:
        return "tf.contrib.layers.xavier_initializer()"
    raise TypeError(f"no literal for {value!r}")


if __name__ == "__main__":
    import tensorflow

    sys.stdout.write(json.dumps(record(tensorflow, json.load(sys.stdin))))
