"""Fills a model that a person wrote with the variables of a checkpoint, by verify's map."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import keras
from numpy.typing import NDArray

from tf_recipes._support import validation
from tf_recipes._support.visible import shortened
from tf_recipes.convert import forward_check
from tf_recipes.convert.forward_check import Expected, Predictions
from tf_recipes.convert.lifting.graph_view import GraphView
from tf_recipes.graph.nodes import full, node_of
from tf_recipes.graph.roles import BIAS, KERNEL, OTHER, PRODUCTS, SUMS, TF1Variable, role_of_name
from tf_recipes.verify.bench import map_orders, variable_map
from tf_recipes.verify.bench.keras_model import ModelSource
from tf_recipes.verify.bench.variable_map import Map

Model: TypeAlias = str | os.PathLike[str] | Callable[[], Any] | keras.Model
LISTED = 6  # variables of each side that an error names


def make(model: Model, unsafe: bool = False) -> tuple[keras.Model, str]:
    """Returns a person's model, and what it is called in results.

    Args:
        model: `"port.py:build"`, the path of a `.keras` file, a function without arguments, or a
            model; it need not be compiled.
        unsafe: True to load a `.keras` file that holds Python code.

    Raises:
        ValueError: if there is no such file or function, or it gives no model.
    """
    if isinstance(model, keras.Model):
        return model, type(model).__name__
    source = ModelSource(model, unsafe, compiled=False)
    return source.make(), source.name


def fill(
    model: keras.Model,
    view: GraphView,
    values: Mapping[str, NDArray[Any]],
    of_graph: Expected,
    inputs: Sequence[str],
    rows: Mapping[str, NDArray[Any]],
    given: Mapping[str, str] | None = None,
) -> tuple[Map, Predictions]:
    """Sets the weights of a model to TF1's, and compares the predictions.

    Where several variables of one shape could be one another's, the first order that predicts as
    the graph is taken.

    Args:
        model: the model.
        view: the forward part of the graph.
        values: `{variable: value}` of the checkpoint.
        of_graph: what the graph predicts.
        inputs: names of the tensors that the model takes.
        rows: `{tensor: array}` for those.
        given: `{TF1's variable: path of a Keras variable}`, as `verify` takes it.

    Returns:
        The map and the predictions.

    Raises:
        ValueError: if a variable of one side has no counterpart, or the model takes or gives
            another number of tensors than the graph.
    """
    if not model.built:
        model([rows[name] for name in inputs] if len(inputs) > 1 else rows[inputs[0]])
    _check_ends(model, inputs, view.outputs)
    found = variable_map.find(_variables(view), model, given, _forget_biases(view))
    if not found.complete:
        _refuse(found)
    first: tuple[Map, Predictions] | None = None
    for each in itertools.chain([found], map_orders.permutations(found)):
        each.assign(values)
        predictions = forward_check.compare(of_graph, model, inputs, rows)
        if predictions.passed:
            return each, predictions
        first = first or (each, predictions)
    assert first is not None
    first[0].assign(values)
    return first


def _check_ends(model: keras.Model, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    """Checks that a model takes and gives as many tensors as the graph."""
    for what, ours, theirs in (
        ("inputs", model.inputs, inputs),
        ("outputs", model.outputs, outputs),
    ):
        if ours is not None and len(ours) != len(theirs):
            listed = ", ".join(repr(shortened(each, 60)) for each in theirs[:LISTED])
            validation.fail(
                f"The model must have the {what} of the graph.",
                f"{len(ours)} {what} for {listed}",
                f"Name TF1's tensors of the model's {what}, in its order, with {what}=['NAME'].",
            )


def _refuse(found: Map) -> None:
    """Raises the error of a map with variables that have no counterpart."""
    theirs = [f"{shortened(each.name, 60)!r} {each.shape}" for each in found.left_tf1]
    ours = [f"{shortened(each.path, 60)!r} {tuple(each.shape)}" for each in found.left_keras]
    sides = [
        f"{side} {', '.join(names[:LISTED])}"
        + (f" and {len(names) - LISTED} more" if len(names) > LISTED else "")
        for side, names in (("of TF1", theirs), ("of the model", ours))
        if names
    ]
    offers = variable_map.offers(found.left_tf1, found.left_keras)
    pairs = ", ".join(
        f"{one!r}: {other!r}" for one, _, other in (each.partition(" -> ") for each in offers[:3])
    )
    validation.fail(
        "Every variable must have a counterpart on the other side.",
        f"left over {' and '.join(sides)}",
        f"Pass variable_map={{{pairs}}}."
        if pairs
        else "Change the layers of the model, so that it has TF1's variables, or name other inputs "
        "and outputs.",
    )


def _variables(view: GraphView) -> list[TF1Variable]:
    """Returns the variables that the outputs need, in the order of their use."""
    places = {name: place for place, name in enumerate(view.order)}
    found = []
    for name, shape in view.variable_shapes().items():
        users = list(_users(view, name))
        place = min((places[user] for user in users), default=places[name])
        role = _role(view, name, shape, users)
        kernel = _kernel(view, name, users)
        found.append(TF1Variable(name, shape, role, place, True, True, kernel))
    return sorted(found, key=lambda each: each.place)


def _users(view: GraphView, name: str) -> Iterator[str]:
    """Yields the nodes that take a variable's value, behind Identity and such nodes."""
    waiting = [full(name)]
    for tensor in waiting:
        for user in view.consumers.get(tensor, []):
            if view.behind(full(user)) != full(user):
                waiting.append(full(user))
            else:
                yield user


def _role(view: GraphView, name: str, shape: tuple[int, ...], users: Sequence[str]) -> str:
    by_name = role_of_name(name)
    if by_name:
        return by_name
    ops = {view.op(user) for user in users}
    if ops & set(PRODUCTS):
        return KERNEL
    if len(shape) == 1 and ops & set(SUMS):
        return BIAS
    return KERNEL if len(shape) > 1 else OTHER


def _kernel(view: GraphView, name: str, users: Sequence[str]) -> str | None:
    """Returns the variable of the product to which a variable is added, or None."""
    for user in users:
        if view.op(user) not in SUMS:
            continue
        for each in view.inputs(user):
            product = node_of(view.behind(each, also=("Reshape", "Squeeze", "BatchToSpaceND")))
            for taken in view.inputs(product) if view.op(product) in PRODUCTS else ():
                found = view.variable(taken)
                if found and found != name:
                    return found
    return None


def _forget_biases(view: GraphView) -> dict[str, float]:
    """Returns `{kernel of an LSTM cell: what TF1 adds to the forget gate, its third}`."""
    found = {}

    def after(node: str) -> list[str]:
        return [u for each in view.outputs_of(node) for u in view.consumers.get(each, [])]

    for kernel in view.variable_shapes():
        for product in _users(view, kernel):
            totals = after(product)
            splits = [each for total in totals for each in after(total) if view.op(each) == "Split"]
            for split in splits:
                for add in view.consumers.get(f"{split}:2", []):
                    numbers = [view.constant(view.behind(each)) for each in view.inputs(add)]
                    for value in numbers if view.op(add) in SUMS else ():
                        if value is not None and value.ndim == 0:
                            found[kernel] = float(value)
    return found
