"""Compares the predictions of a converted model with those of its TF1 graph."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tf_recipes.convert.lifting.graph_view import GraphView
from tf_recipes.graph.nodes import VARIABLES
from tf_recipes.parity.comparison import LIMIT, relative_drift

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


def compare(
    view: GraphView,
    model: keras.Model,
    values: Mapping[str, NDArray[Any]],
    inputs: Sequence[str],
    rows: Mapping[str, NDArray[Any]],
    settings: Mapping[str, Any],
    seed: int = 0,
) -> Predictions:
    """Computes the same rows with the graph and with the model.

    Args:
        view: the graph.
        model: the converted model.
        values: `{variable: value}` of the checkpoint.
        inputs: names of the tensors that the model takes, in its order.
        rows: `{tensor: array}` for those.
        settings: `{placeholder: value in evaluation}` of the others.
        seed: of the weights one ulp away.
    """
    random = np.random.RandomState(seed)
    with Forward(view, rows, settings) as forward:
        expected = forward(values)
        moved = [
            forward({name: _one_ulp_away(value, random) for name, value in values.items()})
            for _ in range(STARTS)
        ]
    given = [rows[name] for name in inputs]
    found = model(given if len(given) > 1 else given[0], training=False)
    predicted = [keras.ops.convert_to_numpy(each) for each in keras.tree.flatten(found)]
    drift, sensitivity = {}, {}
    for k, name in enumerate(view.outputs):
        epsilon = float(np.finfo(expected[k].dtype).eps) if expected[k].dtype.kind == "f" else 0.5
        drift[name] = float(relative_drift(predicted[k], expected[k]))
        own = [float(relative_drift(each[k], expected[k])) for each in moved]
        sensitivity[name] = max(epsilon, *own)
    return Predictions(drift, sensitivity)


def _one_ulp_away(value: NDArray[Any], random: np.random.RandomState) -> NDArray[Any]:
    if value.dtype.kind != "f":
        return value
    up = random.randint(2, size=value.shape).astype(bool)
    return np.asarray(np.where(up, np.nextafter(value, np.inf), np.nextafter(value, -np.inf)))


class Forward:
    """Runs the forward part of a graph; the variables are fed, so that nothing is restored.

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
            tf.graph_util.import_graph_def(view.definition, name="")
        self._session = tf.compat.v1.Session(graph=graph)
        self._feeds = dict(rows)
        for name, value in settings.items():
            self._feeds[name if ":" in name else f"{name}:0"] = value

        self._variables = [n for n in view.order if view.nodes[n].op in VARIABLES]
        self._assigned = {}
        with graph.as_default():
            for name in self._variables:
                if view.nodes[name].op == "VarHandleOp":
                    handle = graph.get_tensor_by_name(f"{name}:0")
                    new = tf.compat.v1.placeholder(view.nodes[name].attr["dtype"].type)
                    operation = tf.raw_ops.AssignVariableOp(resource=handle, value=new)
                    self._assigned[name] = operation, new

    def __enter__(self) -> Forward:
        return self

    def __exit__(self, *raised: object) -> None:
        self._session.close()

    def __call__(self, values: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        """Returns the outputs with these values of the variables."""
        feeds = dict(self._feeds)
        for name in self._variables:
            if self._view.nodes[name].op != "VarHandleOp":
                feeds[f"{name}:0"] = values[name]
        for name, (operation, new) in self._assigned.items():
            self._session.run(operation, {new: values[name]})
        found: list[NDArray[Any]] = self._session.run(self._view.outputs, feeds)
        return found
