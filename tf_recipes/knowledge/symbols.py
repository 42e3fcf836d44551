"""Tells which public names of TensorFlow 1.15 the TensorFlow 2 that was recorded lacks.

Names are written from `tf` on. `scripts/record_symbols.py` records the tables.
"""

import functools
from collections.abc import Mapping
from typing import NamedTuple

from tf_recipes.knowledge import data_files, names

COMPAT = "tf.compat.v1"
# The index has public names alone, and one of two names of a module.
BESIDES = {
    "tf.examples.tutorials.mnist": names.Row(
        "`keras.datasets.mnist.load_data`, divided by 255", "training.md", "files, training"
    ),
    "tf.flags": names.Row("`absl.flags`", "sessions.md", "files, training"),
}
PRIVATE = (
    "tf.compiler",
    "tf.contrib.layers.python",
    "tf.contrib.slim.python",
    "tf.core",
    "tf.dtensor",
    "tf.include",
    "tf.lite.python",
    "tf.python",
    "tf.tools",
)


class Symbol(NamedTuple):
    """Holds a vanished name: `in_compat`, and the name of the same object that the index has."""

    in_compat: bool
    same_as: str


@functools.cache
def vanished() -> Mapping[str, Symbol]:
    """Returns `{name: symbol}` of the names of TF 1.15 that TensorFlow 2 lacks."""
    rows = data_files.read("vanished.tsv")
    return {name: Symbol(compat == "yes", same) for name, compat, same in rows}


@functools.cache
def living() -> Mapping[str, frozenset[str]]:
    """Returns `{module: public names in it}` of the modules that TensorFlow 2 has."""
    return {module: frozenset(text.split()) for module, text in data_files.read("living.tsv")}


@functools.cache
def first_vanished(name: str) -> str | None:
    """Returns the shortest part of a name that TensorFlow 2 lacks; None if all of it lives.

    >>> first_vanished("tf.layers.dense"), first_vanished("tf.nn.relu")
    ('tf.layers', None)
    >>> first_vanished("tf.compat.v1.Session"), first_vanished("tf.compat.v1.layers.dense")
    (None, 'tf.compat.v1.layers')
    """
    parts = name.split(".")
    for length in range(2, len(parts) + 1):
        part, module = ".".join(parts[:length]), ".".join(parts[: length - 1])
        if part in PRIVATE:
            return None
        if part in vanished():
            return part
        known = living().get(module)
        if known and parts[length - 1] not in known and not parts[length - 1].startswith("_"):
            return None if f"{module}.{parts[length - 1]}" in living() else part
    return None


@functools.cache
def lost_module(name: str) -> str | None:
    """Returns the private module of a name that TensorFlow 2 lacks; None if there is none.

    >>> lost_module("tf.python.keras.layers.local.LocallyConnected1D")
    'tf.python.keras.layers.local'
    >>> lost_module("tf.python.ops.math_ops")
    """
    parts = name.split(".")
    heads = (".".join(parts[:length]) for length in range(3, len(parts) + 1))
    return next((head for head in heads if head in _lost_modules()), None)


@functools.cache
def _lost_modules() -> frozenset[str]:
    return frozenset(name for (name,) in data_files.read("private.tsv"))


def is_of_tf1(name: str) -> bool:
    """Returns whether a name shows that the code around it is TensorFlow 1's."""
    return first_vanished(name) is not None or lost_module(name) is not None


@functools.cache
def members(module: str) -> frozenset[str]:
    """Returns the public names of a module, those of TF 1.15 and those of TensorFlow 2."""
    lost = (name.rpartition(".") for name in vanished())
    return living().get(module, frozenset()) | {last for space, _, last in lost if space == module}


@functools.cache
def is_known(name: str) -> bool:
    """Returns whether TF 1.15 or TensorFlow 2 has a name, which a star import then brings."""
    module, _, last = name.rpartition(".")
    return name in vanished() or last in living().get(module, ())


def is_compat(name: str) -> bool:
    """Returns whether a name is reached through `tf.compat.v1`."""
    return f"{name}.".startswith(f"{COMPAT}.")


@functools.cache
def canonical(name: str) -> str:
    """Returns the name under which rules and the index know an object.

    >>> canonical("tf.contrib.slim.fully_connected")
    'tf.contrib.layers.fully_connected'
    >>> canonical("tf.compat.v1.train.AdamOptimizer")
    'tf.train.AdamOptimizer'
    """
    if name.startswith(f"{COMPAT}."):
        name = f"tf{name.removeprefix(COMPAT)}"
    symbol = vanished().get(name)
    return symbol.same_as if symbol and symbol.same_as else name


@functools.cache
def replacement(name: str) -> names.Row | None:
    """Returns the row of the index for a name, or for the nearest name above it; else None."""
    parts = name.split(".")
    for length in range(len(parts), 1, -1):
        part = ".".join(parts[:length])
        row = names.rows().get(part) or names.rows().get(canonical(part))
        if row is not None:
            return row
        if part in BESIDES:
            return BESIDES[part]
    return None
