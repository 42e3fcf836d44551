"""Recognises the cells that TF1 computes in one kernel, such as `LSTMBlockCell`."""

from __future__ import annotations

import dataclasses

from tf_recipes.convert.lifting.graph_view import GraphView
from tf_recipes.convert.recurrent.affine import Affine, Block, Range, core, matrix, vector
from tf_recipes.convert.recurrent.cell import Cell, Gate


def lstm_step(view: GraphView, name: str) -> Cell | None:
    """Returns the LSTM of one step: outputs i, memory, f, o, new, activated memory, output."""
    series, memory, state, kernel, *_, bias = view.inputs(name)
    return _lstm(view, name, series, memory, state, kernel, bias)


def lstm_series(view: GraphView, name: str) -> Cell | None:
    """Returns the LSTM of a kernel that computes a whole series."""
    _, series, memory, state, kernel, *_, bias = view.inputs(name)
    return _lstm(view, name, series, memory, state, kernel, bias)


def _lstm(
    view: GraphView, name: str, series: str, memory: str, state: str, kernel: str, bias: str
) -> Cell | None:
    clip = view.attribute(name, "cell_clip")
    if view.attribute(name, "use_peephole") or clip is None or clip > 0:
        return None
    sums = _sums(view, (core(view, series), core(view, state)), kernel, bias, 4)
    if sums is None:
        return None
    take, new, forget, output = sums
    constant = view.attribute(name, "forget_bias")
    forget = dataclasses.replace(forget, constant=float(1.0 if constant is None else constant))
    gates = (
        Gate("sigmoid", take),
        Gate("sigmoid", forget),
        Gate("tanh", new),
        Gate("sigmoid", output),
    )
    return Cell("lstm", f"{name}:6", core(view, state), core(view, memory), f"{name}:1", gates)


def gru_step(view: GraphView, name: str) -> Cell | None:
    """Returns the GRU of one step: outputs r, u, new, output."""
    series, state, kernel, new_kernel, bias, new_bias = view.inputs(name)
    state, scaled = core(view, state), f"{name}:reset"
    sums = _sums(view, (core(view, series), state), kernel, bias, 2)
    new = _sums(view, (core(view, series), scaled), new_kernel, new_bias, 1)
    if sums is None or new is None:
        return None
    reset, update = (Gate("sigmoid", each) for each in sums)
    gates = (update, reset, Gate("tanh", new[0]))
    return Cell("gru", f"{name}:3", state, None, None, gates, scaled)


def _sums(
    view: GraphView, sources: tuple[str, str], kernel: str, bias: str, count: int
) -> list[Affine] | None:
    """Returns the sums of gates that lie side by side in a kernel, whose last rows are a state's.

    Args:
        view: the graph.
        sources: the tensors of the inputs and of the state.
        kernel: the tensor of the kernel.
        bias: the tensor of the bias.
        count: the number of gates.
    """
    whole = matrix(view, kernel)
    if whole is None:
        return None
    (top, bottom), (left, right) = whole.rows, whole.columns
    units = (right - left) // count
    rows: tuple[Range, Range] = (top, bottom - units), (bottom - units, bottom)
    found = []
    for k in range(count):
        columns = (left + k * units, left + (k + 1) * units)
        products = tuple(
            (source, Block(whole.variable, each, columns))
            for source, each in zip(sources, rows, strict=True)
        )
        added = vector(view, bias, (k * units, (k + 1) * units))
        if added is None:
            return None
        found.append(Affine(products) + added)
    return found


KERNELS = {"LSTMBlockCell": lstm_step, "GRUBlockCell": gru_step}
