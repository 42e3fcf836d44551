"""Says what the placeholders of a graph are that the model does not take: flags and settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tf_recipes.convert.lifting.graph_view import GraphView, full
from tf_recipes.convert.lifting.values import Constant, Flag, Setting, Value
from tf_recipes.graph.nodes import PLACEHOLDERS, RANDOM, SOURCES, node_of

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
        return Setting(name, _number(in_training), _number(in_evaluation))
    return Constant(np.asarray(in_training, dtype)) if in_training is not None else None


def _number(value: Any | None) -> float | None:
    return None if value is None else float(value)


def is_setting(view: GraphView, name: str) -> bool:
    """Returns whether a placeholder of a number is the share that dropout keeps, or such."""
    rank = view.rank(name)
    if rank == 0:
        return True
    if rank is not None:
        return False
    waiting, seen = [(full(name), 0)], set()
    while waiting:  # a random number joins what comes of it within a few nodes
        tensor, depth = waiting.pop()
        for user in view.consumers.get(tensor, []):
            if user in seen or depth > NEAR:
                continue
            seen.add(user)
            if any(_is_drawn(view, each) for each in view.inputs(user) if each != tensor):
                return True
            waiting.append((full(user), depth + 1))
    return False


def _is_drawn(view: GraphView, tensor: str) -> bool:
    """Returns whether a tensor is a random number, scaled or moved."""
    for _ in range(NEAR):
        op = view.op(tensor)
        if op in RANDOM:
            return True
        inputs = view.inputs(tensor)
        if op not in ("Add", "AddV2", "Mul", "Sub", "Identity", "Enter") or not inputs:
            return False
        tensor = inputs[0]
    return False


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
