"""Lifts transposed convolutions."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf_recipes.convert.lifting.lifter import Lifter
from tf_recipes.convert.lifting.pattern import Pattern
from tf_recipes.convert.lifting.values import Unknown, Value, Weight
from tf_recipes.convert.patterns import _layout, _spatial, convolution
from tf_recipes.convert.patterns._spatial import Window
from tf_recipes.convert.program.expressions import Tensor

OPS = ("Conv2DBackpropInput", "Conv3DBackpropInputV2")


def transposed(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a transposed convolution as it is."""
    window = _spatial.window(node, lifter, lifter.view.inputs(node.name)[2])
    return _lifted(node, lifter, window)


def of_one_dimension(node: Any, lifter: Lifter) -> Value | None:
    """Lifts a transposed convolution of two dimensions, one of which TF1 adds and removes."""
    if _spatial.inner_op(node, lifter) != "Conv2DBackpropInput":
        return None
    found = _spatial.window_of_1d(node, lifter, taken=2)
    return None if found is None else _lifted(node, lifter, found)


def _lifted(node: Any, lifter: Lifter, window: Window) -> Value | None:
    tensor = lifter.tensor(window.source)
    if tensor is None:
        return None
    if not window.first:
        return _layer(node, lifter, window, tensor)
    result = _layer(node, lifter, window, _layout.to_last(node, lifter, tensor))
    return _layout.to_first(node, lifter, result) if isinstance(result, Tensor) else result


def _layer(node: Any, lifter: Lifter, window: Window, tensor: Tensor) -> Value | None:
    view, name = lifter.view, window.node.name
    strides = window.spatial(view.attribute(name, "strides"))
    padding = str(view.attribute(name, "padding")).lower()
    dilations = view.attribute(name, "dilations") or ()
    shape = _kernel_shape(lifter, window)
    if shape is None or padding not in ("same", "valid"):
        return None
    if any(each != 1 for each in dilations):
        return None
    rest = _output_padding(lifter, window, shape[:-2], strides, padding)
    if rest is None:
        return Unknown(name, view.op(name), "has an output of a size that is not known")
    keywords = {
        "strides": _spatial.unless(strides, 1),
        "padding": None if padding == "valid" else padding,
        "output_padding": _spatial.same_or_tuple(rest) if rest else None,
    }
    weight = _weight(lifter, window)
    if weight is None:
        return _operation(node, lifter, window, tensor, shape[:-2], padding)
    return lifter.layer(
        node,
        f"keras.layers.Conv{len(shape) - 2}DTranspose",
        tensor,
        [shape[-2], _spatial.same_or_tuple(shape[:-2])],
        {**keywords, "use_bias": False},
        {"kernel": convolution.origin(weight, shape)},
        shape=window.shape(view.shape(node.name)),
    )


def _kernel_shape(lifter: Lifter, window: Window) -> tuple[int, ...] | None:
    shape = lifter.view.shape(window.node.input[1])
    if shape is None or None in shape:
        return None
    return (*window.own(shape[:-2]), *shape[-2:])


def _weight(lifter: Lifter, window: Window) -> Weight | None:
    """Returns the variable of a kernel, also of one to which TF1 adds an axis."""
    name = lifter.view.inputs(window.node.name)[1]
    weight = lifter.weight(name)
    added = lifter.view.behind(name)
    if weight is None and window.unused is not None and lifter.view.op(added) == "ExpandDims":
        inner, axis = lifter.view.inputs(added)
        weight = lifter.weight(inner) if lifter.scalar(axis) == window.unused else None
    return weight


def _output_padding(
    lifter: Lifter,
    window: Window,
    kernel: tuple[int, ...],
    strides: tuple[int, ...],
    padding: str,
) -> tuple[int, ...] | tuple[()] | None:
    """Returns the argument `output_padding` that gives TF1's size, () for Keras' default.

    TF1 is told the size of the output; Keras computes it.

    Returns:
        None where the size follows no such rule.
    """
    sizes = _sizes(lifter, window)
    if sizes is None:
        return None
    found = set()
    for before, after in sizes:
        rest, default = [], []
        for k, stride in enumerate(strides):
            # Keras: (n - 1) stride + kernel - 2 edge + output_padding
            edge = kernel[k] // 2 if padding == "same" else 0
            least = (before[k] - 1) * stride + kernel[k] - 2 * edge
            usual = before[k] * stride
            if padding == "valid":
                usual += max(kernel[k] - stride, 0)
            rest.append(after[k] - least)
            default.append(after[k] == usual)
        fits = all(0 <= each < stride for each, stride in zip(rest, strides, strict=True))
        found.add(() if all(default) else tuple(rest) if fits else None)
    return found.pop() if len(found) == 1 else None


def _sizes(lifter: Lifter, window: Window) -> list[tuple[tuple[int, ...], tuple[int, ...]]] | None:
    """Returns the sizes of the spatial axes before and after, for some inputs."""
    view, node = lifter.view, window.node
    taken = view.inputs(node.name)[2]
    before, after = view.shape(taken), view.shape(node.name)
    if before is None or len(before) not in (4, 5):
        return None
    spatial = window.spatial(before)
    known = window.spatial(after) if after is not None else (None,)
    if None not in (*spatial, *known):
        return [(spatial, known)]
    found = []
    for size in (4, 7):  # the size depends on that of the input: try some
        shape = [size if each is None else each for each in before]
        rows = np.zeros(shape, view.dtype(taken))
        given = {taken: rows}
        if view.op(taken) == "Transpose":  # the size may be that of the tensor before
            first, order = view.inputs(taken)
            axes = lifter.constant(order)
            if axes is not None:
                given = {first: np.transpose(rows, np.argsort(axes))}
        values = view.evaluated(view.inputs(node.name)[:1], given)
        if values is None:  # the number of rows comes from elsewhere
            return None
        result = values[0]
        if result.size == len(before) - 2:
            return None
        found.append(
            (window.spatial(shape), tuple(int(e) for e in window.spatial(result.tolist())))
        )
    return found


def _operation(
    node: Any,
    lifter: Lifter,
    window: Window,
    tensor: Tensor,
    kernel_size: tuple[int, ...],
    padding: str,
) -> Value | None:
    """Returns a transposed convolution by a kernel that no layer of its own can have.

    `keras.ops.conv_transpose` of Keras 3.15 raises an error in a functional model.
    """
    kernel, sizes = lifter.argument(window.node.input[1]), _sizes(lifter, window)
    strides = window.spatial(lifter.view.attribute(window.node.name, "strides"))
    known = tensor.shape is not None and None not in tensor.shape[1:-1]
    if kernel is None or not sizes or len(sizes) != 1 or not known:
        return None
    if window.unused is not None:
        return None
    ends = []
    for k, (before, after) in enumerate(zip(*sizes[0], strict=True)):
        size, spread = kernel_size[k], (before - 1) * strides[k] + 1
        zeros = max(spread - 1 + size - after, 0) if padding == "same" else 0
        first = size - 1 - zeros // 2
        ends.append((first, after + size - 1 - first - spread))
    if any(each < 0 for pair in ends for each in pair):
        return None
    return lifter.derived(
        node,
        "transposed_convolution",
        tensor,
        kernel,
        shape=window.shape(lifter.view.shape(node.name)),
        strides=strides,
        padding=tuple(ends),
    )


PATTERNS = (
    Pattern("transposed convolution", OPS, transposed, "keras.layers.Conv2DTranspose(…)"),
    Pattern(
        "transposed convolution of one dimension",
        ("Squeeze",),
        of_one_dimension,
        "keras.layers.Conv1DTranspose(…)",
        order=20,
    ),
)
