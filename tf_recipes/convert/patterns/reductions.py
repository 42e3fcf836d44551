"""Lifts reductions: sums, means and so on of the entries along some axes, and where they stand."""

from __future__ import annotations

from typing import Any

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Value
from tf_recipes.convert.program.expressions import Tensor

FUNCTIONS = {
    "Sum": "sum",
    "Mean": "mean",
    "Max": "max",
    "Min": "min",
    "Prod": "prod",
    "All": "all",
    "Any": "any",
}


def reduction(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a reduction along some axes, or along all."""
    tensor, axes = _tensor(node.input[0], lifter), lifter.integers(node.input[1])
    if tensor is None or axes is None:
        return None
    if not axes:
        return tensor
    if node.op == "Mean" and tensor.dtype.startswith(("int", "uint")):
        return None  # TF1 rounds towards zero
    axis = _axis(axes, tensor)
    keep = True if lifter.view.attribute(node.name, "keep_dims") else None
    return lifter.operation(
        node, f"keras.ops.{FUNCTIONS[node.op]}", tensor, axis=axis, keepdims=keep
    )


def _axis(axes: tuple[int, ...], tensor: Tensor) -> Any:
    """Returns the axes as an argument: None for all, a number for one."""
    shape = tensor.shape
    if shape is not None and len({axis % len(shape) for axis in axes}) == len(shape):
        return None
    return axes[0] if len(axes) == 1 else axes


def _tensor(name: str, lifter: Lifter) -> Tensor | None:
    """Returns a tensor, or a variable as one; None for anything else."""
    argument = lifter.argument(name)
    return argument if isinstance(argument, Tensor) else None


def place_of_extreme(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the place of the largest or smallest entry along an axis."""
    tensor, axis = _tensor(node.input[0], lifter), lifter.integers(node.input[1])
    if tensor is None or axis is None:
        return None
    function = "keras.ops.argmax" if node.op == "ArgMax" else "keras.ops.argmin"
    shape = lifter.view.shape(node.name)
    return lifter.derived(node, function, tensor, axis=axis[0], shape=shape, dtype="int32")


def top(node: Any, lifter: Lifter) -> Any:
    """Lifts the largest entries of each row and their places."""
    tensor = _tensor(node.input[0], lifter)
    count = (
        lifter.scalar(node.input[1])
        if node.op == "TopKV2"
        else lifter.view.attribute(node.name, "k")
    )
    if tensor is None or count is None:
        return None
    sorted_ = None if lifter.view.attribute(node.name, "sorted") is not False else False
    names = lifter.view.outputs_of(node.name)
    first = lifter.operation(
        node, "keras.ops.top_k", tensor, int(count), sorted=sorted_, result=names
    )
    return [Tensor(first.step, 0), Tensor(first.step, 1)]


def in_top(node: Any, lifter: Lifter) -> Value | None:
    """Lifts whether the entry at a place is one of the largest of its row."""
    tensor, targets = (_tensor(each, lifter) for each in node.input[:2])
    count = (
        lifter.scalar(node.input[2])
        if node.op == "InTopKV2"
        else lifter.view.attribute(node.name, "k")
    )
    if tensor is None or targets is None or count is None:
        return None
    return lifter.operation(node, "keras.ops.in_top_k", targets, tensor, k=int(count))


def cumulated(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a sum or product of the entries so far."""
    tensor, axis = _tensor(node.input[0], lifter), lifter.integers(node.input[1])
    other = any(lifter.view.attribute(node.name, each) for each in ("exclusive", "reverse"))
    if tensor is None or axis is None or other:
        return None
    function = "keras.ops.cumsum" if node.op == "Cumsum" else "keras.ops.cumprod"
    return lifter.operation(node, function, tensor, axis=axis[0])


def total(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the sum of several tensors."""
    names = lifter.view.inputs(node.name)
    given = [lifter.argument(each) for each in names]
    if any(each is None for each in given):
        return None
    if len(given) == 1:
        return lifter.value(names[0])
    first = next((each for each in given if isinstance(each, Tensor)), None)
    if first is None:
        first = lifter.as_tensor(lifter.value(names[0]), names[0])
        given[0] = first
    given.remove(first)
    shape = lifter.view.shape(node.name)
    for each in given:
        first = lifter.derived(node, "+", first, each, shape=shape)
    return first


def half_square(node: Any, lifter: Lifter) -> Value | None:
    """Lifts half of the sum of the squares, TF1's `l2_loss`."""
    tensor = _tensor(node.input[0], lifter)
    if tensor is None:
        return None
    square = lifter.derived(node, "keras.ops.square", tensor, shape=tensor.shape)
    summed = lifter.derived(node, "keras.ops.sum", square, shape=())
    return lifter.operation(node, "/", summed, 2)


def norm(node: Any, lifter: Lifter) -> Value | None:
    """Lifts the root of the sum of the squares."""
    tensor, axes = _tensor(node.input[0], lifter), lifter.integers(node.input[1])
    if tensor is None or not axes:
        return None
    square = lifter.derived(node, "keras.ops.square", tensor, shape=tensor.shape)
    axis = _axis(axes, tensor)
    keep: dict[str, Any] = {} if axis is None else {"axis": axis}
    if lifter.view.attribute(node.name, "keep_dims"):
        keep["keepdims"] = True
    summed = lifter.derived(
        node, "keras.ops.sum", square, shape=lifter.view.shape(node.name), **keep
    )
    return lifter.operation(node, "keras.ops.sqrt", summed)


PATTERNS = (
    Pattern("reduction", tuple(FUNCTIONS), reduction, "keras.ops.sum, keras.ops.mean, …"),
    Pattern(
        "place of an extreme", ("ArgMax", "ArgMin"), place_of_extreme, "keras.ops.argmax, …argmin"
    ),
    Pattern("largest entries", ("TopKV2", "TopK"), top, "keras.ops.top_k"),
    Pattern("among the largest", ("InTopKV2", "InTopK"), in_top, "keras.ops.in_top_k"),
    Pattern("cumulated", ("Cumsum", "Cumprod"), cumulated, "keras.ops.cumsum, keras.ops.cumprod"),
    Pattern("sum of tensors", ("AddN",), total, "… + … + …"),
    Pattern("L2Loss", ("L2Loss",), half_square, "keras.ops.sum(keras.ops.square(…)) / 2"),
    Pattern("norm", ("EuclideanNorm",), norm, "keras.ops.sqrt(keras.ops.sum(…))"),
)
