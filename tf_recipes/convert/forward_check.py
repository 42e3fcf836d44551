"""Compares the predictions of a converted model with those of its TF1 graph."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tf_recipes.convert.lifting.graph_view import GraphView
from tf_recipes.graph import neighbours, node_graph
from tf_recipes.graph.nodes import VARIABLES, full, node_of
from tf_recipes.graph.structure import WRITES
from tf_recipes.graph.tf1_server import as_written
from tf_recipes.parity.comparison import LIMIT, relative_drift
from tf_recipes.verify.bench import keras_forward

STARTS = 8  # weights one ulp away, over which the drift of the graph from itself is taken


@dataclasses.dataclass(frozen=True)
class Predictions:
    """Holds how far each output of a model is from TF1's.

    `drift` is `{tensor: distance}`, relative to the largest entries, and `sensitivity` that of the
    graph from itself with weights one ulp away.
    """

    drift: Mapping[str, float]
    sensitivity: Mapping[str, float]

    @property
    def ratios(self) -> dict[str, float]:
        """Returns `{tensor: drift in units of the sensitivity}`."""
        return {name: drift / self.sensitivity[name] for name, drift in self.drift.items()}

    @property
    def passed(self) -> bool:
        """Returns whether every ratio is at most 10, the limit of a verification."""
        return all(ratio <= LIMIT for ratio in self.ratios.values())


@dataclasses.dataclass(frozen=True)
class Expected:
    """Holds what a graph predicts: `values` and `sensitivity`, each `{tensor: …}`."""

    values: Mapping[str, NDArray[Any]]
    sensitivity: Mapping[str, float]


def expected(
    view: GraphView,
    values: Mapping[str, NDArray[Any]],
    rows: Mapping[str, NDArray[Any]],
    settings: Mapping[str, Any],
    seed: int = 0,
) -> Expected:
    """Computes rows with the graph, also with weights one ulp away.

    Args:
        view: the graph.
        values: `{variable: value}` of the checkpoint.
        rows: `{tensor: array}` of the model's inputs.
        settings: `{placeholder: value in evaluation}` of the others.
        seed: of the weights one ulp away.
    """
    random = np.random.RandomState(seed)
    with Forward(view, rows, settings) as forward:
        outputs = forward(values.__getitem__)
        largest = [
            float(np.finfo(each.dtype).eps) if each.dtype.kind == "f" else 0.5 for each in outputs
        ]
        for _ in range(STARTS):
            moved = forward(lambda name: _one_ulp_away(values[name], random))
            drifts = map(relative_drift, moved, outputs)
            largest = [max(pair) for pair in zip(largest, map(float, drifts), strict=True)]
    return Expected(
        dict(zip(view.outputs, outputs, strict=True)), dict(zip(view.outputs, largest, strict=True))
    )


def compare(
    of_graph: Expected,
    model: keras.Model,
    inputs: Sequence[str],
    rows: Mapping[str, NDArray[Any]],
) -> Predictions:
    """Computes the same rows with the model.

    Args:
        of_graph: what the graph predicts.
        model: the converted model.
        inputs: names of the tensors that the model takes, in its order.
        rows: `{tensor: array}` for those.
    """
    given = [rows[name] for name in inputs]
    with keras_forward.without_noise(model):
        found = model(given if len(given) > 1 else given[0], training=False)
    predicted = [keras.ops.convert_to_numpy(each) for each in keras.tree.flatten(found)]
    pairs = zip(of_graph.values.items(), predicted, strict=True)
    drift = {name: float(relative_drift(each, expected)) for (name, expected), each in pairs}
    return Predictions(drift, of_graph.sensitivity)


def _one_ulp_away(value: NDArray[Any], random: np.random.RandomState) -> NDArray[Any]:
    """Returns a value with each entry moved to a neighbouring number, away from zero or to it."""

    def up(part: NDArray[Any]) -> NDArray[np.bool_]:
        bits = np.frombuffer(random.bytes(part.size // 8 + 1), np.uint8)
        away = np.unpackbits(bits, count=part.size).astype(bool)
        return np.asarray(away == (part >= 0))

    return neighbours.ulps_away(value, up)


def _without_updates(definition: Any) -> Any:
    """Returns a graph in which nothing waits for what changes a variable: predictions change none.

    Batch norm can move its averages wherever it is computed.
    """
    nodes = {node.name: node for node in definition.node}
    users: dict[str, list[str]] = {}
    for node in nodes.values():
        for each in node.input:
            users.setdefault(node_of(each), []).append(node.name)
    writes = [name for name, node in nodes.items() if WRITES.match(node.op)]
    if not writes:
        return definition
    late = node_graph.reached(writes, lambda name: users.get(name, []))
    part = tf.compat.v1.GraphDef()
    part.CopyFrom(definition)
    for node in part.node:
        kept = [e for e in node.input if not (e.startswith("^") and node_of(e) in late)]
        del node.input[:]
        node.input.extend(kept)
    return part


class Forward:
    """Runs the forward part of a graph; nothing is restored, the variables are given their values.

    Args:
        view: the graph.
        rows: `{tensor: array}` of the inputs.
        settings: `{placeholder: value}` of the others.
    """

    def __init__(
        self, view: GraphView, rows: Mapping[str, NDArray[Any]], settings: Mapping[str, Any]
    ) -> None:
        self._view = view
        graph = tf.Graph()
        with graph.as_default():
            tf.graph_util.import_graph_def(_without_updates(view.definition), name="")
        self._session = tf.compat.v1.Session(graph=graph, config=as_written())
        self._feeds = dict(rows)
        for name, value in settings.items():
            self._feeds[full(name)] = value

        self._normal = [
            full(name)
            for name in view.order
            if view.op(name) == "RandomStandardNormal" and not view.is_input(name)
        ]
        self._assigned = {}
        with graph.as_default():
            for name in view.order:
                if view.nodes[name].op in VARIABLES and not view.is_input(name):
                    new = tf.compat.v1.placeholder(view.nodes[name].attr["dtype"].type)
                    self._assigned[name] = self._assignment(graph, name, new), new

    def _assignment(self, graph: tf.Graph, name: str, value: tf.Tensor) -> Any:
        """Returns the operation that gives a variable another value."""
        variable = graph.get_tensor_by_name(f"{name}:0")
        if self._view.nodes[name].op == "VarHandleOp":
            return tf.raw_ops.AssignVariableOp(resource=variable, value=value)
        return tf.raw_ops.Assign(ref=variable, value=value, validate_shape=False).op

    def __enter__(self) -> Forward:
        return self

    def __exit__(self, *raised: object) -> None:
        self._session.close()

    def __call__(self, value_of: Callable[[str], NDArray[Any]]) -> list[NDArray[Any]]:
        """Returns the outputs with the values that a function gives for the variables' names."""
        for name, (operation, new) in self._assigned.items():
            self._session.run(operation, {new: value_of(name)})
        for name in self._normal:  # without the noise, which no seed can repeat
            # in a branch that is not taken, or in a loop, it has no value
            with contextlib.suppress(tf.errors.InvalidArgumentError, ValueError):
                self._feeds[name] = np.zeros_like(self._session.run(name, self._feeds))
        self._normal = []
        found: list[NDArray[Any]] = self._session.run(self._view.outputs, self._feeds)
        return found
