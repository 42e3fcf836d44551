"""Lifts products of stacks of matrices, as in attention, and dense layers on sequences."""

from __future__ import annotations

from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Dimension, Value, Weight
from tf_recipes.convert.patterns.dense import DENSE
from tf_recipes.convert.patterns.shapes import sizes
from tf_recipes.convert.program.expressions import Origin, Tensor, Transform

_BATCHED = ("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")


def batch_product(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the product of each matrix of one stack with that of another one."""
    names = lifter.view.inputs(node.name)
    flips = [bool(lifter.view.attribute(node.name, each)) for each in ("adj_x", "adj_y")]
    rows, kernel = lifter.tensor(names[0]), _kernel(names[1], lifter)
    if rows is not None and kernel is not None and not flips[0]:
        return dense(node, lifter, rows, kernel, flips[1])
    factors = [lifter.argument(each) for each in names]
    if any(each is None for each in factors):
        return None
    for k, flip in enumerate(flips):
        if flip:
            shape = getattr(factors[k], "shape", None) or lifter.view.shape(names[k])
            rank = lifter.view.rank(names[k]) or (len(shape) if shape else None)
            if rank is None:
                return None
            order = (*range(rank - 2), rank - 1, rank - 2)
            factors[k] = lifter.derived(
                node,
                "keras.ops.transpose",
                factors[k],
                order,
                shape=tuple(shape[each] for each in order) if shape else None,
            )
    return lifter.operation(node, "keras.ops.matmul", *factors)


def _kernel(name: str, lifter: Lifter) -> Weight | None:
    """Returns the variable that is the same matrix for each row of a batch, or None."""
    view = lifter.view
    weight = lifter.weight(name)
    if weight is not None:
        return weight if len(weight.shape) == 2 else None
    tiled = view.node(view.behind(name))
    if tiled.op != "Tile":
        return None
    expanded, counts = view.node(view.behind(tiled.input[0])), sizes(tiled.input[1], lifter)
    if counts is None or any(each != 1 for each in counts[0][1:]):
        return None
    if expanded.op == "ExpandDims" and lifter.scalar(expanded.input[1]) == 0:
        weight = lifter.weight(expanded.input[0])
    elif expanded.op == "Reshape" and view.rank(expanded.name) == 3:
        weight = lifter.weight(expanded.input[0])
        if weight is not None and view.shape(expanded.name) != (1, *weight.shape):
            return None
    return weight if weight is not None and len(weight.shape) == 2 else None


def dense(node: Any, lifter: Lifter, rows: Tensor, kernel: Weight, flip: bool) -> Tensor:
    """Returns a dense layer without a bias on the last axis of a tensor.

    Args:
        node: the node that gives the product.
        lifter: the lifter.
        rows: the tensor.
        kernel: the variable.
        flip: True for a variable that the graph holds transposed.
    """
    transform = Transform("transpose", (("order", (1, 0)),)) if flip else None
    units = kernel.shape[0] if flip else kernel.shape[1]
    return lifter.layer(
        node,
        DENSE,
        rows,
        [units],
        {"use_bias": False},
        {"kernel": Origin((kernel.name,), transform)},
    )


def einsum(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a sum of products by its letters."""
    equation = lifter.view.attribute(node.name, "equation")
    names = lifter.view.inputs(node.name)
    left, _, result = str(equation).replace(" ", "").partition("->")
    parts = left.split(",")
    rows = lifter.tensor(names[0])
    kernel = lifter.weight(names[1]) if len(names) == 2 else None
    if rows is not None and kernel is not None and len(parts[1]) == 2:
        summed, units = parts[1][0], parts[1][1]
        if parts[0][-1:] == summed and result == parts[0][:-1] + units:
            return dense(node, lifter, rows, kernel, flip=False)
        if parts[0][-1:] == units and result == parts[0][:-1] + summed:
            return dense(node, lifter, rows, kernel, flip=True)
    factors = [lifter.argument(each) for each in names]
    if any(each is None for each in factors):
        return None
    return lifter.operation(node, "keras.ops.einsum", equation, *factors)


def dense_on_sequence(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a dense layer on sequences, whose rows TF1 brings into one matrix and back again."""
    tensor, target = lifter.tensor(node.input[0]), sizes(node.input[1], lifter)
    layer = tensor.step.layer if tensor is not None else None
    if tensor is None or target is None or layer is None or layer.path != DENSE:
        return None
    flat = tensor.step.arguments[0]
    if not _is_flattened(flat):
        return None
    before: Tensor = flat.step.arguments[0]
    shape, units = before.shape, layer.arguments[0]
    if shape is None or len(shape) < 3 or shape[-1] != flat.shape[-1]:
        return None
    alone = units == 1 and len(target[0]) == len(shape) - 1  # the column becomes no axis
    kept = target[0] if alone else target[0][:-1]
    if len(kept) != len(shape) - 1 or not _same_rows(kept, shape[:-1]):
        return None
    if not alone and target[0][-1] not in (units, -1):
        return None
    step = lifter.program.add(
        layer,
        (before,),
        dict(tensor.step.keywords),
        [(*shape[:-1], units)],
        [tensor.dtype],
        [*tensor.step.nodes, node.name],
        tensor.step.scope,
    )
    if not alone:
        return Tensor(step)
    return lifter.derived(node, "keras.ops.squeeze", Tensor(step), axis=-1, shape=shape[:-1])


def _is_flattened(tensor: Tensor) -> bool:
    """Returns whether a tensor is a matrix of the rows of a tensor with more axes."""
    return tensor.step.callee == "keras.ops.reshape" and len(tensor.shape or ()) == 2


def _same_rows(target: tuple[Any, ...], shape: tuple[int | None, ...]) -> bool:
    """Returns whether the dimensions of a target are those of a shape; one may be open."""
    open_ones = 0
    for axis, (wanted, size) in enumerate(zip(target, shape, strict=True)):
        if isinstance(wanted, Dimension):
            if wanted.axis != axis or wanted.times or size is not None:
                return False
        elif wanted == -1:
            open_ones += 1
        elif size is not None and wanted != size:
            return False
    return open_ones <= 1


PATTERNS = (
    Pattern("product of stacks", _BATCHED, batch_product, "keras.ops.matmul, keras.layers.Dense"),
    Pattern("einsum", ("Einsum",), einsum, "keras.ops.einsum, keras.layers.Dense"),
    Pattern(
        "dense layer on sequences",
        ("Reshape",),
        dense_on_sequence,
        "keras.layers.Dense(…)",
        order=20,
    ),
)
