"""Lifts what stands in the turns of a recurrent loop, as the same for all turns together."""

from __future__ import annotations

import dataclasses
import string
from collections.abc import Sequence
from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.step_builder import DROPOUTS
from tf_recipes.convert.lifting.values import (
    Constant,
    Flag,
    Setting,
    Steps,
    Unknown,
    Value,
    Weight,
)
from tf_recipes.convert.patterns import _recurrent, _sequences
from tf_recipes.convert.program.expressions import Tensor
from tf_recipes.convert.recurrent import recurrence
from tf_recipes.convert.recurrent.affine import core
from tf_recipes.convert.recurrent.loops import Loop, copied
from tf_recipes.graph.nodes import RANDOM, node_of

# what may stand in a turn beside cells: it computes the same for all turns together
_IN_TURNS = (
    *("Add", "AddV2", "Sub", "Mul", "RealDiv", "Maximum", "Minimum", "Neg", "Square", "Exp"),
    *("BiasAdd", "MatMul", "Relu", "Relu6", "Elu", "Selu", "Sigmoid", "Tanh", "Softplus"),
    *("LeakyRelu", "Select", "SelectV2", "Merge", "Cast", "Softsign"),
)


def entering(node: Any, lifter: Lifter) -> Value:
    """Returns what a loop takes from before it."""
    return lifter.value(node.input[0])


def state_in_turn(node: Any, lifter: Lifter) -> Value | None:
    """Returns no value for the state of a loop, of which the cell's pattern makes a layer."""
    ends = [
        each for each in lifter.view.inputs(node.name) if lifter.view.op(each) == "NextIteration"
    ]
    return Unknown(node.name, node.op, "is the state of a while loop") if ends else None


def reading(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the entry of a series in a turn: to the series."""
    view = lifter.view
    loop = recurrence.of(view).loop(node.name)
    scatter = view.node(core(view, node.input[2]))
    if loop is None or scatter.op != "TensorArrayScatterV3":
        return None
    if core(view, node.input[1]) not in loop.counters or not _whole(loop, node.input[0], lifter):
        return None
    series = lifter.tensor(scatter.input[2])
    rank = len(series.shape) if series is not None and series.shape is not None else 0
    if series is None or rank < 2:
        return None
    order = (1, 0, *range(2, rank))
    return Steps(_sequences.transposed(node, lifter, series, order), loop.frame)


def _whole(loop: Loop, array: str, lifter: Lifter) -> bool:
    """Returns whether a loop has one turn for each entry of an array."""
    view = lifter.view
    made = view.node(core(view, array))
    if made.op != "TensorArrayV3" or not loop.bounds:
        return False
    size = core(view, made.input[0])
    return all(_is_bound(each, size, lifter) for each in loop.bounds)


def _is_bound(bound: str, size: str, lifter: Lifter) -> bool:
    """Returns whether a loop with a bound does all that has an effect.

    TF1 ends a loop with the longest series; what comes after has zeros as its outputs.
    """
    view = lifter.view
    numbers = [lifter.integers(each) for each in (bound, size)]
    if bound == size or (numbers[0] is not None and numbers[0] == numbers[1]):
        return True
    node = view.node(bound)
    if node.op not in ("Minimum", "Maximum"):
        return False
    parts = [core(view, each) for each in node.input[:2]]
    return all(
        _is_bound(each, size, lifter)
        or lifter.integers(each) == (1,)
        or view.op(each) == "Max"
        or view.op(each) in ("Minimum", "Maximum")
        for each in parts
    ) and (node.op == "Maximum" or any(_is_bound(each, size, lifter) for each in parts))


def in_turns(node: Any, lifter: Lifter) -> Value | None:
    """Lifts what a turn computes beside its cells, for all turns together."""
    loop = recurrence.of(lifter.view).loop(node.name)
    if loop is None:
        return None
    names = lifter.view.inputs(node.name)
    values = [lifter.value(each) for each in names]
    steps = [each for each in values if isinstance(each, Steps)]
    if not all(_fits(each, lifter, name) for each, name in zip(values, names, strict=True)):
        return None
    with lifter.whole_turns(loop.frame, loop.nodes):
        found = lifter.by_patterns(node, after=2)
    several = found if isinstance(found, Sequence) else None
    first = several[0] if several is not None else found
    if not isinstance(first, Tensor):
        return None if isinstance(first, Sequence) else first
    if first.step.layer is not None and first.step.layer.path in DROPOUTS:
        return _dropped(node, lifter, first, loop)
    if not steps:
        return None
    same = any(first == each.tensor and each.masked for each in steps)
    return Steps(first, loop.frame, same)


def _dropped(node: Any, lifter: Lifter, made: Tensor, loop: Loop) -> Value:
    """Returns the tensor of all turns after dropout, which draws anew in each turn."""
    step = made.step
    layer, taken = step.layer, step.arguments[0]
    noise = layer.keyword("noise_shape") if layer is not None else None
    same = noise is not None and noise[1] == 1  # one mask for all turns, drawn before the loop
    if (
        layer is None
        or (noise is not None and not same)
        or same == _drawn_in_turn(node.name, lifter)
    ):
        return Unknown(node.name, node.op, "drops the same entries in each turn of a loop")
    inside = f"{loop.frame.rpartition('/')[0]}/"  # TF1 names what is in a loop after the loop, too
    if f"{layer.scope}/".startswith(inside):
        scope = layer.scope.removeprefix(inside[:-1]).strip("/")
        scope = scope or f"dropout{node.name.removeprefix(inside).lstrip(string.ascii_letters)}"
        layer = dataclasses.replace(layer, scope=scope)
        again = lifter.program.add(
            layer, step.arguments, {}, step.shapes, step.dtypes, step.nodes, scope
        )
        made = Tensor(again)
    masked = any(
        isinstance(each, Steps) and each.tensor == taken and each.masked
        for each in lifter.values.values()
    )
    return Steps(made, loop.frame, masked)


def _fits(value: Value, lifter: Lifter, name: str) -> bool:
    """Returns whether a value means the same for one turn and for all turns together."""
    match value:
        case Steps() | Flag() | Setting() | Unknown():
            return True
        case Constant(array):
            return array.ndim < 2
        case Weight(shape=shape):
            return len(shape) < 3
    return False


def _drawn_in_turn(name: str, lifter: Lifter) -> bool:
    """Returns whether the random numbers of a dropout are drawn in each turn."""
    view = lifter.view
    found = recurrence.of(view)
    waiting = [name]
    seen: set[str] = set()
    while waiting and len(seen) < 40:
        each = waiting.pop(0)
        if each in seen:
            continue
        seen.add(each)
        if view.op(each) in RANDOM:
            return found.loop(each) is not None
        if view.op(each) not in ("Switch", "TensorArrayReadV3", "MatMul"):
            waiting += [node_of(other) for other in view.inputs(each)]
    return False


def ended(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the output of a turn that is zero where a series has ended."""
    view = lifter.view
    found = copied(view, f"{node.name}:0")
    if found is None or not _recurrent.is_zero(lifter, node.input[1]):
        return None
    value = lifter.value(node.input[2])
    if not isinstance(value, Steps):
        return None
    if value.masked:
        return value
    lengths = lifter.tensor(found.lengths)
    if lengths is None or value.tensor.shape is None:
        return None
    mask = _recurrent.mask_of(node, lifter, lengths, value.tensor)
    for _ in value.tensor.shape[2:]:
        mask = lifter.derived(
            node,
            "keras.ops.expand_dims",
            mask,
            axis=-1,
            shape=(*(mask.shape or ()), 1),
            dtype="bool",
        )
    made = lifter.derived(
        node, "keras.ops.where", mask, value.tensor, 0.0, shape=value.tensor.shape
    )
    return Steps(made, value.frame, masked=True)


PATTERNS = (
    Pattern("tensor in a loop", ("Enter", "RefEnter"), entering, "the input"),
    Pattern("state of a loop", ("Merge",), state_in_turn, "no tensor of its own", order=1),
    Pattern("entry of a series", ("TensorArrayReadV3",), reading, "the series"),
    Pattern("in each turn of a loop", _IN_TURNS, in_turns, "the same for the series", order=2),
    Pattern("end of a series", ("Select", "SelectV2"), ended, "mask=…", order=1),
)
