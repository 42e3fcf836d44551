"""Lifts the loss of a TF1 graph to a function of `keras.ops`, where Keras has no such loss."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.convert.lifting.graph_view import GraphView, unknown_operations
from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.step_builder import LiftError
from tf_recipes.convert.lifting.values import Constant, Value
from tf_recipes.convert.program.expressions import Made, Named, identifier
from tf_recipes.convert.program.function_code import DECORATOR, FunctionCode, executed, function
from tf_recipes.convert.training.loss_graph import CLOSE, LossGraph, Trial
from tf_recipes.graph.nodes import full, node_of

NAME = "loss"
CLASS = "TrainedModel"
_PARTS = ("BiasAdd", "MatMul", "Relu", "Softmax", "Sigmoid", "Tanh", "add", "Identity")
ROUGH = 0.1  # the largest relative difference where roundings are all that is left
_PASSES = ("Identity", "CheckNumerics")
_SUMS = ("Add", "AddV2", "AddN")


def stops_gradients(graph: LossGraph) -> bool:
    """Returns whether the loss stops a gradient that would reach the outputs."""
    structure, nodes = graph.structure, graph.probe.nodes
    after = structure.descendants([node_of(name) for name in graph.outputs], nodes)
    return any(structure.nodes[name].op == "StopGradient" for name in after & nodes)


def write(graph: LossGraph, trials: Sequence[Trial]) -> tuple[list[str], Named | Made]:
    """Returns the source code of the loss and of what it calls, and the loss as an expression.

    Args:
        graph: the `LossGraph`, with one output and one label.
        trials: outputs and labels with the loss of the graph, to compare the function with.

    Raises:
        ValueError: if an operation of the loss has no counterpart, or the function differs.
    """
    output, label = graph.outputs[0], graph.labels[0]
    lines, copies = _body(graph, [output, label], ["y_pred", "y_true"])
    lines = [*_as_in_tf1(graph), *lines]
    source = function(NAME, ("y_true", "y_pred"), "Returns the loss of a batch.", lines, DECORATOR)
    computed = executed("\n\n".join([*copies, source]))[NAME]

    def value(trial: Trial) -> Any:
        y_true, y_pred = (
            keras.ops.convert_to_tensor(each)
            for each in (trial.labels[0].astype(trial.outputs[0].dtype), trial.outputs[0])
        )
        return computed(y_true, y_pred)

    _check(graph, value, trials)
    if graph.dtype(output) == "float64":
        return [*copies, _class_in_float64(lines)], Made(f"Float64{NAME.title()}")
    return [*copies, source], Named(NAME)


def write_class(graph: LossGraph, trials: Sequence[Trial]) -> list[str]:
    """Returns the source code of a model class that computes the loss, and of what it calls.

    Args:
        graph: the `LossGraph`, with any number of outputs and labels.
        trials: as for `write`.

    Raises:
        ValueError: as for `write`.
    """
    taken: list[str] = []
    unpacked = [
        *_unpacked(graph, "y", graph.labels, taken),
        *_unpacked(graph, "y_pred", graph.all_outputs, taken, graph.outputs),
        *_of_inputs(graph, taken),
    ]
    tensors = [*graph.labels, *graph.outputs, *graph.inputs]
    body, copies = _body(graph, tensors, taken)
    if graph.weights:
        body[-1:] = _with_penalties(body[-1])
    lines = [
        DECORATOR,
        f"class {CLASS}(keras.Model):",
        '    """Trains by one loss of all outputs and labels."""',
        "",
        "    def compute_loss(",
        "        self, x=None, y=None, y_pred=None, sample_weight=None, training=True",
        "    ):",
        '        """Returns the loss of a batch."""',
        *(f"        {line}" for line in (*unpacked, *body)),
    ]
    source = "\n".join(lines)
    computed = executed("\n\n".join([*copies, source]))[CLASS].compute_loss
    alone = types.SimpleNamespace(losses=[])  # a model without penalties

    def value(trial: Trial) -> Any:
        labels = [keras.ops.convert_to_tensor(each) for each in trial.labels]
        given = dict(zip(graph.outputs, trial.outputs, strict=True))
        outputs = [keras.ops.convert_to_tensor(given.get(each, 0.0)) for each in graph.all_outputs]
        inputs: list[Any] = [None] * len(graph.view.given)
        for name, each in zip(graph.inputs, trial.inputs, strict=True):
            inputs[graph.view.given.index(name)] = keras.ops.convert_to_tensor(each)
        one = [each[0] if len(each) == 1 else each for each in (inputs, labels, outputs)]
        return computed(alone, *one)

    _check(graph, value, trials)
    return [*copies, source]


def _unpacked(
    graph: LossGraph,
    argument: str,
    tensors: Sequence[str],
    taken: list[str],
    used: Sequence[str] | None = None,
) -> list[str]:
    """Returns the line that names the tensors of an argument, and adds the names to those taken.

    Args:
        graph: the `LossGraph`.
        argument: the name of the argument.
        tensors: the tensors in it.
        taken: the names that are taken.
        used: those of the tensors that get a name; None for all.
    """
    if len(tensors) == 1:
        taken.append(argument)
        return []
    found = iter(_names(graph, tensors if used is None else used, taken))
    names = [next(found) if used is None or each in used else "_" for each in tensors]
    return [f"{', '.join(names)} = {argument}"] if names else []


def _of_inputs(graph: LossGraph, taken: list[str]) -> list[str]:
    """Returns the lines that name the inputs of the model that the loss takes, too."""
    if len(graph.view.given) == 1 and graph.inputs:
        taken.append("x")
        return []
    names = _names(graph, graph.inputs, taken)
    places = [graph.view.given.index(name) for name in graph.inputs]
    return [f"{name} = x[{place}]" for name, place in zip(names, places, strict=True)]


def _names(graph: LossGraph, tensors: Sequence[str], taken: list[str]) -> list[str]:
    """Returns identifiers of tensors, and adds them to those taken: short ones if they differ."""
    of = graph.structure.variable_of
    paths = [
        [p for p in (of(node_of(t)) or node_of(t)).split("/") if p not in _PARTS] or [t]
        for t in tensors
    ]
    names = [identifier(path[-1]) for path in paths]
    if len(set(names)) < len(names):
        names = [identifier("_".join(path)) for path in paths]
    found = []
    for name in names:
        free = name
        while free in (*taken, "x", "y", "y_pred", "self", "sample_weight", "training"):
            free = f"{free}_"
        found.append(free)
        taken.append(free)
    return found


def _with_penalties(last: str) -> list[str]:
    return [f"{NAME} = {last.removeprefix('return ')}", f"return {NAME} + sum(self.losses)"]


def _body(
    graph: LossGraph, tensors: Sequence[str], names: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Returns the lines that compute the loss, and the source code of what they call.

    Args:
        graph: the `LossGraph`.
        tensors: the tensors that the loss is computed from.
        names: their names in the code.
    """
    tensor = _without_penalties(graph)
    view = GraphView(graph.structure.graph, [tensor], tensors)
    placeholders: dict[str, Value] = {
        node_of(name): Constant(np.asarray(value))
        for name, value in graph.fed.items()
        if node_of(name) in view.nodes
    }
    placeholders |= {
        name: Constant(np.zeros((), view.dtype(name)))
        for name in _penalties(graph)
        if name in view.nodes
    }
    try:
        lifter = Lifter(view, placeholders, tensors, trained=graph.outputs)
        for alias, output in graph.aliases.items():
            lifter.give(alias, lifter.value(output), "input")
        lifted = lifter.lift()
        code = FunctionCode(lifted.program, lifted.inputs, lifted.outputs[0], names)
        lines = code.body()
    except LiftError as error:
        found = unknown_operations([(each.op, each.node) for each in error.unknown])
        return _refuse(graph, found)
    except ValueError as error:
        return _refuse(graph, f"the layer {error}")
    if view.rank(tensor) != 0:  # gradients of several numbers are those of their sum
        total = f"keras.ops.sum({lines[-1].removeprefix('return ')})"
        lines[-1] = f"return {total}"
    return lines, code.copies()


def _class_in_float64(lines: Sequence[str]) -> str:
    """Returns the source code of a loss class, since functions get labels in float32."""
    given = [
        DECORATOR,
        f"class Float64{NAME.title()}(keras.losses.Loss):",
        '    """Computes the loss of a batch in float64."""',
        "",
        "    def __init__(self, **kwargs):",
        '        super().__init__(**{**kwargs, "dtype": "float64"})',
        "",
        "    def call(self, y_true, y_pred):",
        *(f"        {line}" for line in lines if "keras.ops.reshape(y_" not in line),
    ]
    return "\n".join(given)


def in_float64(path: str) -> str:
    """Returns the source code of a loss class that computes in float64, also in a loaded model."""
    name = path.rpartition(".")[2]
    lines = [
        DECORATOR,
        f"class Float64{name}({path}):",
        f'    """Computes `{name}` in float64."""',
        "",
        "    def __init__(self, **kwargs):",
        '        super().__init__(**{**kwargs, "dtype": "float64"})',
    ]
    return "\n".join(lines)


def _as_in_tf1(graph: LossGraph) -> list[str]:
    """Returns the lines that undo what Keras does to labels and outputs before a loss."""
    output, label = graph.outputs[0], graph.labels[0]
    outputs, labels, dtype = graph.shape(output), graph.shape(label), graph.dtype(label)
    lines = []
    if outputs is not None and labels is not None:
        if len(labels) == 1 and len(outputs) == 2 and outputs[-1] == 1:
            lines.append("y_true = keras.ops.reshape(y_true, (-1,))")
        if len(outputs) == 1 and len(labels) == 2 and labels[-1] == 1:
            lines.append("y_pred = keras.ops.reshape(y_pred, (-1,))")
    if np.dtype(dtype).kind != "f":
        lines.append(f'y_true = keras.ops.cast(y_true, "{dtype}")')
    return lines


def _without_penalties(graph: LossGraph) -> str:
    """Returns the part of the loss that outputs and labels reach, without penalties."""
    structure = graph.structure
    given = [node_of(name) for name in (*graph.outputs, *graph.labels, *graph.inputs)]
    reached = structure.descendants(given, graph.probe.nodes | set(given))
    tensor = structure.loss
    while True:
        node = structure.nodes[node_of(tensor)]
        data = [full(each) for each in node.input if not each.startswith("^")]
        if node.op in _PASSES:
            tensor = data[0]
            continue
        parts = [each for each in data if node_of(each) in reached]
        if node.op not in _SUMS or len(parts) != 1 or not graph.weights:
            return tensor
        tensor = parts[0]


def _penalties(graph: LossGraph) -> set[str]:
    """Returns the scalars that are added to the loss and are computed of weights alone."""
    structure, nodes = graph.structure, graph.probe.nodes
    given = [node_of(name) for name in (*graph.outputs, *graph.labels, *graph.inputs)]
    reached = structure.descendants(given, nodes | set(given))
    reads = {n for v in graph.weights for n in graph.probe.reads_of(v)}
    of_weights = structure.descendants(reads, nodes) - reached
    return {
        node_of(each)
        for name in reached & nodes
        if structure.nodes[name].op in _SUMS
        for each in structure.nodes[name].input
        if node_of(each) in of_weights
    }


def _check(graph: LossGraph, value: Callable[[Trial], Any], trials: Sequence[Trial]) -> None:
    """Checks that the written code gives the numbers of the graph."""
    for trial in trials:
        got = float(np.asarray(keras.ops.convert_to_numpy(value(trial))))
        # of large outputs, functions such as log(1 - sigmoid(x)) are roundings
        close = CLOSE if trial.size <= 1 else ROUGH
        if not abs(got - trial.loss) <= close * max(abs(trial.loss), 1e-6):
            _refuse(graph, f"a function that gives {got:.6g} in place of {trial.loss:.6g}")
    if not trials:
        _refuse(graph, "a loss that is not finite for any outputs")


def _refuse(graph: LossGraph, received: str) -> Any:
    return validation.fail(
        "The loss must be one of Keras, or consist of operations that the converter knows.",
        f"{received}, in the loss {shortened(graph.structure.loss, 80)!r} of "
        f"{graph.structure.graph.source!r}",
        "Convert for predictions alone with inference=True.",
    )
