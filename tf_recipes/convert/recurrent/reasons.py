"""Says why a while loop is no recurrent layer of Keras, in the words of TF1's programs."""

from __future__ import annotations

from collections.abc import Callable

from tf_recipes.convert.lifting.graph_view import GraphView
from tf_recipes.convert.recurrent.affine import core
from tf_recipes.convert.recurrent.chains import new_of
from tf_recipes.convert.recurrent.loops import Loop
from tf_recipes.graph.nodes import RANDOM

_PASSING = ("Mul", "RealDiv", "Select", "SelectV2", "Identity")


def reason(view: GraphView, loop: Loop | None) -> str:
    """Returns what a loop has that the recurrent layers of Keras lack; "" where it is not known."""
    if loop is None:
        return ""
    return next((text for text, has in _REASONS if has(view, loop)), "")


def _ends_by_itself(view: GraphView, loop: Loop) -> bool:
    return not loop.bounds


def _has_peepholes(view: GraphView, loop: Loop) -> bool:
    """Returns whether a state is multiplied by a vector of a variable, entry by entry."""
    bodies = {core(view, each) for each in loop.states}
    states = bodies | {new_of(view, each.next)[0] for each in loop.states.values()}
    for name in _of(view, loop, "Mul"):
        first, second = (core(view, each) for each in view.inputs(name))
        for vector, state in ((first, second), (second, first)):
            variable = view.variable(vector)
            if variable and len(view.variable_shape(variable)) == 1 and state in states:
                return True
    return False


def _projects(view: GraphView, loop: Loop) -> bool:
    return any(view.op(new_of(view, each.next)[0]) == "MatMul" for each in loop.states.values())


def _clips(view: GraphView, loop: Loop) -> bool:
    """Returns whether a state is a result of clipping."""
    return any(
        view.op(new_of(view, each.next)[0]) in ("Minimum", "Maximum", "ClipByValue")
        for each in loop.states.values()
    )


def _normalises(view: GraphView, loop: Loop) -> bool:
    return bool(_of(view, loop, "Rsqrt") or _of(view, loop, "Moments"))


def _drops(view: GraphView, loop: Loop) -> bool:
    """Returns whether a state is multiplied by a random mask."""
    for state in loop.states.values():
        waiting, depth = [new_of(view, state.next)[0]], 0
        while waiting and depth < 30:
            depth += 1
            name = waiting.pop(0)
            if view.op(name) in RANDOM:
                return True
            if view.op(name) in (*_PASSING, "Floor", "Add", "AddV2", "Cast", "GreaterEqual"):
                waiting += [core(view, each) for each in view.inputs(name)]
    return False


def _is_masked(view: GraphView, loop: Loop) -> bool:
    """Returns whether a series of bools is read, as layers of tf.keras do after Masking."""
    return any(view.dtype(f"{name}:0") == "bool" for name in _of(view, loop, "TensorArrayReadV3"))


def _attends(view: GraphView, loop: Loop) -> bool:
    return bool(_of(view, loop, "Softmax") or _of(view, loop, "BatchMatMul", "BatchMatMulV2"))


def _of(view: GraphView, loop: Loop, *ops: str) -> list[str]:
    """Returns the nodes of a turn with some operations."""
    return [name for name in view.order if name in loop.nodes and view.nodes[name].op in ops]


_REASONS: tuple[tuple[str, Callable[[GraphView, Loop], bool]], ...] = (
    ("it ends by a condition of its own, as raw_rnn and the decoders of seq2seq", _ends_by_itself),
    ("its series are masked in each turn, as by the layer Masking of tf.keras", _is_masked),
    ("its cell has attention, as AttentionCellWrapper", _attends),
    ("its cell has peepholes (use_peepholes)", _has_peepholes),
    ("its cell has layer normalization", _normalises),
    ("its cell projects its output (num_proj)", _projects),
    ("its cell clips its memory (cell_clip)", _clips),
    ("its state is dropped (state_keep_prob)", _drops),
)
