"""Adds recurrent layers to a program: their masks, states and directions."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.values import Dimension
from tf_recipes.convert.patterns import _sequences, _sizes
from tf_recipes.convert.program.expressions import Made, Tensor
from tf_recipes.convert.recurrent import cell_layers
from tf_recipes.convert.recurrent.affine import core
from tf_recipes.convert.recurrent.cell import Cell

NAME = "recurrent layer"  # of the patterns
KERAS = "keras.layers.LSTM(…), keras.layers.GRU(…), keras.layers.SimpleRNN(…)"


@dataclasses.dataclass(frozen=True)
class Results:
    """Holds what a recurrent layer gives: the sequence or None, and the last states."""

    sequence: Tensor | None
    state: Tensor | None
    memory: Tensor | None


def is_zero(lifter: Lifter, tensor: str) -> bool:
    """Returns whether a tensor of the graph is zero everywhere."""
    view = lifter.view
    array = view.constant(tensor)
    if array is not None:
        return not np.any(array)
    node = view.node(core(view, tensor))
    if node.op == "Fill":
        number = view.constant(node.input[1])
        return number is not None and not np.any(number)
    if node.op in ("Split", "SplitV", "StridedSlice", "Slice", "Unpack"):
        return is_zero(lifter, node.input[1 if node.op == "Split" else 0])
    return node.op == "ZerosLike"


def initial_state(lifter: Lifter, first: Sequence[str | None]) -> list[Tensor] | None:
    """Returns the states that a layer begins with; an empty list for zeros.

    Args:
        lifter: the lifter.
        first: the tensors of the graph.

    Returns:
        None where a tensor has no counterpart.
    """
    names = [each for each in first if each is not None]
    if all(is_zero(lifter, each) for each in names):
        return []
    values = [lifter.argument(each) for each in names]
    if any(value is None for value in values):
        return None
    return [lifter.as_tensor(lifter.value(each), each) for each in names]


def mask_of(node: Any, lifter: Lifter, lengths: Tensor, series: Tensor) -> Tensor:
    """Returns the tensor that is true for the entries of series that have not ended.

    Args:
        node: the node that it is for.
        lifter: the lifter.
        lengths: the lengths of the series.
        series: the tensor of the series, rows before time.
    """
    shape = series.shape
    assert shape is not None  # it has rows and time
    column = _column(node, lifter, lengths)
    numbers = places(node, lifter, series)
    return lifter.derived(node, ">", column, numbers, shape=shape[:2], dtype="bool", scope="mask")


def _column(node: Any, lifter: Lifter, lengths: Tensor) -> Tensor:
    """Returns lengths as a matrix with one column."""
    rows = (lengths.shape or (None,))[0]
    return lifter.derived(
        node,
        "keras.ops.expand_dims",
        lengths,
        axis=1,
        shape=(rows, 1),
        dtype=lengths.dtype,
        scope=f"{lengths.step.scope}_column",
    )


def places(node: Any, lifter: Lifter, series: Tensor) -> Any:
    """Returns the numbers of the entries of series, as an argument."""
    assert series.shape is not None  # it has rows and time
    if series.shape[1] is not None:
        return Made("keras.ops.arange", (series.shape[1],))
    vector = _sizes.along(node, lifter, Dimension(series, 1))
    ones = lifter.derived(
        node,
        "keras.ops.ones_like",
        vector,
        dtype="int32",
        shape=vector.shape,
        also={"dtype": "int32"},
    )
    summed = lifter.derived(
        node, "keras.ops.cumsum", ones, axis=0, shape=vector.shape, dtype="int32"
    )
    return lifter.derived(
        node, "-", summed, 1, shape=vector.shape, dtype="int32", scope="positions"
    )


def reversed_series(node: Any, lifter: Lifter, series: Tensor, lengths: Tensor) -> Tensor:
    """Returns series with their entries in reverse order, up to the end of each."""
    shape = series.shape
    assert shape is not None  # it has rows and time
    mask = mask_of(node, lifter, lengths, series)
    column = _column(node, lifter, lengths)
    numbers = places(node, lifter, series)
    dtype = lengths.dtype
    last = lifter.derived(node, "-", column, 1, shape=column.shape, dtype=dtype, scope="last_place")
    opposite = lifter.derived(
        node, "-", last, numbers, shape=shape[:2], dtype=dtype, scope="opposite_place"
    )
    order = lifter.derived(
        node,
        "keras.ops.where",
        mask,
        opposite,
        numbers,
        shape=shape[:2],
        dtype=dtype,
        scope="order",
    )
    ones = (None,) * (len(shape) - 2)
    taken = lifter.derived(
        node, "[]", order, (..., *ones), shape=(*shape[:2], *(1 for _ in ones)), dtype=order.dtype
    )
    made = lifter.derived(
        node,
        "keras.ops.take_along_axis",
        series,
        taken,
        axis=1,
        shape=shape,
        dtype=series.dtype,
    )
    lifter.reversed_series[made] = series, lengths
    return made


def add_layer(
    node: Any,
    lifter: Lifter,
    cell: Cell,
    state: str,
    inputs: Sequence[tuple[str, Tensor]],
    first: Sequence[Tensor],
    lengths: Tensor | None,
    wanted: tuple[bool, bool, bool],
) -> Results:
    """Adds the layer of a cell to the program.

    Args:
        node: the node that gives the cell's output.
        lifter: the lifter.
        cell: the cell.
        state: the tensor of the graph with the state before.
        inputs: pairs of a tensor of the graph that the cell takes, and its series.
        first: the states that it begins with; nothing for zeros.
        lengths: the lengths of the series, or None.
        wanted: True for the sequence, for the last state and for the last memory.
    """
    names: dict[Tensor, list[str]] = {}
    for name, tensor in inputs:  # a program may take an entry of a series twice
        names.setdefault(tensor, []).append(name)
    series = inputs[0][1]
    if len(names) > 1:
        shapes = [each.shape for each in names]
        widths = [shape[-1] if shape is not None else None for shape in shapes]
        width = None if None in widths else sum(each for each in widths if each is not None)
        shape = (*shapes[0][:-1], width) if shapes[0] is not None else None
        parts = list(names)
        series = lifter.derived(
            node, "keras.ops.concatenate", parts, axis=-1, shape=shape, dtype=series.dtype
        )
    series, lengths_here, backwards = _direction(series, lengths, lifter)
    sequence, last, memory = wanted
    keywords: dict[str, Any] = {}
    if sequence:
        keywords["return_sequences"] = True
    states = memory or (last and (sequence or lengths is not None))
    if states:
        keywords["return_state"] = True
    if backwards:
        keywords["go_backwards"] = True
    if lengths is not None and sequence:
        keywords["zero_output_for_mask"] = True
    layer = cell_layers.layer(cell, state, list(names.values()), keywords, series.dtype)
    call: dict[str, Any] = {}
    if lengths_here is not None:
        call["mask"] = mask_of(node, lifter, lengths_here, series)
    if first:
        call["initial_state"] = list(first) if len(first) > 1 else first[0]
    rows, time = series.shape[:2] if series.shape is not None else (None, None)
    one = (rows, cell.units)
    shapes_ = [(rows, time, cell.units) if sequence else one]
    if states:
        shapes_ += [one] * (2 if cell.kind == "lstm" else 1)
    step = lifter.program.add(
        layer,
        (series,),
        call,
        shapes_,
        [series.dtype] * len(shapes_),
        [node.name],
        layer.scope,
        sequence=states,
    )
    if not cell_layers.biases_of_one(cell):
        lifter.note(
            Tensor(step), "joins several biases that are added, which TF1 trains one by one"
        )
    made: Tensor | None = Tensor(step) if sequence else None
    if backwards and made is not None:
        made = _turned_back(node, lifter, made, lengths)
    return Results(
        made,
        Tensor(step, 1) if states else (None if sequence else Tensor(step)),
        Tensor(step, 2) if states and cell.kind == "lstm" else None,
    )


def _direction(
    series: Tensor, lengths: Tensor | None, lifter: Lifter
) -> tuple[Tensor, Tensor | None, bool]:
    """Returns the series from their beginning, the lengths, and whether to go backwards."""
    if lengths is None:
        before = _sequences.flip_of(series, 1)
        return (series, None, False) if before is None else (before, None, True)
    known = lifter.reversed_series.get(series)
    if known is not None and known[1] == lengths:
        return known[0], lengths, True
    return series, lengths, False


def _turned_back(node: Any, lifter: Lifter, made: Tensor, lengths: Tensor | None) -> Tensor:
    """Returns what TF1 gives for reversed series: the order in which Keras computes it."""
    if lengths is None:
        return made
    forward = _sequences.flipped(node, lifter, made, (1,))
    return reversed_series(node, lifter, forward, lengths)
