"""Finds methods of TF1's sessions, optimizers, cells, layers, savers and writers."""

import ast
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tf_recipes.knowledge import symbols
from tf_recipes.scan.terms.findings import VANISHED
from tf_recipes.scan.terms.rule import Advice, Attributed, Rule


class _Kind(NamedTuple):
    """Holds the objects of some classes: what makes them, and what to write for each method.

    `named` matches the names that people give such an object where another part of the program
    makes it; None where a name says too little.
    """

    words: str
    makers: re.Pattern[str]
    named: re.Pattern[str] | None
    methods: Mapping[str, str]
    page: str


_TRAINED = "a training step: keras.Model.fit; a value: the tensor itself, which is eager"
_VARIABLES = "optimizer.variables"
KINDS = (
    _Kind(
        "Sessions",
        re.compile(r"tf\.([\w.]*\.)?\w*[Ss]ession"),  # get_default_session, too
        re.compile(r"_?(\w+_)?sess(ion)?", re.IGNORECASE),
        {"run": _TRAINED, "partial_run": _TRAINED, "make_callable": "tf.function(...)"},
        "sessions.md",
    ),
    _Kind(
        "Optimizers of TF1",
        re.compile(r"tf\.(train|contrib\.opt)\.\w*(Optimizer|Adam|Adagrad|RMSProp)\w*"),
        re.compile(r"_?(\w+_)?opt(im(izer)?)?(_\w+)?", re.IGNORECASE),
        {
            "minimize": "keras.Model.compile(optimizer, loss), then keras.Model.fit(x, y)",
            "compute_gradients": (
                "with tf.GradientTape() as tape: loss = ...; then tape.gradient(loss, variables)"
            ),
            "get_slot": _VARIABLES,
            "get_slot_names": _VARIABLES,
        },
        "recipes/optimizers.md",
    ),
    _Kind(
        "Cells of TF1",
        re.compile(r"tf\.(nn\.rnn_cell|contrib\.rnn)\.\w*Cell"),
        None,
        {"zero_state": "cell.get_initial_state(batch_size=...)"},
        "names.md",
    ),
    _Kind(
        "Layers of tf.layers",
        re.compile(r"tf\.layers\.[A-Z]\w*"),
        None,
        {"apply": "the call of the layer: layer(inputs)"},
        "names.md",
    ),
    _Kind(
        "Savers",
        re.compile(r"tf\.train\.Saver"),
        re.compile(r"_?(\w+_)?saver", re.IGNORECASE),
        {
            "save": 'model.save("model.keras"), or keras.callbacks.ModelCheckpoint(...)',
            "restore": (
                'keras.saving.load_model("model.keras"); for a checkpoint of TF1: '
                "tf-recipes convert"
            ),
        },
        "convert.md",
    ),
    _Kind(
        "Writers of TF1",
        re.compile(r"tf\.(summary\.FileWriter|train\.SummaryWriter)"),
        re.compile(r"_?(\w+_)?writer", re.IGNORECASE),
        {
            "add_summary": "with writer.as_default(): tf.summary.scalar(name, value, step=...)",
            "add_graph": "keras.callbacks.TensorBoard(log_dir, write_graph=True)",
        },
        "training.md",
    ),
)
_OF_MINIMIZE = frozenset(
    [
        "aggregation_method",
        "colocate_gradients_with_ops",
        "gate_gradients",
        "global_step",
        "grad_loss",
        "loss",
        "name",
        "var_list",
    ]
)
_BY_METHOD = {method: kind for kind in KINDS for method in kind.methods}


def check(seen: Attributed) -> Iterator[Advice]:
    """Yields advice on a method of an object that a class of TF1 made."""
    name = seen.node.attr
    kind = _BY_METHOD[name]
    if seen.call is not None and _is_of(kind, seen):
        yield Advice(
            f"{kind.words} have vanished, with their {name}.", kind.methods[name], kind.page
        )


def _is_of(kind: _Kind, seen: Attributed) -> bool:
    """Returns whether an object is of these classes, by what makes it or by its name."""
    made = seen.makers()
    if made:
        return all(kind.makers.fullmatch(symbols.canonical(each)) for each in made)
    if kind.named is None or (seen.node.attr == "minimize" and not _is_of_a_loss(seen)):
        return False
    value = seen.node.value
    if isinstance(value, ast.Attribute):
        return kind.named.fullmatch(value.attr) is not None
    return isinstance(value, ast.Name) and kind.named.fullmatch(value.id) is not None


def _is_of_a_loss(seen: Attributed) -> bool:
    """Returns whether a call may be `optimizer.minimize(loss, ...)`: SciPy's takes a start, too."""
    assert seen.call is not None  # asked by `check` alone, of calls
    keywords = {each.arg for each in seen.call.keywords}
    return len(seen.call.args) <= 1 and keywords <= _OF_MINIMIZE


RULE = Rule(
    code="TFR008",
    name="method-of-a-vanished-class",
    severity=VANISHED,
    page="sessions.md",
    summary="A method of a session, an optimizer, a cell, a layer, a saver or a writer of TF1.",
    before=(
        "import tensorflow as tf\n"
        "step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)\n"
        "with tf.Session() as session:\n"
        "    session.run(step)\n"
    ),
    after=(
        "import keras\n"
        "model = keras.Sequential([keras.layers.Dense(1)])\n"
        'model.compile(keras.optimizers.SGD(0.1), "mse")\n'
        "model.fit(x, y)\n"
    ),
    attributes=frozenset(_BY_METHOD),
    attribute=check,
)
