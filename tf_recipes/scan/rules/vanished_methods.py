"""Finds methods and attributes of TF1's objects that the objects of TensorFlow 2 lack."""

import ast
from collections.abc import Iterator

from tf_recipes.scan.terms.findings import VANISHED
from tf_recipes.scan.terms.rule import Advice, Attributed, Rule

_LONGEST = 200  # characters of a call that is written out
ITERATORS = ("make_one_shot_iterator", "make_initializable_iterator")
# the arguments of Keras 2 that went with the generators
GENERATORS = {"fit_generator": "fit", "evaluate_generator": "evaluate"}
GENERATORS["predict_generator"] = "predict"
GENERATOR_ARGUMENTS = ("max_queue_size", "workers", "use_multiprocessing")
LEGACY = {"map_with_legacy_function": "map", "filter_with_legacy_function": "filter"}
SPECS = ("output_classes", "output_shapes", "output_types")
WITH_SESSION = ("eval", "run")


def check(seen: Attributed) -> Iterator[Advice]:
    """Yields advice on an attribute whose name, or whose call, only TF1 has."""
    name, owner = seen.node.attr, seen.object()
    if name in ITERATORS:
        yield Advice(
            f"Datasets of TensorFlow 2 lack {name}.",
            f"for batch in {owner}: ..., or keras.Model.fit({owner}, ...)",
        )
    elif name in GENERATORS:
        yield Advice(f"Models of Keras 3 lack {name}.", _fitted(seen, GENERATORS[name]))
    elif name in LEGACY:
        yield Advice(
            f"Datasets of TensorFlow 2 lack {name}.", f"{owner}.{LEGACY[name]}(...)", "names.md"
        )
    elif name in SPECS and owner not in ("self", "cls"):
        yield Advice(f"Datasets of TensorFlow 2 lack {name}.", f"{owner}.element_spec")
    elif name == "experimental_run_v2":
        yield Advice(f"Strategies of TensorFlow 2 lack {name}.", f"{owner}.run(...)")
    elif name == "value" and _is_dimension(seen.node.value):
        yield Advice(
            "An axis of a shape is a number in TensorFlow 2, without value.", _dimension(seen.node)
        )
    elif name in WITH_SESSION and _runs_in_session(seen):
        yield Advice(
            f"{name} of a tensor or an operation needs a session, which TensorFlow 2 lacks.",
            "the value of an eager tensor: .numpy(); a training step: keras.Model.fit",
            "sessions.md",
        )


def _fitted(seen: Attributed, method: str) -> str:
    """Returns the call of Keras 3 in the place of one of a generator."""
    short = f"{seen.object()}.{method}(...)"
    if seen.call is None:
        return short
    kept = [each for each in seen.call.keywords if each.arg not in GENERATOR_ARGUMENTS]
    arguments = [*seen.call.args[:1], *kept] if len(seen.call.args) < 2 else None
    if arguments is None:  # other positions than those of fit
        return short
    renamed = {"generator": "x", "val_samples": "validation_steps", "nb_epoch": "epochs"}
    texts = [
        f"{renamed.get(each.arg or '', each.arg)}={ast.unparse(each.value)}"
        if isinstance(each, ast.keyword) and each.arg
        else ast.unparse(each)
        for each in arguments
    ]
    text = f"{seen.object()}.{method}({', '.join(texts)})"
    return text if len(text) <= _LONGEST else short


def _is_dimension(node: ast.expr) -> bool:
    """Returns whether an expression is an item of a shape: `x.shape[1]`, `x.get_shape()[1]`."""
    if not isinstance(node, ast.Subscript):
        return False
    shape = node.value
    if isinstance(shape, ast.Call):
        function = shape.func
        return isinstance(function, ast.Attribute) and function.attr == "get_shape"
    return isinstance(shape, ast.Attribute) and shape.attr == "shape"


def _dimension(node: ast.Attribute) -> str:
    """Returns `x.shape[1]` for `x.get_shape()[1].value`."""
    item = node.value
    assert isinstance(item, ast.Subscript)  # a dimension
    shape = item.value
    if isinstance(shape, ast.Call) and isinstance(shape.func, ast.Attribute):
        shape = shape.func.value
    elif isinstance(shape, ast.Attribute):
        shape = shape.value
    return f"{ast.unparse(shape)}.shape[{ast.unparse(item.slice)}]"


def _runs_in_session(seen: Attributed) -> bool:
    """Returns whether a call is `tensor.eval` or `operation.run`, not `session.run(tensor)`."""
    call = seen.call
    if call is None or (seen.node.attr == "run" and call.args):
        return False
    return seen.gives("feed_dict", "session")


RULE = Rule(
    code="TFR005",
    name="vanished-method",
    severity=VANISHED,
    page="sessions.md",
    summary="A method or an attribute that objects of TensorFlow 2 and Keras 3 lack.",
    before=(
        "import tensorflow as tf\n"
        "s = tf.Session()\n"
        "batch = dataset.make_one_shot_iterator().get_next()\n"
    ),
    after="import tensorflow as tf\nfor batch in dataset:\n    pass\n",
    attributes=frozenset(
        [*ITERATORS, *GENERATORS, *LEGACY, *SPECS, *WITH_SESSION, "experimental_run_v2", "value"]
    ),
    attribute=check,
)
