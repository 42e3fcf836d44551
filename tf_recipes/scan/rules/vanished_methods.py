"""Finds methods and attributes of TF1's objects that the objects of TensorFlow 2 lack."""

import ast
from collections.abc import Iterator

from tf_recipes.scan.terms.findings import VANISHED
from tf_recipes.scan.terms.rule import Advice, Attributed, Rule
from tf_recipes.scan.terms.shape_code import is_dimension
from tf_recipes.scan.terms.unparsing import unparsed

_LONGEST = 200  # characters of a call that is written out
ITERATORS = ("make_one_shot_iterator", "make_initializable_iterator")
# the arguments of Keras 2 that went with the generators
GENERATORS = {"fit_generator": "fit", "evaluate_generator": "evaluate"}
GENERATORS["predict_generator"] = "predict"
GENERATOR_ARGUMENTS = ("max_queue_size", "workers", "use_multiprocessing")
LEGACY = {"map_with_legacy_function": "map", "filter_with_legacy_function": "filter"}
SPECS = ("output_classes", "output_shapes", "output_types")
WITH_SESSION = ("eval", "run")
APPLIED, PARSED = "apply_gradients", "_parse_flags"
OF_OPERATIONS = ("name", "type", "inputs", "outputs")  # of `x.op`


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
    elif name == "value" and is_dimension(seen.node.value):
        yield Advice(
            "An axis of a shape is a number in TensorFlow 2, without value.", _dimension(seen.node)
        )
    elif name == PARSED and seen.call is not None:
        yield Advice(
            "Flags have had no _parse_flags since TensorFlow 1.5.",
            f"{owner}(sys.argv), where absl.app.run does not parse them",
            "names.md",
        )
    elif name == APPLIED and seen.gives("global_step"):
        yield _counted(seen)
    elif name in OF_OPERATIONS and _is_operation(seen.node.value):
        yield Advice(
            "The op of a tensor or a variable raises an error without a graph.",
            "a name that the code gives, such as that of the layer",
            "sessions.md",
        )
    elif name == "load" and _is_loaded(seen):
        yield Advice("load of a variable needs a session.", f"{owner}.assign(...)", "sessions.md")
    elif name in WITH_SESSION and _runs_in_session(seen):
        yield Advice(
            f"{name} of a tensor or an operation needs a session, which TensorFlow 2 lacks.",
            "the value of an eager tensor: .numpy(); a training step: keras.Model.fit",
            "sessions.md",
        )


def _counted(seen: Attributed) -> Advice:
    """Returns advice on an optimizer that is told the step, which Keras' count themselves."""
    given = seen.call.args[0] if seen.call is not None and seen.call.args else None
    pairs = "grads_and_vars" if given is None else unparsed(given)
    return Advice(
        "apply_gradients of Keras 3 has no argument global_step: its optimizers count the steps "
        "in iterations.",
        f"{seen.object()}.apply_gradients({pairs})",
        "recipes/optimizers.md",
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
        f"{renamed.get(each.arg or '', each.arg)}={unparsed(each.value)}"
        if isinstance(each, ast.keyword) and each.arg
        else unparsed(each)  # type: ignore[arg-type]
        for each in arguments
    ]
    text = f"{seen.object()}.{method}({', '.join(texts)})"
    return text if len(text) <= _LONGEST else short


def _dimension(node: ast.Attribute) -> str:
    """Returns `x.shape[1]` for `x.get_shape()[1].value`."""
    item = node.value
    assert isinstance(item, ast.Subscript)  # a dimension
    shape = item.value
    if isinstance(shape, ast.Call) and isinstance(shape.func, ast.Attribute):
        shape = shape.func.value
    elif isinstance(shape, ast.Attribute):
        shape = shape.value
    return f"{unparsed(shape)}.shape[{unparsed(item.slice)}]"


def _is_operation(node: ast.expr) -> bool:
    """Returns whether an expression is `x.op`."""
    return isinstance(node, ast.Attribute) and node.attr == "op"


def _is_loaded(seen: Attributed) -> bool:
    """Returns whether a call is `variable.load(value, session)`."""
    call = seen.call
    return call is not None and len([*call.args, *call.keywords]) == 2 and seen.is_made()


def _runs_in_session(seen: Attributed) -> bool:
    """Returns whether a call is `tensor.eval` or `operation.run`, not `session.run(tensor)`."""
    call = seen.call
    if call is None:
        return False
    if seen.node.attr == "run" and call.args:  # the feeds of an operation, or fetches of a session
        return isinstance(call.args[0], ast.Dict) and not call.keywords and seen.is_made()
    return seen.gives("feed_dict", "session") or (not call.keywords and seen.is_made())


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
        ["experimental_run_v2", "load", "value", *ITERATORS, *GENERATORS, *LEGACY, *SPECS]
    ).union([APPLIED, PARSED, *WITH_SESSION, *OF_OPERATIONS]),
    attribute=check,
)
