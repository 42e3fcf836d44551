"""Finds how a TF1 graph trains, as what a Keras model is compiled with, and restores the state."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.convert.lifting.graph_view import GraphView
from tf_recipes.convert.lifting.lifter import Lifted
from tf_recipes.convert.program.expressions import Layer, made
from tf_recipes.convert.program.keras_program import identity
from tf_recipes.convert.training import (
    constraints,
    layer_keywords,
    loss_code,
    optimizer,
    weight_changes,
)
from tf_recipes.convert.training.graph_probe import first_value
from tf_recipes.graph.joined_values import JoinedValues
from tf_recipes.graph.nodes import full
from tf_recipes.graph.structure import Structure

Array = NDArray[Any]
_ADDS = re.compile(r"AssignAdd(VariableOp)?$")


@dataclasses.dataclass(frozen=True)
class Training:
    """Holds what a model is compiled with, and where the state of the optimizer comes from.

    Attributes:
        compiled: the keyword arguments of `compile`, as expressions.
        keywords: `{identity of a layer: {keyword: value}}`, the regularizers and such.
        functions: the source code of functions and classes that `compiled` names.
        labels: the tensors of the labels, in the order of the model's outputs.
        sample_weight: the tensor of the weights of the rows, or None.
        counter: the variable that counts the steps, or None.
        averages: the moving averages of the weights, or None.
        model_class: the class of a model that computes its loss by itself, or nothing.
    """

    compiled: Mapping[str, Any]
    keywords: Mapping[Any, Mapping[str, Any]]
    functions: Sequence[str]
    labels: Sequence[str]
    sample_weight: str | None
    counter: str | None
    averages: weight_changes.Averages | None
    model_class: str = ""


def find(
    structure: Structure,
    view: GraphView,
    lifted: Lifted,
    values: Mapping[str, Array],
    feed: Mapping[str, Any] | None = None,
) -> Training:
    """Finds how a graph trains.

    Args:
        structure: the `Structure` of the graph, which has found the training step and the loss.
        view: the forward pass whose outputs the model has.
        lifted: the program that the forward pass became.
        values: `{variable: value}` in the checkpoint, slots and counters included.
        feed: `{placeholder: value}` in training, such as a share to keep or a learning rate.

    Raises:
        ValueError: if Keras cannot train as the graph does.
    """
    if lifted.program.joined:
        whole = ", ".join(repr(shortened(name, 60)) for name in [*lifted.program.joined][:4])
        validation.fail(
            "The variables of a graph that trains must be whole.",
            f"variables in parts for {whole}",
            "Convert for predictions alone with inference=True; the model then has whole weights.",
        )
    fed = {full(name): value for name, value in (feed or {}).items()}
    values = _with_initial(structure, values)
    shapes = {name: np.shape(value) for name, value in values.items()}
    steps = lifted.program.live(lifted.outputs)
    layers: dict[Any, Layer] = {identity(s.layer): s.layer for s in steps if s.layer is not None}
    owned = {name for layer in layers.values() for name in layer.variables}
    loss_code.check_not_sampled(structure)
    weight_changes.check_rows(structure)
    found = loss_code.find(structure, view, values, fed)
    decays = {n: d for n, d in weight_changes.decays(structure, shapes).items() if n in owned}
    decay = _decay(structure, decays, owned)
    used = optimizer.find(structure, values, fed, [*layers.values()], decay)
    constrained = constraints.find(structure, shapes)
    keywords = layer_keywords.find(
        layers.values(), structure.trainable, found.penalties, constrained, structure.written
    )
    averages = weight_changes.averages(structure, values)
    made_optimizer = used.expression
    if averages is not None:
        counts = {"num_updates": "iterations"} if averages.counts else {}
        made_optimizer = made(
            "tf_recipes.ExponentialMovingAverage", made_optimizer, decay=averages.decay, **counts
        )
    compiled = {"optimizer": made_optimizer}
    if found.expression is not None:
        compiled["loss"] = found.expression
    if found.weights is not None:
        compiled["loss_weights"] = found.weights
    return Training(
        compiled,
        keywords,
        [*found.functions, *used.functions],
        found.labels,
        found.sample_weight,
        used.counter or _counter(structure, values),
        averages,
        found.model_class,
    )


def _counter(structure: Structure, values: Mapping[str, Array]) -> str | None:
    """Returns the variable that the step makes larger by one, where there is one alone."""
    found = []
    for _, variable, tensor in weight_changes.writes(structure, _ADDS):
        added = structure.constant(tensor)
        if values[variable].ndim == 0 and added is not None and added.ndim == 0 and added == 1:
            found.append(variable)
    return found[0] if len(set(found)) == 1 else None


def _with_initial(structure: Structure, values: Mapping[str, Array]) -> Mapping[str, Array]:
    """Returns the values, and the first ones of variables that a checkpoint lacks, such as slots.

    Raises:
        ValueError: if a variable has no value, and begins with a random one.
    """
    found: dict[str, Array] = {}
    for name in structure.variables:
        if name not in structure.step or name in values:
            continue
        first = first_value(structure, name)
        if first is None:
            validation.fail(
                "A checkpoint must hold each variable of the training step.",
                f"{structure.graph.source!r} without {shortened(name, 80)!r}",
                "Save all variables, or convert for predictions alone with inference=True.",
            )
        else:
            found[name] = first
    return JoinedValues([*values, *found], values, found) if found else values


def _decay(structure: Structure, decays: Mapping[str, float], owned: set[str]) -> float | None:
    """Returns the share that a step removes from each weight, or None."""
    trained = [name for name in structure.trainable if name in owned]
    shares = {decays.get(name) for name in trained}
    if shares == {None} or not decays:
        return None
    if len(shares) > 1:
        validation.fail(
            "Weight decay must be that of all trained variables.",
            f"{len(decays)} of {len(trained)} in {structure.graph.source!r}",
            "Convert for predictions alone with inference=True.",
        )
    return shares.pop()
