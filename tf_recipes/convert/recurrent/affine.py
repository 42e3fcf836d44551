"""Reads what a cell computes of its inputs before an activation: products with variables, and sums.

TF1 programs write `x·W + h·U + b` in many ways: one product of the inputs and the state together,
one for each gate, or parts of a larger product. Here all of them are sums of blocks of variables.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from tf_recipes.convert.lifting.graph_view import GraphView

Range = tuple[int, int]


@dataclasses.dataclass(frozen=True)
class Block:
    """Describes a part of a variable: the rows and the columns; a vector has one row."""

    variable: str
    rows: Range
    columns: Range


@dataclasses.dataclass(frozen=True)
class Affine:
    """Describes a sum: `products` are pairs of a tensor and a block, `biases` blocks of vectors.

    `constant` is a number that the graph holds, such as the bias of a forget gate.
    """

    products: tuple[tuple[str, Block], ...]
    biases: tuple[Block, ...] = ()
    constant: float = 0.0

    def sources(self) -> list[str]:
        """Returns the tensors that are multiplied, each once."""
        return list(dict.fromkeys(name for name, _ in self.products))

    def __add__(self, other: Affine) -> Affine:
        return Affine(
            (*self.products, *other.products),
            (*self.biases, *other.biases),
            self.constant + other.constant,
        )


def core(view: GraphView, tensor: str) -> str:
    """Returns the tensor that a tensor is equal to, behind Identity, Enter and tf.cond's Switch."""
    name = view.behind(tensor)
    for _ in range(1000):
        node = view.node(name)
        if node.op not in ("Switch", "RefSwitch") or view.is_input(name):
            return name
        if view.op(view.behind(node.input[1])) == "LoopCond":
            return name
        name = view.behind(node.input[0])
    return name


def read(view: GraphView, tensor: str, columns: Range | None = None) -> Affine | None:
    """Returns the sum of products that a tensor is, or None where it is something else.

    Args:
        view: the graph.
        tensor: the name of the tensor, a matrix with a row for each row of the batch.
        columns: the columns that are wanted; None for all.
    """
    name = core(view, tensor)
    cut = part(view, name, columns)
    if cut is not None:
        return read(view, *cut)
    inputs = view.inputs(name)
    match view.op(name):
        case "BiasAdd" | "Add" | "AddV2" | "AddN":
            parts = [_summand(view, each, columns) for each in inputs]
            total = parts[0]
            for each in parts[1:]:
                if each is None or total is None:
                    return None
                total = total + each
            return total if total is not None and total.products else None
        case "MatMul":
            return _product(view, name, columns)
    return None


def _summand(view: GraphView, tensor: str, columns: Range | None) -> Affine | None:
    """Returns a part of a sum: products, a bias or a number."""
    array = view.constant(tensor)
    if array is not None:
        return Affine((), (), float(array)) if array.size == 1 else None
    bias = vector(view, tensor, columns)
    return bias if bias is not None else read(view, tensor, columns)


def vector(view: GraphView, tensor: str, columns: Range | None) -> Affine | None:
    """Returns the part of a variable with one axis that a tensor is, or None."""
    name = core(view, tensor)
    cut = part(view, name, columns)
    if cut is not None:
        return vector(view, *cut)
    variable = view.variable(name)
    shape = view.variable_shape(variable) if variable is not None else ()
    if variable is None or len(shape) != 1:
        return None
    return Affine((), (Block(variable, (0, 1), columns or (0, shape[0])),))


def _product(view: GraphView, name: str, columns: Range | None) -> Affine | None:
    node = view.node(name)
    if view.attribute(node.name, "transpose_a") or view.attribute(node.name, "transpose_b"):
        return None
    left, right = view.inputs(name)
    kernel = matrix(view, right)
    if kernel is None:
        return None
    if columns is not None:
        start = kernel.columns[0]
        kernel = dataclasses.replace(kernel, columns=(start + columns[0], start + columns[1]))
    products, row = [], kernel.rows[0]
    sources = list(_sources(view, left))
    widths = [_width(view, each) for each in sources]
    if widths.count(None) == 1:  # it has the rows that the others leave
        rest = sum(each for each in widths if each is not None)
        widths[widths.index(None)] = kernel.rows[1] - kernel.rows[0] - rest
    for source, width in zip(sources, widths, strict=True):
        if width is None:
            return None
        products.append((source, dataclasses.replace(kernel, rows=(row, row + width))))
        row += width
    return Affine(tuple(products)) if row == kernel.rows[1] else None


def matrix(view: GraphView, tensor: str) -> Block | None:
    """Returns the part of a variable with two axes that a tensor is, or None."""
    name = core(view, tensor)
    cut = part(view, name, None)
    if cut is not None:
        whole = matrix(view, cut[0])
        if whole is None:
            return None
        start = whole.columns[0]
        return dataclasses.replace(whole, columns=(start + cut[1][0], start + cut[1][1]))
    variable = view.variable(name)
    shape = view.variable_shape(variable) if variable is not None else ()
    if variable is None or len(shape) != 2:
        return None
    return Block(variable, (0, shape[0]), (0, shape[1]))


def _sources(view: GraphView, tensor: str) -> Iterator[str]:
    """Yields the tensors that are side by side in the rows of a tensor."""
    name = core(view, tensor)
    inputs = view.inputs(name)
    if view.op(name) == "ConcatV2" and _is_last(view, name, inputs[-1]):
        for each in inputs[:-1]:
            yield from _sources(view, each)
    elif view.op(name) == "Concat" and _is_last(view, name, inputs[0]):
        for each in inputs[1:]:
            yield from _sources(view, each)
    else:
        yield name


def _width(view: GraphView, tensor: str) -> int | None:
    variable = view.variable(tensor)
    shape = view.shape(tensor) if variable is None else view.variable_shape(variable)
    return shape[-1] if shape else None


def _is_last(view: GraphView, name: str, axis: str) -> bool:
    """Returns whether an axis is the last one of a tensor."""
    number = view.constant(axis)
    return number is not None and int(number) in (-1, (_rank(view, name) or 2) - 1)


def _rank(view: GraphView, name: str) -> int | None:
    """Returns the number of axes of a tensor, or of a variable's value."""
    variable = view.variable(name)
    return view.rank(name) if variable is None else len(view.variable_shape(variable))


def part(view: GraphView, name: str, columns: Range | None) -> tuple[str, Range] | None:
    """Returns the tensor and the columns of it that a tensor is; None where it is no such part.

    Args:
        view: the graph.
        name: the name of the tensor.
        columns: the columns of the tensor that are wanted; None for all.
    """
    node, place = view.node(name), int(name.partition(":")[2] or 0)
    inputs = view.inputs(name)
    first: int | None = None
    width = 0
    match node.op:
        case "Split":
            whole = _width(view, inputs[1])
            if whole is not None and _is_last(view, inputs[1], inputs[0]):
                width = whole // int(view.attribute(node.name, "num_split"))
                taken, first = inputs[1], width * place
        case "SplitV":
            sizes = view.constant(inputs[1])
            if sizes is not None and -1 not in sizes and _is_last(view, inputs[0], inputs[2]):
                taken, width = inputs[0], int(sizes[place])
                first = int(sizes[:place].sum())
        case "StridedSlice":
            taken = inputs[0]
            bounds = _last_columns(view, name)
            if bounds is not None:
                first, width = bounds[0], bounds[1] - bounds[0]
        case "Slice":
            begin, size = view.constant(inputs[1]), view.constant(inputs[2])
            whole = _width(view, inputs[0])
            if begin is None or size is None or whole is None:
                return None
            if not np.any(begin[:-1]) and np.all(size[:-1] == -1):
                taken, first = inputs[0], int(begin[-1])
                width = int(size[-1]) if size[-1] != -1 else whole - first
    if first is None:
        return None
    start, stop = columns or (0, width)
    return taken, (first + start, first + stop)


def _last_columns(view: GraphView, name: str) -> Range | None:
    """Returns the columns of an index such as `x[:, 4:8]`, or None for another index."""
    node, inputs = view.node(name), view.inputs(name)
    begin, end, step = (view.constant(each) for each in inputs[1:])
    whole, rank = _width(view, inputs[0]), _rank(view, inputs[0])
    if begin is None or end is None or step is None or whole is None or np.any(step != 1):
        return None
    masks = {
        kind: int(view.attribute(node.name, f"{kind}_mask") or 0)
        for kind in ("begin", "end", "ellipsis", "new_axis", "shrink_axis")
    }
    if masks["ellipsis"] or masks["new_axis"] or masks["shrink_axis"] or len(begin) != rank:
        return None
    last = len(begin) - 1
    for axis in range(last):
        if not (masks["begin"] >> axis & 1 or begin[axis] == 0) or not masks["end"] >> axis & 1:
            return None
    start = 0 if masks["begin"] >> last & 1 else int(begin[last])
    stop = whole if masks["end"] >> last & 1 else int(end[last])
    start, stop = (each + whole if each < 0 else each for each in (start, stop))
    return start, min(stop, whole)
