"""Lifts recurrent nets in loops and unrolled ones: to SimpleRNN, LSTM and GRU layers of Keras."""

from __future__ import annotations

import dataclasses
import string
from collections.abc import Iterator, Sequence
from typing import Any

from tf_recipes.convert.lifting.lifter import DROPOUTS, Lifter
from tf_recipes.convert.lifting.pattern import Pattern
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
from tf_recipes.convert.recurrent import chains, last_output, reasons, recurrence
from tf_recipes.convert.recurrent.affine import core, part
from tf_recipes.convert.recurrent.cells import ROOTS
from tf_recipes.convert.recurrent.chains import Chain, nodes_of
from tf_recipes.convert.recurrent.loops import Loop, State, copied
from tf_recipes.graph.nodes import RANDOM, node_of

_LAYERS = "recurrent layer"
_LETTERS = string.ascii_letters
_KEPT = "The series begin with this state of the checkpoint; TF1 may change it after each run."
_KERAS = "keras.layers.LSTM(…), keras.layers.GRU(…), keras.layers.SimpleRNN(…)"
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
    if layer is None or (noise is not None and not same) or same == _drawn_in_turn(node.name, lifter):
        return Unknown(node.name, node.op, "drops the same entries in each turn of a loop")
    inside = f"{loop.frame.rpartition('/')[0]}/"  # TF1 names what is in a loop after the loop, too
    if f"{layer.scope}/".startswith(inside):
        scope = layer.scope.removeprefix(inside[:-1]).strip("/")
        scope = scope or f"dropout{node.name.removeprefix(inside).lstrip(_LETTERS)}"
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
            lifter.give(each, made.state, _LAYERS)
    lifter.last_states[loop.frame, cell.root] = made.state
    if cell.new_memory is not None:
        lifter.last_states[loop.frame, cell.new_memory] = made.memory
    step: Value = Unknown(node.name, node.op, "is a step of a recurrent layer")
    if made.sequence is not None:
        step = Steps(made.sequence, loop.frame, masked=lengths is not None)
    return [step if each == cell.root else Unknown(node.name, node.op) for each in view.outputs_of(node.name)]


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
        if columns is not None:
            rows = state.shape[0] if state.shape is not None else None
            index = (slice(None), slice(columns[0] or None, columns[1]))
            shape = (rows, columns[1] - columns[0])
            state = lifter.derived(
                node, "[]", state, index, shape=shape, dtype=state.dtype, scope="first_state"
            )
        made.append(state)
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


def cell_in_chain(node: Any, lifter: Lifter) -> Sequence[Value] | None:
    """Lifts the cells of an unrolled net to a recurrent layer."""
    view = lifter.view
    chain = recurrence.of(view).chains.get(node.name)
    if chain is None or node.name in lifter.refused_chains:
        return None
    found = _unrolled(node, lifter, chain)
    if found is None:
        lifter.refused_chains |= {node_of(cell.root) for cell in chain.cells}
    return found


def _unrolled(node: Any, lifter: Lifter, chain: Chain) -> Sequence[Value] | None:
    cells = chain.cells
    own = nodes_of(cell.root for cell in cells)
    by_input = [cell.inputs(state) for cell, state in zip(cells, chain.states, strict=True)]
    lengths = None
    if chain.lengths is not None:
        found = lifter.demand(chain.lengths, own)
        if not isinstance(found, Tensor):
            return None
        lengths = found
    given = []
    for same in zip(*by_input, strict=True):
        values = [lifter.demand(each, own) for each in same]
        if not all(isinstance(each, Tensor) for each in values):
            return None
        given.append((same[0], _sequences.stacked(node, lifter, values, 1)))
    firsts = [chain.states[0], cells[0].memory]
    for each in firsts:
        zero = each is None or _recurrent.is_zero(lifter, each)
        if each is not None and not zero and lifter.demand(each, own) is None:
            return None
    first = _recurrent.initial_state(lifter, firsts)
    if first is None or not given:
        return None
    outputs, last, memory = _results_of(chain, lifter)
    used = [k for k, each in enumerate(outputs) if each]
    final = len(cells) - 1
    plain = chain.lengths is None  # then the last output is the last state
    sequence = bool(used) and (used != [final] or not plain)
    if plain and used == [final]:
        last = outputs[final]
    wanted = sequence, bool(last), bool(memory)
    if not any(wanted):
        return None
    made = _recurrent.add_layer(
        node, lifter, cells[0], chain.states[0], given, first, lengths, wanted
    )
    for k, tensors in enumerate(outputs):
        if not tensors or made.sequence is None:
            continue
        value = lifter.derived(
            node,
            "[]",
            made.sequence,
            (slice(None), k if k < final else -1),
            shape=(None, cells[0].units),
            dtype=made.sequence.dtype,
        )
        for each in tensors:
            lifter.give(each, value, _LAYERS)
    for tensors, state in ((last, made.state), (memory, made.memory)):
        for each in tensors:
            if state is not None and not (plain and sequence and each in outputs[final]):
                lifter.give(each, state, _LAYERS)
    for cell in cells:
        if f"{cell.root}" not in lifter.values:
            reason = "is a step of a recurrent layer"
            lifter.give(cell.root, Unknown(node_of(cell.root), "cell", reason), _LAYERS)
    return [lifter.value(each) for each in lifter.view.outputs_of(node.name)]


def _results_of(chain: Chain, lifter: Lifter) -> tuple[list[list[str]], list[str], list[str]]:
    """Returns the tensors of the outputs that are used, by step, and of the last states."""
    view = lifter.view
    roots = [cell.root for cell in chain.cells]
    memories = [cell.new_memory for cell in chain.cells]
    if chain.lengths is None:
        outputs = []
        for k, root in enumerate(roots):
            stops = nodes_of([*roots[k + 1 :], *memories[k + 1 :]])
            outputs.append([root] if chains.reaches_output(view, [root], stops) else [])
        last_memory = memories[-1]
        used = last_memory is not None and chains.reaches_output(
            view, [last_memory], nodes_of([roots[-1]])
        )
        return outputs, [], [last_memory] if used and last_memory is not None else []
    return _masked_results(chain, lifter, roots, memories)


def _masked_results(
    chain: Chain, lifter: Lifter, roots: list[str], memories: list[str | None]
) -> tuple[list[list[str]], list[str], list[str]]:
    """Returns the results of series with lengths: outputs and states are different tensors."""
    view = lifter.view
    copies: dict[str, list[str]] = {}
    for name in view.order:
        if view.nodes[name].op in ("Select", "SelectV2", "Merge"):
            found = copied(view, f"{name}:0")
            if found is not None:
                copies.setdefault(found.new, []).append(f"{name}:0")
    zeros = {
        root: [each for each in copies.get(root, []) if _old_is_zero(each, lifter)]
        for root in roots
    }
    carried = {
        new: [each for each in copies.get(new, []) if each not in zeros.get(new, [])]
        for new in (*roots, *(each for each in memories if each is not None))
    }
    barred = nodes_of([*roots, *memories, *(e for each in carried.values() for e in each)])
    outputs = []
    for k, root in enumerate(roots):
        # the first state is zero, too, so that it looks like an output
        starts = [each for each in zeros[root] if each != (chain.states[k + 1 : k + 2] or [""])[0]]
        stops = barred | nodes_of(each for each in zeros[root] if each not in starts)
        tops = _outermost(starts, view)
        outputs.append(tops if chains.reaches_output(view, tops, stops) else [])
    results = []
    for new in (roots[-1], memories[-1]):
        tops = _outermost(carried.get(new or "", []), view)
        used = chains.reaches_output(view, tops, nodes_of(roots))
        results.append(tops if used else [])
    return outputs, results[0], results[1]


def _outermost(tensors: list[str], view: Any) -> list[str]:
    """Returns the tensors that are not passed on to another one of them."""
    inner = {core(view, each) for tensor in tensors for each in view.inputs(tensor)}
    return [each for each in tensors if each not in inner]


def _old_is_zero(tensor: str, lifter: Lifter) -> bool:
    """Returns whether a tensor is zero in the rows whose series have ended."""
    view = lifter.view
    node = view.node(core(view, tensor))
    if node.op in ("Select", "SelectV2"):
        return _recurrent.is_zero(lifter, node.input[1])
    for each in view.inputs(node.name)[:2]:
        if copied(view, each) is not None:
            return _old_is_zero(each, lifter)
    return False


PATTERNS = (
    Pattern("tensor in a loop", ("Enter", "RefEnter"), entering, "the input"),
    Pattern("state of a loop", ("Merge",), state_in_turn, "no tensor of its own", order=1),
    Pattern("entry of a series", ("TensorArrayReadV3",), reading, "the series"),
    Pattern("in each turn of a loop", _IN_TURNS, in_turns, "the same for the series", order=2),
    Pattern("end of a series", ("Select", "SelectV2"), ended, "mask=…", order=1),
    Pattern(_LAYERS, ROOTS, cell_in_loop, _KERAS, order=0),
    Pattern(f"{_LAYERS}, unrolled", ROOTS, cell_in_chain, _KERAS, order=0),
    Pattern(f"last state of a {_LAYERS}", ("Exit",), leaving, "return_state=True"),
    Pattern(f"outputs of a {_LAYERS}", ("TensorArrayGatherV3",), gathering, "the sequence"),
    Pattern("reverse order of series", ("ReverseSequence",), reverse_series, "go_backwards=True"),
)
