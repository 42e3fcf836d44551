"""Lifts recurrent nets in loops: to SimpleRNN, LSTM and GRU layers of Keras."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Steps, Unknown, Value
from tf_recipes.convert.patterns import _recurrent, _sequences
from tf_recipes.convert.program.expressions import Tensor
from tf_recipes.convert.recurrent import chains, last_output, reasons, recurrence
from tf_recipes.convert.recurrent.affine import core, part
from tf_recipes.convert.recurrent.cells import ROOTS
from tf_recipes.convert.recurrent.loops import Loop, State
from tf_recipes.graph.nodes import node_of

_KEPT = "The series begin with this state of the checkpoint; TF1 may change it after each run."


def cell_in_loop(node: Any, lifter: Lifter) -> Sequence[Value] | None:
    """Lifts the cell of a loop to a recurrent layer."""
    view = lifter.view
    found = recurrence.of(view)
    cell, loop = found.cell(node.name), found.loop(node.name)
    if cell is None or loop is None:
        return None
    places = _new_states(loop, lifter)
    if cell.root not in places:
        return None
    state, columns, lengths_name = places[cell.root]
    inputs = cell.inputs(None)
    before = next((each for each in inputs if _place(each, lifter) == (state.body, columns)), None)
    if before is None or (cell.state is not None and cell.state != before):
        return None
    firsts = [(state.first, columns)]
    memory = None
    if cell.memory is not None:
        memory = places.get(cell.new_memory or "")
        if memory is None or _place(cell.memory, lifter) != (memory[0].body, memory[1]):
            return None
        firsts.append((memory[0].first, memory[1]))
    first = _initial(node, lifter, firsts)
    series = [(each, lifter.value(each)) for each in cell.inputs(before)]
    if first is None or not series:
        return None
    given = [(name, value.tensor) for name, value in series if isinstance(value, Steps)]
    lengths = lifter.tensor(lengths_name) if lengths_name is not None else None
    if len(given) < len(series) or (lengths_name is not None and lengths is None):
        return None
    wanted = (
        _is_read(cell.root, loop, lifter),
        state.exit is not None,
        memory is not None and memory[0].exit is not None,
    )
    takers: list[str] = []
    if lengths is None and not _is_read(cell.root, loop, lifter, writing=False):
        takers = last_output.takers(view, loop, cell.root)
    if takers:
        wanted = (False, True, wanted[2])
    if not any(wanted):
        wanted = (True, False, False)
    made = _recurrent.add_layer(node, lifter, cell, before, given, first, lengths, wanted)
    for each in takers:
        if made.state is not None:
            lifter.give(each, made.state, _recurrent.NAME)
    lifter.last_states[loop.frame, cell.root] = made.state
    if cell.new_memory is not None:
        lifter.last_states[loop.frame, cell.new_memory] = made.memory
    step: Value = Unknown(node.name, node.op, "is a step of a recurrent layer")
    if made.sequence is not None:
        step = Steps(made.sequence, loop.frame, masked=lengths is not None)
    return [
        step if each == cell.root else Unknown(node.name, node.op)
        for each in view.outputs_of(node.name)
    ]


def _initial(
    node: Any, lifter: Lifter, firsts: Sequence[tuple[str, tuple[int, int] | None]]
) -> list[Tensor] | None:
    """Returns the states that a layer begins with, an empty list for zeros; None if unknown.

    Args:
        node: the node of the cell.
        lifter: the lifter.
        firsts: pairs of a tensor of the graph and the columns that are the state; None for all.
    """
    found = _recurrent.initial_state(lifter, [name for name, _ in firsts])
    if not found:
        return found
    made: list[Tensor] = []
    for name, _ in firsts:
        variable = lifter.view.variable(name)
        if variable is not None and variable not in _trained(lifter):
            lifter.note(found[0], _KEPT)
    for state, (_, columns) in zip(found, firsts, strict=True):
        if columns is None:
            made.append(state)
            continue
        rows = state.shape[0] if state.shape is not None else None
        index = (slice(None), slice(columns[0] or None, columns[1]))
        shape = (rows, columns[1] - columns[0])
        made.append(
            lifter.derived(
                node, "[]", state, index, shape=shape, dtype=state.dtype, scope="first_state"
            )
        )
    return made


def _trained(lifter: Lifter) -> set[str]:
    """Returns the variables that TF1 trains, as far as the graph says."""
    return set(lifter.view.graph.collections.get("trainable_variables", ()))


def _new_states(
    loop: Loop, lifter: Lifter
) -> dict[str, tuple[State, tuple[int, int] | None, str | None]]:
    """Returns `{new tensor: (state, its columns or None for all, the lengths or None)}`."""
    view = lifter.view
    found: dict[str, tuple[State, tuple[int, int] | None, str | None]] = {}
    for state in loop.states.values():
        new, lengths = chains.new_of(view, state.next)
        found[new] = state, None, lengths
        # the first versions of TF1 keep the states of all layers in one tensor
        found.update((each, (state, columns, lengths)) for each, columns in _joined(view, new, 0))
    return found


def _joined(view: Any, tensor: str, start: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yields the tensors that a tensor joins, and their columns, however deep."""
    if view.op(tensor) != "ConcatV2":
        return
    for each in view.inputs(tensor)[:-1]:
        width = (view.shape(each) or (None,))[-1]
        if width is None:
            return
        name = core(view, each)
        yield name, (start, start + width)
        yield from _joined(view, name, start)
        start += width


def _place(tensor: str, lifter: Lifter) -> tuple[str, tuple[int, int] | None]:
    """Returns the tensor that a tensor is a part of, and its columns; None for all of them."""
    name, columns = core(lifter.view, tensor), None
    while (cut := part(lifter.view, name, columns)) is not None:
        name, columns = core(lifter.view, cut[0]), cut[1]
    return name, columns


def _is_read(tensor: str, loop: Loop, lifter: Lifter, writing: bool = True) -> bool:
    """Returns whether anything but the next turn takes a cell's output.

    Args:
        tensor: the output.
        loop: the loop.
        lifter: the lifter.
        writing: True to count what is written for after the loop.
    """
    view = lifter.view
    states = {core(view, each.next) for each in loop.states.values()}
    states |= {chains.new_of(view, each.next)[0] for each in loop.states.values()}
    for user in view.consumers.get(tensor, []):
        op = view.op(user)
        if op == "NextIteration":
            continue
        if op == "TensorArrayWriteV3":
            body = next((b for b, (_, t) in loop.arrays.items() if core(view, t) == tensor), "")
            if not writing or (body and loop.states[body].exit is None):
                continue
            return True
        if op in ("Select", "SelectV2", "ConcatV2", "Identity"):
            if f"{user}:0" in states and op != "Identity":
                continue
            if _is_read(f"{user}:0", loop, lifter, writing):
                return True
            continue
        return True
    return False


def leaving(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the state after a loop."""
    view = lifter.view
    frame = view.frame(node.name)
    loop = recurrence.of(view).loops.get(frame or "")
    why = _why("is the result of", lifter, loop)
    if loop is None or frame is None:
        return Unknown(node.name, node.op, why)
    state = next((each for each in loop.states.values() if each.exit == node.name), None)
    if state is None:
        return Unknown(node.name, node.op, why)
    new, _ = chains.new_of(view, state.next)
    parts = _last_states(lifter, frame, new)
    if not parts:
        return Unknown(node.name, node.op, why)
    if len(parts) == 1:
        return parts[0]
    return lifter.operation(node, "keras.ops.concatenate", parts, axis=1)


def _last_states(lifter: Lifter, frame: str, new: str) -> list[Tensor]:
    """Returns the last value of a state, or those of states that it joins; none if unknown."""
    known = lifter.last_states.get((frame, new))
    if known is not None:
        return [known]
    if lifter.view.op(new) != "ConcatV2":
        return []
    found = [
        _last_states(lifter, frame, core(lifter.view, each))
        for each in lifter.view.inputs(new)[:-1]
    ]
    return [each for part_ in found for each in part_] if all(found) else []


def gathering(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the outputs of all turns."""
    view = lifter.view
    leaves, of = core(view, node.input[2]), None
    for frame, loop in recurrence.of(view).loops.items():
        for body, (_, written) in loop.arrays.items():
            if leaves == f"{node_of(body)}:0":
                of = loop
                value = lifter.value(written)
                if isinstance(value, Steps) and value.frame == frame:
                    rank = len(value.tensor.shape or (0, 0, 0))
                    order = (1, 0, *range(2, rank))
                    return _sequences.transposed(node, lifter, value.tensor, order)
    return Unknown(node.name, node.op, _why("joins the results of", lifter, of))


def _why(what: str, lifter: Lifter, loop: Loop | None) -> str:
    """Returns the end of a sentence that says why a loop has no counterpart."""
    said = reasons.reason(lifter.view, loop)
    return f"{what} a while loop that is no recurrent layer of Keras{': ' if said else ''}{said}"


def reverse_series(node: Any, lifter: Lifter) -> Value | None:
    """Lifts series in reverse order, up to the end of each."""
    view = lifter.view
    series, lengths = lifter.tensor(node.input[0]), lifter.tensor(node.input[1])
    axis, rows = (view.attribute(node.name, each) or 0 for each in ("seq_dim", "batch_dim"))
    if series is None or lengths is None or series.shape is None or {axis, rows} != {0, 1}:
        return None
    if axis == 0:
        order = (1, 0, *range(2, len(series.shape)))
        series = _sequences.transposed(node, lifter, series, order)
    known = lifter.reversed_series.get(series)
    if known is not None and known[1] == lengths:
        made = known[0]
    else:
        made = _recurrent.reversed_series(node, lifter, series, lengths)
    return _sequences.transposed(node, lifter, made, order) if axis == 0 else made


PATTERNS = (
    Pattern(_recurrent.NAME, ROOTS, cell_in_loop, _recurrent.KERAS, order=0),
    Pattern(f"last state of a {_recurrent.NAME}", ("Exit",), leaving, "return_state=True"),
    Pattern(f"outputs of a {_recurrent.NAME}", ("TensorArrayGatherV3",), gathering, "the sequence"),
    Pattern("reverse order of series", ("ReverseSequence",), reverse_series, "go_backwards=True"),
)
