"""Reads the while loops of a TF1 graph: their states, counters and arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from tf_recipes.convert.lifting.graph_view import GraphView
from tf_recipes.convert.recurrent.affine import core
from tf_recipes.graph.nodes import node_of


@dataclasses.dataclass(frozen=True)
class State:
    """Describes what a loop passes from one turn to the next.

    `first` is the tensor before the loop, `body` the one in a turn, `next` what the turn makes of
    it, and `exit` the node that gives it after the loop, or None.
    """

    first: str
    body: str
    next: str
    exit: str | None


@dataclasses.dataclass(frozen=True)
class Loop:
    """Describes a while loop.

    Attributes:
        frame: its name.
        states: `{tensor in a turn: State}`.
        counters: the tensors in a turn that count the turns from 0.
        arrays: `{tensor in a turn: (the array's node, the tensor that each turn writes)}`.
        nodes: the nodes of a turn.
        bounds: the tensors that a counter stays below.
    """

    frame: str
    states: Mapping[str, State]
    counters: frozenset[str]
    arrays: Mapping[str, tuple[str, str]]
    nodes: frozenset[str]
    bounds: tuple[str, ...]


def find(view: GraphView) -> dict[str, Loop]:
    """Returns `{frame: loop}` of the loops that the outputs of a graph need."""
    states: dict[str, dict[str, State]] = {}
    for name in view.order:
        node = view.nodes[name]
        if node.op != "Merge":
            continue
        ends = [each for each in view.inputs(name) if view.op(each) == "NextIteration"]
        frame = view.frame(name)
        found = _state(view, name, ends[0]) if ends and frame is not None else None
        if found is not None and frame is not None:
            states.setdefault(frame, {})[found.body] = found
    inside = _nodes(view, states)
    return {
        frame: _loop(view, frame, each, frozenset(inside.get(frame, ())))
        for frame, each in states.items()
    }


def _state(view: GraphView, merge: str, end: str) -> State | None:
    """Returns the state that a Merge begins a turn with."""
    first = next(each for each in view.inputs(merge) if each != end)
    for user in view.consumers.get(f"{merge}:0", []):
        if view.op(user) == "Switch" and view.inputs(user)[0] == f"{merge}:0":
            leaves = view.consumers.get(f"{user}:0", [])
            exit_ = next((each for each in leaves if view.op(each) == "Exit"), None)
            return State(view.inputs(first)[0], f"{user}:1", view.inputs(end)[0], exit_)
    return None


def _nodes(view: GraphView, states: Mapping[str, Mapping[str, State]]) -> dict[str, set[str]]:
    """Returns `{frame: the nodes of a turn}`: what follows from the loop's tensors."""
    begins = {node_of(body): frame for frame, each in states.items() for body in each}
    found: dict[str, set[str]] = {}
    frame_of: dict[str, str] = {}
    for name in view.order:
        node = view.nodes[name]
        frame = begins.get(name)
        if frame is None and node.op in ("Enter", "RefEnter"):
            frame = view.frame(name)
        if frame is None and node.op not in ("Exit", "NextIteration"):
            before = [node_of(each) for each in node.input]
            frame = next((frame_of[each] for each in before if each in frame_of), None)
        if frame is not None:
            frame_of[name] = frame
            found.setdefault(frame, set()).add(name)
    return found


def _loop(view: GraphView, frame: str, states: Mapping[str, State], nodes: frozenset[str]) -> Loop:
    counters = frozenset(body for body, each in states.items() if _counts(view, each))
    arrays = {}
    for body, each in states.items():
        write = view.node(core(view, each.next))
        if write.op != "TensorArrayWriteV3" or core(view, write.input[3]) != body:
            continue
        if core(view, write.input[1]) in counters:
            arrays[body] = node_of(core(view, write.input[0])), write.input[2]
    return Loop(frame, states, counters, arrays, nodes, _bounds(view, states, counters))


def _counts(view: GraphView, state: State) -> bool:
    """Returns whether a state counts the turns from 0."""
    first, after = view.constant(state.first), view.node(core(view, state.next))
    if first is None or first.size != 1 or first != 0 or after.op not in ("Add", "AddV2"):
        return False
    names = [core(view, each) for each in after.input[:2]]
    steps = [view.constant(each) for each in after.input[:2]]
    return state.body in names and any(each is not None and np.all(each == 1) for each in steps)


def _bounds(
    view: GraphView, states: Mapping[str, State], counters: frozenset[str]
) -> tuple[str, ...]:
    """Returns what the counters stay below; nothing for a loop that ends by another condition."""
    switch = view.node(next(iter(states)))
    condition = view.node(view.behind(switch.input[1]))
    waiting, found = [core(view, condition.input[0])], []
    merges = {view.inputs(node_of(body))[0] for body in counters}
    while waiting:
        name = waiting.pop()
        node = view.node(name)
        if node.op == "LogicalAnd":
            waiting += [core(view, each) for each in view.inputs(name)]
        elif node.op == "Less" and core(view, node.input[0]) in merges:
            found.append(core(view, node.input[1]))
        else:
            return ()
    return tuple(found)


@dataclasses.dataclass(frozen=True)
class Copied:
    """Describes a tensor that keeps what was before in the rows whose series have ended.

    `new` is what it is in the other rows, `lengths` the tensor of the lengths, `time` the number of
    the step in an unrolled net.
    """

    new: str
    lengths: str
    time: int | None = None


def copied(view: GraphView, tensor: str) -> Copied | None:
    """Returns how a tensor keeps the rows of series that have ended; None for any other tensor."""
    name = core(view, tensor)
    node = view.node(name)
    if node.op in ("Select", "SelectV2"):
        condition = view.node(core(view, node.input[0]))
        new = core(view, node.input[2])
        if condition.op == "GreaterEqual":
            return Copied(new, core(view, condition.input[1]))
        if condition.op == "LessEqual":
            time = view.constant(condition.input[1])
            if time is not None and time.size == 1:
                return Copied(new, core(view, condition.input[0]), int(time))
    if node.op == "Merge":  # static_rnn also skips what all rows or no row need
        for each in view.inputs(name)[:2]:
            found = copied(view, each)
            if found is not None:
                return found
    return None
