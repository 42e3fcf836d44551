"""Recognises the cells of recurrent nets by what they compute, however a program writes them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from tf_recipes.convert.lifting.graph_view import GraphView
from tf_recipes.convert.recurrent.affine import core, part, read
from tf_recipes.convert.recurrent.cell import Cell, Gate
from tf_recipes.convert.recurrent.kernels import KERNELS

# TF1's operation -> the name of the activation in Keras with the same numbers
ACTIVATIONS = {
    "Tanh": "tanh",
    "Relu": "relu",
    "Relu6": "relu6",
    "Sigmoid": "sigmoid",
    "Softsign": "softsign",
    "Softplus": "softplus",
    "Elu": "elu",
    "Selu": "selu",
}
ROOTS = ("Mul", "Add", "AddV2", *ACTIVATIONS, *KERNELS)
_SUMS = ("Add", "AddV2")


def find(view: GraphView) -> Iterator[Cell]:
    """Yields the cells of a graph, in the order of its nodes; simple ones are candidates only."""
    for name in view.order:
        op = view.nodes[name].op
        if op not in ROOTS or view.is_input(name) or name in view.folded_nodes:
            continue
        cell = None
        if op in KERNELS:
            cell = KERNELS[op](view, name)
        elif op == "Mul":
            cell = _lstm(view, f"{name}:0")
        elif op in _SUMS:
            cell = _gru(view, f"{name}:0")
        if cell is None and op in ACTIVATIONS:
            cell = _simple(view, f"{name}:0")
        if cell is not None:
            yield cell


def gate(view: GraphView, tensor: str) -> Gate | None:
    """Returns the gate that a tensor is, or None; a gate may be a part of several together."""
    name, columns = core(view, tensor), None
    while (cut := part(view, name, columns)) is not None:
        name, columns = core(view, cut[0]), cut[1]
    if view.op(name) in ACTIVATIONS:
        found = read(view, view.inputs(name)[0], columns)
        return Gate(ACTIVATIONS[view.op(name)], found) if found is not None else None
    hard = _hard_sigmoid(view, name)
    found = read(view, hard, columns) if hard is not None else None
    return Gate("hard_sigmoid", found) if found is not None else None


def _hard_sigmoid(view: GraphView, name: str) -> str | None:
    """Returns the tensor that a graph applies `min(max(0.2 x + 0.5, 0), 1)` to, or None."""
    bounds = {}
    for _ in range(2):
        op, inputs = view.op(name), view.inputs(name)
        if op not in ("Minimum", "Maximum"):
            return None
        bounds[op] = view.constant(inputs[1])
        name = core(view, inputs[0])
    if bounds.get("Minimum") != 1 or bounds.get("Maximum") != 0:
        return None
    for ops, number in ((_SUMS, 0.5), (("Mul",), 0.2)):
        inputs = view.inputs(name)
        if view.op(name) not in ops:
            return None
        values = [view.constant(each) for each in inputs]
        known = [k for k, value in enumerate(values) if value is not None and value.size == 1]
        if len(known) != 1 or abs(float(values[known[0]]) - number) > 1e-7:  # type: ignore[arg-type]
            return None
        name = core(view, inputs[1 - known[0]])
    return name


def _lstm(view: GraphView, root: str) -> Cell | None:
    """Returns the LSTM whose output is `o * act(f * c + i * act(j))`, or None."""
    for output, memory in _both(view, root, ("Mul",)):
        if view.op(memory) not in ACTIVATIONS:
            continue
        outer = ACTIVATIONS[view.op(memory)]
        new_memory = core(view, view.inputs(memory)[0])
        for kept, added in _both(view, new_memory, _SUMS):
            found = _memory(view, kept, added, outer)
            last = gate(view, output)
            if found is None or last is None or last.activation != found[2][0].activation:
                continue
            before, new, (forget, take) = found
            gates = (take, forget, new, last)
            return Cell("lstm", root, None, before, new_memory, gates)
    return None


def _memory(
    view: GraphView, kept: str, added: str, outer: str
) -> tuple[str, Gate, tuple[Gate, Gate]] | None:
    """Returns the memory before, the new part and the forget and input gates."""
    for forget_name, before in _both(view, kept, ("Mul",)):
        for take_name, new_name in _both(view, added, ("Mul",)):
            forget, take = gate(view, forget_name), gate(view, take_name)
            new = gate(view, new_name)
            if forget is None or take is None or new is None or gate(view, before) is not None:
                continue
            if new.activation == outer and forget.activation == take.activation:
                return before, new, (forget, take)
    return None


def _gru(view: GraphView, root: str) -> Cell | None:
    """Returns the GRU whose output is `z * h + (1 - z) * act(…)`, or None."""
    for left, right in _both(view, root, _SUMS):
        for opposite, second in _both(view, right, ("Mul",)):
            update = _one_minus(view, opposite)
            for same, first in _both(view, left, ("Mul",)):
                if update is None or same != update:
                    continue
                for state, candidate, negated in ((first, second, False), (second, first, True)):
                    found = _gru_of(view, root, update, state, candidate, negated)
                    if found is not None:
                        return found
    return None


def _gru_of(
    view: GraphView, root: str, update: str, state: str, candidate: str, negated: bool
) -> Cell | None:
    new, z = gate(view, candidate), gate(view, update)
    if new is None or z is None or state not in z.sum.sources():
        return None
    for source in new.sum.sources():
        for reset_name, scaled in _both(view, source, ("Mul",)):
            reset = gate(view, reset_name)
            if scaled == state and reset is not None and reset.activation == z.activation:
                gates = (dataclasses.replace(z, negated=negated), reset, new)
                return Cell("gru", root, state, None, None, gates, source)
    return None


def _simple(view: GraphView, root: str) -> Cell | None:
    """Returns the candidate for a simple cell: an activation of a sum of several products."""
    found = gate(view, root)
    if found is None or len(found.sum.sources()) < 2:
        return None
    return Cell("simple", root, None, None, None, (found,))


def _one_minus(view: GraphView, name: str) -> str | None:
    """Returns the tensor that is taken from one, or None."""
    if view.op(name) != "Sub":
        return None
    one, taken = view.inputs(name)
    value = view.constant(one)
    return core(view, taken) if value is not None and value.size == 1 and value == 1 else None


def _both(view: GraphView, name: str, ops: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yields the two inputs of an operation in both orders; nothing for another operation."""
    if view.op(name) in ops and not view.is_input(name):
        first, second = (core(view, each) for each in view.inputs(name)[:2])
        yield first, second
        yield second, first
