"""Says what the placeholders of a graph are that the model does not take: flags and settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tf_recipes.convert.lifting.graph_view import GraphView
from tf_recipes.convert.lifting.values import Constant, Flag, Setting, Value
from tf_recipes.graph.nodes import PLACEHOLDERS, RANDOM, SOURCES, full, node_of

NEAR = 8  # nodes between a random number and the setting that it is compared with


def values(
    view: GraphView,
    feed: Mapping[str, Any] | None = None,
    eval_feed: Mapping[str, Any] | None = None,
) -> dict[str, Value]:
    """Returns `{placeholder: what it is}` for the placeholders that the model does not take.

    A bool is the flag of training. A number is a setting, such as the share that dropout keeps. A
    placeholder that has the same value in training and in evaluation is that value.

    Args:
        view: the graph.
        feed: `{placeholder: value}` in training.
        eval_feed: `{placeholder: value}` in evaluation.
    """
    in_training = {node_of(name): np.asarray(value) for name, value in (feed or {}).items()}
    in_evaluation = {node_of(name): np.asarray(value) for name, value in (eval_feed or {}).items()}
    found: dict[str, Value] = {}
    # a flag may choose between constants, which hang on it by control inputs alone
    apart = [
        name
        for name, node in view.nodes.items()
        if node.op in PLACEHOLDERS and view.dtype(name) == "bool"
    ]
    for name in dict.fromkeys((*view.order, *apart)):
        node = view.nodes[name]
        if node.op not in PLACEHOLDERS or view.is_input(name):
            continue
        default = view.constant(node.input[0]) if node.op == "PlaceholderWithDefault" else None
        given = in_training.get(name, default), in_evaluation.get(name, default)
        if default is not None and _drops(view, name, default):
            # a default that drops nothing is for evaluation, and another one for training
            in_one = (None, default) if float(default) in (0.0, 1.0) else (default, None)
            given = in_training.get(name, in_one[0]), in_evaluation.get(name, in_one[1])
        value = _value(view, name, *given)
        if value is not None:
            found[name] = value
    return found


def _value(
    view: GraphView, name: str, in_training: Any | None, in_evaluation: Any | None
) -> Value | None:
    dtype = np.dtype(view.dtype(name))
    known = in_training is not None and in_evaluation is not None
    same = known and np.array_equal(np.asarray(in_training), np.asarray(in_evaluation))
    if same and dtype.kind != "b":
        return Constant(np.asarray(in_training, dtype))
    if dtype.kind == "b":
        on = in_training if in_training is not None else True
        off = in_evaluation if in_evaluation is not None else False
        if bool(on) == bool(off) and known and view.op(name) != "PlaceholderWithDefault":
            return Constant(np.asarray(on, dtype))
        return Flag(name, negated=bool(off) and not (known and bool(on)))
    if dtype.kind == "f" and is_setting(view, name):
        if in_evaluation is None:
            in_evaluation = dropping_nothing(view, name)
        if in_evaluation is not None and view.rank(name) == 1 and np.ndim(in_evaluation) == 0:
            in_evaluation = entries(view, name) * [in_evaluation]
        return Setting(name, _number(in_training), _number(in_evaluation))
    return Constant(np.asarray(in_training, dtype)) if in_training is not None else None


def _drops(view: GraphView, name: str, default: Any) -> bool:
    """Returns whether the default of a placeholder is the share that dropout keeps or drops."""
    number = np.dtype(view.dtype(name)).kind == "f" and np.size(default) == 1
    return number and view.rank(name) == 0 and _meets_a_draw(view, name)


def _number(value: Any | None) -> float | tuple[float, ...] | None:
    if value is None:
        return None
    return tuple(map(float, value)) if np.ndim(value) == 1 else float(value)


def is_setting(view: GraphView, name: str) -> bool:
    """Returns whether a placeholder of a number is the share that dropout keeps, or such."""
    rank = view.rank(name)
    if rank == 1:
        return entries(view, name) > 0 and _meets_a_draw(view, name)
    return rank == 0 if rank is not None else _meets_a_draw(view, name)


def entries(view: GraphView, name: str) -> int:
    """Returns how many numbers a placeholder holds that are taken one by one; 0 for another use.

    Args:
        view: the graph.
        name: a placeholder of a vector.
    """
    places = []
    for user in view.consumers.get(full(name), []):
        node = view.nodes[user]
        place = view.constant(view.inputs(user)[1]) if node.op == "StridedSlice" else None
        alone = place is not None and view.attribute(user, "shrink_axis_mask") == 1
        if place is None or not alone or place.size != 1 or place.reshape(-1)[0] < 0:
            return 0
        places.append(int(place.reshape(-1)[0]))
    return max(places, default=-1) + 1


def _meets_a_draw(view: GraphView, name: str) -> bool:
    """Returns whether a random number is joined with a placeholder, as in dropout."""
    return _joined_with_a_draw(view, name) is not None


def dropping_nothing(view: GraphView, name: str) -> float | None:
    """Returns the share with which dropout drops nothing: 1 of what is kept, 0 of what is dropped.

    The deviation with which there is no noise is 0.

    Returns:
        None for a placeholder that dropout does not compare with a random number.
    """
    found = _joined_with_a_draw(view, name)
    if found is None:
        return None
    tensor, user, turned = found
    normal = any(_source(view, each) == "RandomStandardNormal" for each in view.inputs(user))
    if normal and view.op(user) in ("Mul", "RealDiv"):
        return 0.0
    # what is kept: `number < share`, `share > number` and floor(share + number)
    greater, first = view.op(user) in ("Greater", "GreaterEqual"), view.inputs(user)[0] == tensor
    less = view.op(user) in ("Less", "LessEqual")
    dropped = (greater and not first) or (less and first)
    return 0.0 if dropped != turned else 1.0


def _joined_with_a_draw(view: GraphView, name: str) -> tuple[str, str, bool] | None:
    """Returns a tensor of a placeholder, and the node that joins it with a random number.

    The third entry says that the tensor is 1 minus the placeholder. None if there is no such node.
    """
    waiting, seen = [(full(name), 0, False)], set()
    while waiting:  # a random number joins what comes of it within a few nodes
        tensor, depth, turned = waiting.pop()
        for user in view.consumers.get(tensor, []):
            if user in seen or depth > NEAR:
                continue
            seen.add(user)
            inputs = view.inputs(user)
            if any(_is_drawn(view, each) for each in inputs if each != tensor):
                return tensor, user, turned
            subtracted = view.op(user) == "Sub" and inputs[1] == tensor
            waiting.append((full(user), depth + 1, turned != subtracted))
    return None


def _is_drawn(view: GraphView, tensor: str) -> bool:
    """Returns whether a tensor is a random number, scaled or moved."""
    return _source(view, tensor) in RANDOM


def _source(view: GraphView, tensor: str) -> str:
    """Returns the operation that gives a tensor, before it is scaled or moved."""
    for _ in range(NEAR):
        op = view.op(tensor)
        inputs = view.inputs(tensor)
        if op not in ("Add", "AddV2", "Mul", "Sub", "Identity", "Enter") or not inputs:
            return op
        tensor = inputs[0]
    return ""


def model_inputs(view: GraphView) -> list[str]:
    """Returns the tensors that a model takes: placeholders of arrays, and what iterators give.

    They come in the order in which the program made them.
    """
    found = []
    needed = set(view.order)
    for name in view.nodes:
        if name not in needed:
            continue
        op = view.nodes[name].op
        if op in PLACEHOLDERS:
            dtype = np.dtype(view.dtype(name))
            if dtype.kind != "b" and not (dtype.kind == "f" and is_setting(view, name)):
                found.append(full(name))
        elif op in SOURCES:
            found += [each for each in view.outputs_of(name) if view.uses(each)]
    return found
