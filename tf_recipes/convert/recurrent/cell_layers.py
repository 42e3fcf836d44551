"""Makes the recurrent layer of Keras for a cell of TF1: its class, arguments and weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tf_recipes.convert.program.expressions import Layer, Named, Origin, Transform
from tf_recipes.convert.recurrent.cell import Cell

_PATHS = {
    "lstm": "keras.layers.LSTM",
    "gru": "keras.layers.GRU",
    "simple": "keras.layers.SimpleRNN",
}
_HARD_SIGMOID = Named("tf_recipes.hard_sigmoid")  # Keras' own has another slope than TF1's


def layer(
    cell: Cell, state: str, inputs: Sequence[Sequence[str]], keywords: dict[str, Any], dtype: str
) -> Layer:
    """Returns the layer of a cell.

    Args:
        cell: the cell.
        state: the tensor of the state before.
        inputs: the other tensors that the gates multiply, in the order of their columns; those
            that are equal together.
        keywords: keyword arguments of the class, such as `return_sequences`.
        dtype: the name of the dtype.
    """
    sources = [_width(cell, each) for each in inputs]
    weights = {
        "cell.kernel": _kernel(cell, list(zip(inputs, sources, strict=True)), sum(sources)),
        "cell.recurrent_kernel": _kernel(cell, [([state], cell.units)], cell.units),
    }
    bias = _bias(cell)
    if bias is not None:
        weights["cell.bias"] = bias
    given: dict[str, Any] = {}
    inner, outer = cell.gates[0].activation, cell.gates[-1].activation
    if cell.kind == "lstm":
        outer = cell.gates[2].activation
    if outer != "tanh":
        given["activation"] = _named(outer)
    if cell.kind != "simple" and inner != "sigmoid":
        given["recurrent_activation"] = _named(inner)
    if bias is None:
        given["use_bias"] = False
    given.update(keywords)
    if cell.kind == "gru":
        given["reset_after"] = False
    if dtype != "float32":
        given["dtype"] = dtype
    names = [name for origin in weights.values() for name in origin.variables]
    return Layer(
        _PATHS[cell.kind],
        (cell.units,),
        tuple(given.items()),
        tuple(weights.items()),
        _scope(names) or cell.kind,
    )


def _named(activation: str) -> Any:
    return _HARD_SIGMOID if activation == "hard_sigmoid" else activation


def _width(cell: Cell, source: Sequence[str]) -> int:
    """Returns the number of columns of an input."""
    blocks = (b for gate in cell.gates for name, b in gate.sum.products if name in source)
    return next(each.rows[1] - each.rows[0] for each in blocks)


def _kernel(cell: Cell, sources: Sequence[tuple[Sequence[str], int]], rows: int) -> Origin:
    """Returns the origin of a kernel: the blocks of all gates side by side."""
    variables: list[str] = []
    blocks = []
    for k, gate in enumerate(cell.gates):
        row = 0
        for source, width in sources:
            for name, block in gate.sum.products:
                # a GRU's candidate multiplies the state after its reset gate
                same = name in source or (name == cell.scaled and cell.state in source)
                if same:
                    if block.variable not in variables:
                        variables.append(block.variable)
                    place = variables.index(block.variable)
                    sign = -1 if gate.negated else 1
                    to = (row, k * cell.units)
                    blocks.append((place, block.rows, block.columns, to, sign))
            row += width
    shape = (rows, len(cell.gates) * cell.units)
    return _origin(variables, shape, blocks, ())


def _bias(cell: Cell) -> Origin | None:
    """Returns the origin of the bias, or None for a cell without one."""
    variables: list[str] = []
    blocks, added = [], []
    for k, gate in enumerate(cell.gates):
        start, sign = k * cell.units, -1 if gate.negated else 1
        for block in gate.sum.biases:
            if block.variable not in variables:
                variables.append(block.variable)
            place = variables.index(block.variable)
            blocks.append((place, block.rows, block.columns, (0, start), sign))
        if gate.sum.constant:
            added.append((start, start + cell.units, sign * gate.sum.constant))
    if not variables:
        return None
    return _origin(variables, (len(cell.gates) * cell.units,), blocks, tuple(added))


def _origin(
    variables: Sequence[str], shape: tuple[int, ...], blocks: Sequence[Any], added: tuple[Any, ...]
) -> Origin:
    arguments: list[tuple[str, Any]] = [("shape", shape), ("blocks", tuple(blocks))]
    if added:
        arguments.append(("added", added))
    return Origin(tuple(variables), Transform("arranged", tuple(arguments)))


def biases_of_one(cell: Cell) -> bool:
    """Returns whether each gate has one bias at most; Keras has one, TF1 trains each by itself."""
    return all(len(gate.sum.biases) <= 1 for gate in cell.gates)


def _scope(names: Sequence[str]) -> str:
    """Returns the scope that some variables have in common."""
    parts = [name.split("/")[:-1] for name in names]
    common: list[str] = []
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        common.append(level[0])
    return "/".join(common)
