"""Reads TF1's signatures. Runs on Python 3.7 under TensorFlow 1.15 as a program of its own.

The program reads a JSON list of dotted names from stdin, and writes the result of `record` as JSON
to stdout.
"""

import functools
import inspect
import json
import sys
import types

NAMESPACES = (
    "tf.train",
    "tf.contrib.layers",
    "tf.contrib.opt",
    "tf.layers",
    "tf.nn",
    "tf.nn.rnn_cell",
    "tf.losses",
    "tf.initializers",
)


def record(tf, names):
    """Returns TF1's version, the callables of `NAMESPACES`, and the defaults of `names`."""
    return {
        "tensorflow": tf.__version__,
        "public": {namespace: callables(find(tf, namespace)) for namespace in NAMESPACES},
        "signatures": {name: signature(tf, find(tf, name)) for name in sorted(names)},
    }


def find(tf, name):
    """Returns the object of a dotted name."""
    return functools.reduce(getattr, name.split(".")[1:], tf)


def callables(module):
    """Returns the names of the public callables in `module`, sorted."""
    public = (name for name in dir(module) if not name.startswith("_"))
    values = ((name, getattr(module, name)) for name in public)
    return sorted(
        name
        for name, value in values
        if callable(value) and not isinstance(value, types.ModuleType)
    )


def signature(tf, function):
    """Returns `{argument: default as a literal}`; None for an argument without default."""
    arguments = inspect.signature(function).parameters.values()
    return {
        each.name: None if each.default is each.empty else literal(tf, each.default)
        for each in arguments
        if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    }


def literal(tf, value):
    """Returns the Python source of a default."""
    if isinstance(value, tf.DType):
        return "tf." + value.name
    if value is None or isinstance(value, (bool, int, float, str, tuple, list)):
        return repr(value)
    if isinstance(value, (tf.initializers.zeros, tf.initializers.ones)):
        return f"tf.initializers.{type(value).__name__.lower()}()"
    return _function(tf, value)


def _function(tf, value):
    """Returns the source of an activation, found by name, or of contrib's initializer.

    The initializer is recognised by the arguments in its closure.
    """
    for name in callables(tf.nn):
        if getattr(tf.nn, name) is value:
            return "tf.nn." + name
    closure = inspect.getclosurevars(value).nonlocals
    if closure == {"factor": 1.0, "mode": "FAN_AVG", "seed": None, "uniform": True}:
        return "tf.contrib.layers.xavier_initializer()"
    raise TypeError(f"no literal for {value!r}")


if __name__ == "__main__":
    import tensorflow

    sys.stdout.write(json.dumps(record(tensorflow, json.load(sys.stdin))))
