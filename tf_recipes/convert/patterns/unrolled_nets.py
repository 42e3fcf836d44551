"""Lifts unrolled recurrent nets: to SimpleRNN, LSTM and GRU layers of Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Unknown, Value
from tf_recipes.convert.patterns import _recurrent, _sequences
from tf_recipes.convert.program.expressions import Tensor
from tf_recipes.convert.recurrent import chains, recurrence
from tf_recipes.convert.recurrent.affine import core
from tf_recipes.convert.recurrent.cells import ROOTS
from tf_recipes.convert.recurrent.chains import Chain, nodes_of
from tf_recipes.convert.recurrent.loops import copied
from tf_recipes.graph.nodes import node_of


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
            lifter.give(each, value, _recurrent.NAME)
    for tensors, state in ((last, made.state), (memory, made.memory)):
        for each in tensors:
            if state is not None and not (plain and sequence and each in outputs[final]):
                lifter.give(each, state, _recurrent.NAME)
    for cell in cells:
        if f"{cell.root}" not in lifter.values:
            reason = "is a step of a recurrent layer"
            lifter.give(cell.root, Unknown(node_of(cell.root), "cell", reason), _recurrent.NAME)
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
    Pattern(f"{_recurrent.NAME}, unrolled", ROOTS, cell_in_chain, _recurrent.KERAS, order=0),
)
