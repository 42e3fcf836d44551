"""The table of the defaults that differ between TF1 and Keras 3, for `docs/defaults.md`.

TF1's signatures were recorded on TF 1.15 (`scripts/record_signatures.py`); Keras' are read from the
Keras that is installed. What stands in the code and in no signature is data, held by tests.
"""

import ast
import functools
import inspect
import json
from pathlib import Path
from typing import NamedTuple

import keras

from lab.documentation.defaults import (
    contrib,
    functions,
    initializers,
    layers,
    losses,
    normalization,
    optimizers,
    recurrent,
)
from lab.documentation.defaults.pairs import BOOKKEEPING, NEUTRAL

PAIRS = (
    *optimizers.PAIRS,
    *contrib.PAIRS,
    *normalization.PAIRS,
    *layers.PAIRS,
    *functions.PAIRS,
    *recurrent.PAIRS,
    *losses.PAIRS,
    *initializers.PAIRS,
)
RECORDED = Path(__file__).with_name("tf1_signatures.json")
HEADER = "| TF1 | argument | TF1 default | Keras 3 | argument | Keras 3 default | page |"
# Two ways to write one thing, in TF1 and in Keras.
_SAME = {
    "tf.initializers.zeros()": ("'zeros'",),
    "tf.initializers.ones()": ("'ones'",),
    "tf.contrib.layers.xavier_initializer()": ("'glorot_uniform'",),
    # channels last, which is what Keras' None means unless keras.json says otherwise
    "'channels_last'": ("None",),
    **dict.fromkeys(("'NHWC'", "'NDHWC'", "'NWC'"), ("None", "'channels_last'")),
}


class Row(NamedTuple):
    """A row of the table; every cell is Markdown."""

    tf1: str
    argument: str
    tf1_default: str
    keras: str
    keras_argument: str
    keras_default: str
    page: str


def recorded():
    """What was recorded on TF 1.15: `tensorflow`, `public` and `signatures`.

    A signature is `{argument: default as a literal, or None where it must be given}`.
    """
    return json.loads(RECORDED.read_text())


def names():
    """Every TF1 name of `PAIRS`, sorted."""
    return sorted({name for pair in PAIRS for name in pair.names})


def table():
    """The table in Markdown."""
    cells = (f"| {' | '.join(row)} |" for row in rows())
    return "\n".join([HEADER, "|---" * len(Row._fields) + "|", *cells])


def rows():
    """Every row, in the order of `PAIRS`."""
    signatures = recorded()["signatures"]
    return [row for pair in PAIRS for row in _rows_of(pair, signatures[pair.tf1])]


def _rows_of(pair, tf1):
    hidden = {each.argument for each in pair.hidden}
    for argument, default in tf1.items():
        keras_argument = counterpart(pair, argument)
        if keras_argument is None or argument in hidden or argument in pair.same:
            continue
        keras_default = keras_arguments(pair.keras)[keras_argument]
        if None not in (default, keras_default) and not same(default, keras_default):
            yield _row(pair, f"`{argument}`", f"`{default}`", keras_argument, f"`{keras_default}`")
    for each in pair.hidden:
        argument = f"{_named(each.argument, tf1)} *(in the code)*"
        yield _row(pair, argument, each.tf1, each.keras_argument, each.keras)


def _row(pair, argument, default, keras_argument, keras_default):
    name = keras_argument.removeprefix("call.")
    known = keras_arguments(pair.keras)
    keras_name = _named(name, known) if keras_argument == name else f"`{name}` of the call"
    link = f"[{Path(pair.page).stem}]({pair.page})" if pair.page else ""
    tf1 = ", ".join(f"`{name}`" for name in pair.names)
    return Row(tf1, argument, default, f"`{pair.keras}`", keras_name, keras_default, link)


def _named(words, arguments):
    """An argument in the style of code, other words as they are."""
    return f"`{words}`" if words in arguments else words


def counterpart(pair, argument):
    """Keras' name for TF1's argument, or None where it has none.

    Args:
        pair: a `Pair`.
        argument: the name of an argument of `pair.tf1`.
    """
    if argument in pair.absent or argument in BOOKKEEPING:
        return None
    name = pair.renamed.get(argument, argument)
    return name if name in keras_arguments(pair.keras) else None


@functools.cache
def keras_arguments(name):
    """Keras' signature, written as TF1's are; an argument of a layer's call is `call.NAME`."""
    found = functools.reduce(getattr, name.split(".")[1:], keras)
    arguments = _literals(found)
    if inspect.isclass(found) and hasattr(found, "call"):
        call = _literals(found.call)
        arguments |= {f"call.{each}": call[each] for each in call if each != "self"}
    return arguments


def _literals(function):
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {
        each.name: None if each.default is each.empty else repr(each.default)
        for each in inspect.signature(function).parameters.values()
        if each.kind not in variable
    }


def same(tf1, keras_default):
    """Whether two defaults, given as literals, say the same."""
    if keras_default in _SAME.get(tf1, ()):
        return True
    try:
        left, right = (_plain(ast.literal_eval(each)) for each in (tf1, keras_default))
    except (ValueError, SyntaxError):  # the name of a function or an object
        return tf1 == keras_default
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def _plain(value):
    """Without what is only another way to write it: case, and a number for each axis."""
    if isinstance(value, str):
        return value.lower()
    if isinstance(value, (tuple, list)) and len(set(value)) == 1:
        return value[0]
    return value


def unexplained(pair, tf1):
    """The arguments of both sides that `pair` says nothing about, in words.

    Args:
        pair: a `Pair`.
        tf1: the recorded signature of one of its names.
    """
    hidden = {each.argument for each in pair.hidden} | {each.keras_argument for each in pair.hidden}
    known = {*hidden, *pair.same, *pair.absent, *BOOKKEEPING}
    for argument, default in tf1.items():
        if default is not None and argument not in known and not counterpart(pair, argument):
            yield f"{pair.tf1}: {argument}={default} has no counterpart in {pair.keras}"
    reached = {counterpart(pair, argument) for argument in tf1} | hidden
    reached |= {*BOOKKEEPING, *pair.unrelated}
    for argument, default in keras_arguments(pair.keras).items():
        if argument in reached or default is None or argument.startswith("call."):
            continue
        if default != "None" and not same(repr(NEUTRAL.get(argument)), default):
            yield f"{pair.tf1}: {pair.keras} has {argument}={default}, which nothing explains"
