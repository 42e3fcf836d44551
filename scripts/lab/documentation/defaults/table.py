"""Makes the table of the defaults that differ between TF1 and Keras 3, for `docs/defaults.md`.

TF1's signatures were recorded on TF 1.15 (`scripts/record_signatures.py`). Keras' signatures are
read from the installed Keras. Defaults that are set in the code and not in a signature are listed
as `Hidden`, and tests measure them.
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
from tf_recipes.knowledge import signatures

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
RECORDED = Path(signatures.__file__).with_name(signatures.FILE)
CONTRIB_OPT = "tf.contrib.opt.{}"
HEADER = "| TF1 | argument | TF1 default | Keras 3 | argument | Keras 3 default | page |"
# TF1's literal -> Keras' literals of the same meaning.
_SAME = {
    "tf.initializers.zeros()": ("'zeros'",),
    "tf.initializers.ones()": ("'ones'",),
    "tf.contrib.layers.xavier_initializer()": ("'glorot_uniform'",),
    # Keras' None means channels last, unless keras.json says otherwise.
    "'channels_last'": ("None",),
    **dict.fromkeys(("'NHWC'", "'NDHWC'", "'NWC'"), ("None", "'channels_last'")),
}


class Row(NamedTuple):
    """Holds a row of the table; every cell is Markdown."""

    tf1: str
    argument: str
    tf1_default: str
    keras: str
    keras_argument: str
    keras_default: str
    page: str


def recorded():
    """Returns the record of TF 1.15: `tensorflow`, `public` and `signatures`.

    A signature is `{argument: default as a literal}`, with None for an argument without default.
    """
    return json.loads(RECORDED.read_text())


def names():
    """Returns every TF1 name of `PAIRS`, sorted."""
    return sorted({name for pair in PAIRS for name in pair.names})


def recorded_names():
    """Returns every TF1 name whose signature is recorded, sorted."""
    return sorted({*names(), *map(CONTRIB_OPT.format, optimizers.CONTRIB_OPT)})


def contrib_optimizers():
    """Returns the table of the optimizers of `tf.contrib.opt`, in Markdown."""
    signatures = recorded()["signatures"]
    lines = ["| TF1 | arguments, with their defaults | in its place |", "|---|---|---|"]
    for name, place in optimizers.CONTRIB_OPT.items():
        tf1 = CONTRIB_OPT.format(name)
        arguments = ", ".join(
            f"`{argument}`" if default is None else f"`{argument}={default}`"
            for argument, default in signatures[tf1].items()
            if argument not in BOOKKEEPING
        )
        lines.append(f"| `{tf1}` | {arguments} | {place} |")
    return "\n".join(lines)


def table():
    """Returns the table in Markdown."""
    cells = (f"| {' | '.join(row)} |" for row in rows())
    return "\n".join([HEADER, "|---" * len(Row._fields) + "|", *cells])


def rows():
    """Returns every row, in the order of `PAIRS`."""
    signatures = recorded()["signatures"]
    return [row for pair in PAIRS for row in _rows_of(pair, signatures[pair.tf1])]


def _rows_of(pair, tf1):
    """Yields the rows of a pair; `tf1` is the recorded signature."""
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
    """Returns the row of two different defaults."""
    name = keras_argument.removeprefix("call.")
    arguments = keras_arguments(pair.keras)
    keras_name = _named(name, arguments) if keras_argument == name else f"`{name}` of the call"
    link = f"[{Path(pair.page).stem}]({pair.page})" if pair.page else ""
    tf1 = ", ".join(f"`{name}`" for name in pair.names)
    return Row(tf1, argument, default, f"`{pair.keras}`", keras_name, keras_default, link)


def _named(words, arguments):
    """Returns the name of an argument in code style, and other words unchanged."""
    return f"`{words}`" if words in arguments else words


def counterpart(pair, argument):
    """Returns Keras' name of TF1's argument, or None if Keras has no such argument.

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
    """Returns Keras' signature in the form of TF1's; a layer's call has arguments `call.NAME`."""
    function = functools.reduce(getattr, name.split(".")[1:], keras)
    arguments = _literals(function)
    if inspect.isclass(function) and hasattr(function, "call"):
        call = _literals(function.call)
        arguments |= {f"call.{each}": call[each] for each in call if each != "self"}
    return arguments


def _literals(function):
    """Returns `{argument: default as a literal}`; None for an argument without default."""
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {
        each.name: None if each.default is each.empty else repr(each.default)
        for each in inspect.signature(function).parameters.values()
        if each.kind not in variable
    }


def same(tf1, keras_default):
    """Returns whether two defaults, given as literals, mean the same."""
    if keras_default in _SAME.get(tf1, ()):
        return True
    try:
        left, right = (_plain(ast.literal_eval(each)) for each in (tf1, keras_default))
    except (ValueError, SyntaxError):  # the name of a function or an object
        return tf1 == keras_default
    return left == right and isinstance(left, bool) == isinstance(right, bool)


def _plain(value):
    """Removes differences of form from a value: case, and equal numbers for each axis."""
    if isinstance(value, str):
        return value.lower()
    if isinstance(value, (tuple, list)) and len(set(value)) == 1:
        return value[0]
    return value


def unexplained(pair, tf1):
    """Yields a line for every argument of TF1 or Keras that `pair` does not explain.

    Args:
        pair: a `Pair`.
        tf1: the recorded signature of one TF1 name of the pair.
    """
    hidden = {each.argument for each in pair.hidden} | {each.keras_argument for each in pair.hidden}
    explained = {*hidden, *pair.same, *pair.absent, *BOOKKEEPING}
    for argument, default in tf1.items():
        if default is not None and argument not in explained and not counterpart(pair, argument):
            yield f"{pair.tf1}: {argument}={default} has no counterpart in {pair.keras}"
    reached = {counterpart(pair, argument) for argument in tf1} | hidden
    reached |= {*BOOKKEEPING, *pair.unrelated}
    for argument, default in keras_arguments(pair.keras).items():
        if argument in reached or default is None or argument.startswith("call."):
            continue
        if default != "None" and not same(repr(NEUTRAL.get(argument)), default):
            yield f"{pair.tf1}: {pair.keras} has {argument}={default}, which nothing explains"
